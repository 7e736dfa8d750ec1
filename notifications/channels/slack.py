"""Messages to a Slack channel, by an incoming webhook."""

from __future__ import annotations

from django.conf import settings

from notifications.words import EMOJI

from .calling import Answer, post
from .message import Message, Outcome, cut

LONGEST_BODY = 3500


def text_of(message: Message) -> str:
    title = f"{EMOJI[message.type]} *{_escaped(' '.join(message.title.split()))}*"
    body = _escaped(cut(message.body.strip(), LONGEST_BODY))
    return f"{title}\n\n{body}" if body else title


def _escaped(text: str) -> str:
    """The three characters by which Slack knows links and mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


async def send(message: Message) -> Outcome:
    content = {"text": text_of(message), "unfurl_links": False, "unfurl_media": False}
    answer = await post(settings.SLACK_WEBHOOK_URL, content)
    if not isinstance(answer, Answer):
        return answer
    if 200 <= answer.status < 300:
        return Outcome()
    return answer.failure(answer.body.decode("utf-8", "replace"))
