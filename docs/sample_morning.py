"""Run Storecast as of a morning in the past, so that screenshots always show the same.

``python -m docs.sample_morning DATE ...`` runs the command line as of 04:30 UTC of that day.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime

from forecasting.cli.main import main
from forecasting.config.clock import SystemClock
from forecasting.storage.sqlite import SqliteFile

OPENED = datetime(2019, 4, 3, 7, 31, tzinfo=UTC)


def set_clock(now: Callable[[], datetime]) -> None:
    """Replace the clock of this process and of its database."""
    SystemClock.now = lambda _clock: now()  # type: ignore[method-assign]
    SqliteFile.now = lambda _file, _connection: now()  # type: ignore[method-assign]


if __name__ == "__main__":
    morning = datetime.fromisoformat(f"{sys.argv[1]}T04:30+00:00")
    ahead = SystemClock().now() - morning
    real = SystemClock.now
    set_clock(lambda: real(SystemClock()) - ahead)
    sys.exit(main(sys.argv[2:]))
