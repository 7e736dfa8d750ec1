"""What `/api/chat/*` and `/api/agents/comms` take and give, as JSON Schema."""

from __future__ import annotations

from api.schemas import FLAG, FREE, TEXT, WHOLE, Schema, each, has, many, maybe

from .answers import PAGED

MESSAGE = has(
    id=WHOLE,
    conversation_id=TEXT,
    from_agent=TEXT,
    to_agent=maybe(TEXT),
    content=TEXT,
    message_type=TEXT,
    metadata=maybe(FREE),
    read_at=maybe(WHOLE),
    created_at=WHOLE,
    workspace_id=WHOLE,
)
CONVERSATION = has(
    conversation_id=TEXT,
    last_message_at=WHOLE,
    message_count=WHOLE,
    participant_count=WHOLE,
    unread_count=WHOLE,
    last_message={"anyOf": [MESSAGE, {"type": "null"}]},
)
FORWARD = has("reason", "session", attempted=FLAG, delivered=FLAG, reason=TEXT, session=TEXT)
CONVERSATIONS = has(conversations=many(CONVERSATION), **PAGED)
OPENED = has(conversation=CONVERSATION)
MESSAGES = has(messages=many(MESSAGE), **PAGED)
SAID = has(message=MESSAGE, forward={"anyOf": [FORWARD, {"type": "null"}]})
ONE_MESSAGE = has(message=MESSAGE)
PREFERENCE = has("name", "color", name=TEXT, color=TEXT)
PREFERENCES = has(prefs=each(PREFERENCE))
PREFERRED = has(ok=FLAG, pref={"anyOf": [PREFERENCE, {"type": "null"}]})
EDGE = has(from_agent=TEXT, to_agent=TEXT, message_count=WHOLE, last_message_at=WHOLE)
STATS = has(agent=TEXT, sent=WHOLE, received=WHOLE)
COMMS = has(
    messages=many(MESSAGE),
    total=WHOLE,
    graph=has(edges=many(EDGE), agentStats=many(STATS)),
    source=has(mode=TEXT, seededCount=WHOLE, liveCount=WHOLE),
)

ATTACHMENT = has("name", "type", name=TEXT, type=TEXT, dataUrl=TEXT)
SAY: Schema = has(
    "to", "conversation_id", "message_type", "metadata", "forward", "sessionKey", "attachments", "from",
    content=TEXT, to=maybe(TEXT), conversation_id=TEXT, message_type=TEXT, metadata=FREE, forward=FLAG,
    sessionKey=TEXT, attachments=many(ATTACHMENT), **{"from": TEXT},
)  # fmt: skip
SAY_TO_AGENT: Schema = has(
    "conversation_id", "message_type", "metadata", "from",
    to=TEXT, content=TEXT, conversation_id=TEXT, message_type=TEXT, metadata=FREE, **{"from": TEXT},
)  # fmt: skip
OPEN = has("conversation_id", "name", conversation_id=TEXT, name=TEXT)
READ = has(read=FLAG)
PREFER = has("name", "color", key=TEXT, name=maybe(TEXT), color=maybe(TEXT))
