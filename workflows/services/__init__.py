"""Every write about workflows; a public function is one use case."""

from .pipelines import change_pipeline, create_pipeline, delete_pipeline, find_pipeline
from .runs import Moved, advance_run, cancel_run, start_run
from .templates import change_template, create_template, delete_template, find_template

__all__ = [
    "Moved",
    "advance_run",
    "cancel_run",
    "change_pipeline",
    "change_template",
    "create_pipeline",
    "create_template",
    "delete_pipeline",
    "delete_template",
    "find_pipeline",
    "find_template",
    "start_run",
]
