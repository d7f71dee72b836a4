"""The port for the wall clock."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The wall clock."""

    def now(self) -> datetime:
        """The current instant, as an aware datetime in UTC."""
        ...
