"""Passwords that everybody tries first."""

from __future__ import annotations

COMMON = {"admin", "password", "change-me-on-first-login", "changeme", "testpass123"}
