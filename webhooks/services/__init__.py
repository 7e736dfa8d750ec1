"""Every write about webhooks and their deliveries."""

from .by_hand import find_delivery, ping, send_again
from .claiming import Claimed, Lane, Switch, claim
from .managing import create_webhook, delete_webhook, find_webhook, subscribe, update_webhook
from .queueing import Happening, queue, somebody_listens
from .replaying import Replayed, replay
from .retrying import retry_due
from .settling import settle

__all__ = [
    "Claimed",
    "Happening",
    "Lane",
    "Replayed",
    "Switch",
    "claim",
    "create_webhook",
    "delete_webhook",
    "find_delivery",
    "find_webhook",
    "ping",
    "queue",
    "replay",
    "retry_due",
    "send_again",
    "settle",
    "somebody_listens",
    "subscribe",
    "update_webhook",
]
