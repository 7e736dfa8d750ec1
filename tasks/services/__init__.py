"""Every write about tasks; a public function is one use case."""

from .broadcasting import Broadcast, broadcast
from .claiming import Claim, claim_next
from .commenting import add_comment
from .creating import create_task
from .deleting import delete_task
from .dissolving import delete_project
from .finding import find_task
from .moving import move_task, set_statuses
from .placing import place_between
from .reviewing import approve_task, review_task
from .updating import Move, update_task

__all__ = [
    "Broadcast",
    "Claim",
    "Move",
    "add_comment",
    "approve_task",
    "broadcast",
    "claim_next",
    "create_task",
    "delete_project",
    "delete_task",
    "find_task",
    "move_task",
    "place_between",
    "review_task",
    "set_statuses",
    "update_task",
]
