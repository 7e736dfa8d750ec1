"""Messages to a mailbox, by Django's mail backend."""

from __future__ import annotations

import asyncio
from email.utils import parseaddr
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException, SMTPServerDisconnected

from django.conf import settings
from django.core.mail import EmailMessage

from .message import Message, Outcome, scrubbed

# For the whole conversation; each step of it has the time that `EMAIL_TIMEOUT` says.
TIMEOUT = 60


async def send(message: Message) -> Outcome:
    try:
        async with asyncio.timeout(TIMEOUT):
            return await asyncio.to_thread(_send, message)
    except TimeoutError:
        return Outcome(f"Timeout ({TIMEOUT}s)", passing=True)


def _send(message: Message) -> Outcome:
    _, _, host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")
    # The same for every attempt, so that mailboxes may drop what they have.
    id = f"<notification-{message.id}@{host or 'localhost'}>"
    letter = EmailMessage(
        subject=" ".join(f"[Mission Control] {message.title}".split()),
        body=message.body.strip() or message.title,
        to=[message.address],
        headers={"Message-ID": id, "Auto-Submitted": "auto-generated"},
    )
    try:
        letter.send()
    except SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        return _refused(code, words)
    except SMTPResponseException as error:
        return _refused(error.smtp_code, error.smtp_error)
    except TimeoutError:
        return Outcome(f"Timeout ({settings.EMAIL_TIMEOUT}s)", passing=True)
    except (SMTPServerDisconnected, OSError) as error:
        # SMTPException is an OSError too: what is none of the above will not mend itself.
        passing = isinstance(error, SMTPServerDisconnected) or not isinstance(error, SMTPException)
        return Outcome(f"Network error: {type(error).__name__}", passing=passing)
    return Outcome(external_id=id)


def _refused(code: int, words: bytes | str) -> Outcome:
    """SMTP's codes from 400 to 499 are those that pass."""
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return Outcome(scrubbed(f"SMTP {code}: {said}"), passing=400 <= code < 500)
