"""Sessions as Django's own, but keyed by the SHA-256 of a 64-digit cookie."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from core.actors import system

from .credentials import digest
from .models import DEFAULT_WORKSPACE, Session
from .services import access_changed


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _get_new_session_key(self) -> str:
        return secrets.token_hex(32)

    def _get_session_from_db(self) -> Any:
        found = self.model.objects.filter(
            session_key=digest(self.session_key or ""), expire_date__gt=timezone.now()
        ).first()
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        return self.model.objects.filter(session_key=digest(session_key)).exists()

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        return Session(
            session_key=digest(self._get_or_create_session_key()),  # type: ignore[attr-defined]
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
            user_id=data.get("_auth_user_id"),
        )

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key and self.model.objects.filter(session_key=digest(key)).delete()[0]:
            access_changed(actor=system(DEFAULT_WORKSPACE), what="session", id=0)
