"""The work: tasks, what is said about them, and how they moved.

Foreign keys whose column leads another index have none of their own: each index is paid for by every write.
"""

from .books import Tally, Transition
from .brief import USUAL_REVIEW_CYCLES, Assignment, Brief, Document
from .talk import Comment, Mention, Review, Subscription
from .task import (
    COLUMN_OF,
    PRIORITIES,
    SNAPSHOT_COLUMNS,
    STATUS_OF_COLUMN,
    Task,
    TaskQuerySet,
)

__all__ = [
    "COLUMN_OF",
    "PRIORITIES",
    "SNAPSHOT_COLUMNS",
    "STATUS_OF_COLUMN",
    "USUAL_REVIEW_CYCLES",
    "Assignment",
    "Brief",
    "Comment",
    "Document",
    "Mention",
    "Review",
    "Subscription",
    "Tally",
    "Task",
    "TaskQuerySet",
    "Transition",
]
