"""Messages to a Telegram chat, by the bot of this deployment."""

from __future__ import annotations

from html import escape

from django.conf import settings

from notifications.words import EMOJI

from .calling import Answer, post
from .message import Message, Outcome, cut

# The API takes 4096 characters; escaped ones count once.
LONGEST_TITLE, LONGEST_BODY = 200, 3800
SILENT = "DIGEST"


def text_of(message: Message) -> str:
    title = f"{EMOJI[message.type]} <b>{escape(cut(message.title, LONGEST_TITLE), quote=False)}</b>"
    body = escape(cut(message.body.strip(), LONGEST_BODY), quote=False)
    return f"{title}\n\n{body}" if body else title


async def send(message: Message) -> Outcome:
    url = f"{settings.TELEGRAM_API_URL}/bot{settings.TELEGRAM_BOT_TOKEN}/sendMessage"
    content = {
        "chat_id": message.address,
        "text": text_of(message),
        "parse_mode": "HTML",
        "disable_notification": message.type == SILENT,
        "link_preview_options": {"is_disabled": True},
    }
    answer = await post(url, content)
    return _outcome(answer) if isinstance(answer, Answer) else answer


def _outcome(answer: Answer) -> Outcome:
    said = answer.content
    if 200 <= answer.status < 300 and said.get("ok") is True:
        result = said.get("result")
        id = result.get("message_id") if isinstance(result, dict) else None
        return Outcome(external_id=str(id)[:200] if isinstance(id, int | str) else None)
    parameters = said.get("parameters")
    wanted = parameters.get("retry_after") if isinstance(parameters, dict) else None
    if isinstance(wanted, int) and not answer.retry_after:
        answer = Answer(answer.status, answer.body, str(wanted))
    words = said.get("description")
    return answer.failure(words if isinstance(words, str) else "")
