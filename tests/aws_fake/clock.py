"""Virtual time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

START = datetime(2019, 4, 3, 4, 30, tzinfo=UTC)


class VirtualClock:
    """Stands still until it is turned.

    Attributes
    ----------
    due
        Called after every turn.
    """

    def __init__(self, now: datetime = START) -> None:
        self.instant = now
        self.due: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        """Return the current time (aware, UTC)."""
        return self.instant

    def turn(self, by: timedelta) -> None:
        """Advance the clock."""
        self.instant += by
        self.due()


class RunningClock:
    """The clock of the machine, which real processes share; it can be turned forward."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        """Return the current time (aware, UTC)."""
        return datetime.now(UTC) + self.ahead

    def turn(self, by: timedelta) -> None:
        """Advance the clock."""
        self.ahead += by
