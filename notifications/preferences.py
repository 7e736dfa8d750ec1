"""How people hear of things outside of the dashboard: what is set up, what each of them chose, who operates."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.apps import apps
from django.conf import settings
from django.db import transaction

from accounts.models import User
from activity.audit import record_audit
from core.actors import Actor

from .models import Notification, Preference

Channel = Notification.Channel
DASHBOARD = Channel.HEARTBEAT
# Whom alert rules tell that name nobody: outside of the dashboard, that is the operator.
NOBODY = "system"


def is_set_up(channel: str) -> bool:
    """Whether this deployment can send by it at all."""
    if channel == Channel.TELEGRAM:
        return bool(settings.TELEGRAM_BOT_TOKEN)
    if channel == Channel.SLACK:
        return bool(settings.SLACK_WEBHOOK_URL)
    return channel == Channel.EMAIL and bool(settings.EMAIL_URL)


def any_is_set_up() -> bool:
    return any(map(is_set_up, (Channel.TELEGRAM, Channel.SLACK, Channel.EMAIL)))


def operator_of(workspace_id: int) -> User | None:
    """The person who is configured, or else the first administrator."""
    people = User.objects.filter(workspace_id=workspace_id)
    named = people.filter(username=settings.OPERATOR_USER).first() if settings.OPERATOR_USER else None
    return named or people.filter(role="admin").order_by("id").first()


def address_of(user: User, preference: Preference | None, channel: str) -> str:
    """Where a channel leads for a person; empty: nowhere. Slack's is the one address of the deployment."""
    chosen = preference.address if preference and preference.channel == channel else ""
    if channel == Channel.TELEGRAM:
        return chosen or settings.TELEGRAM_CHAT_ID
    if channel == Channel.EMAIL:
        return chosen or user.email or ""
    return "incoming webhook" if channel == Channel.SLACK else ""


def channel_of(user: User, preference: Preference | None, *, operates: bool) -> str:
    """What they chose, as far as it leads somewhere; the operator's is Telegram where nothing was chosen."""
    wanted = preference.channel if preference else ""
    if not wanted:
        wanted = Channel.TELEGRAM if operates else DASHBOARD
    return wanted if is_set_up(wanted) and address_of(user, preference, wanted) else DASHBOARD


def channels_of(names: Collection[str], *, people: Iterable[str], workspace_id: int) -> dict[str, str]:
    """The channels of those who are told by one. Of a name that an agent and a person share, the agent is meant,
    except of those in `people`."""
    if not any_is_set_up():
        return {}
    users = {user.username: user for user in people_of(workspace_id, names)}
    # Agents stand above this app.
    agents = apps.get_model("agents", "Agent").objects.filter(workspace_id=workspace_id, name__in=list(users))
    for name in set(agents.values_list("name", flat=True)) - set(people):
        del users[name]
    if not users and NOBODY not in names:
        return {}
    operator = operator_of(workspace_id)
    if operator is not None and NOBODY in names:
        users.setdefault(NOBODY, operator)
    chosen = preferences_of(users.values())
    return {
        name: channel_of(user, chosen.get(user.pk), operates=operator is not None and user.pk == operator.pk)
        for name, user in users.items()
    }


def people_of(workspace_id: int, names: Iterable[str]) -> list[User]:
    return list(User.objects.filter(workspace_id=workspace_id, username__in=set(names), is_active=True))


def preferences_of(users: Iterable[User]) -> dict[int, Preference]:
    return {row.user_id: row for row in Preference.objects.filter(user__in=[user.pk for user in users])}


@transaction.atomic
def prefer(*, user: User, channel: str, address: str, actor: Actor, now: datetime) -> Preference:
    """Set how a person hears of things; counts from the next notification on."""
    preference, _ = Preference.objects.update_or_create(user=user, defaults={"channel": channel, "address": address})
    detail = {"channel": channel or "automatic"}
    record_audit("notification_channel_set", actor=actor, at=now, target=("user", user.pk), detail=detail)
    return preference
