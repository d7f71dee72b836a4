"""Mornings up to the one the sample ends on, as the time of a process: pictures then always say the same.

``python -m docs.sample_morning DATE ...`` runs the command line at 04:30 of that day.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime

from forecasting.cli.main import main
from forecasting.config.clock import SystemClock
from forecasting.storage.sqlite import SqliteFile

OPENED = datetime(2019, 4, 3, 7, 31, tzinfo=UTC)


def tell(now: Callable[[], datetime]) -> None:
    """Let this process, and its database, believe that it is then."""
    SystemClock.now = lambda _clock: now()  # type: ignore[method-assign]
    SqliteFile.now = lambda _file, _connection: now()  # type: ignore[method-assign]


if __name__ == "__main__":
    morning = datetime.fromisoformat(f"{sys.argv[1]}T04:30+00:00")
    ahead = SystemClock().now() - morning
    real = SystemClock.now
    tell(lambda: real(SystemClock()) - ahead)
    sys.exit(main(sys.argv[2:]))
