from .contact import Contact
from .sessions import CountedMessage, LocalSession, SessionFile

__all__ = ["Contact", "CountedMessage", "LocalSession", "SessionFile"]
