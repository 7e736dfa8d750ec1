"""A hint to the sender of the same process that something waits. Lost hints cost it a second."""

from __future__ import annotations

import threading

wake = threading.Event()
