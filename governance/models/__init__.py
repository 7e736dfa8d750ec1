"""What watches over the fleet keeps."""

from .alerts import Alert

__all__ = ["Alert"]
