"""Tables, one file per noun."""

from __future__ import annotations

from .job_record import JobRecord, JobRun
from .setting import Setting
from .standup import StandupReport

__all__ = ["JobRecord", "JobRun", "Setting", "StandupReport"]
