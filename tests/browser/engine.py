"""An operator's own engine for tests with real processes: seasonal-naive that waits for the test's release.

Loaded with ``STORECAST_ENGINE=tests.browser.engine:waiting``. `Gate` is the test's end of it, `waiting` the
worker's; they share the file that ``STORECAST_TEST_GATE`` names, and a log of fits beside it.
"""

import math
import os
import threading
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.errors import FitFailed
from forecasting.core.ports import FittedSeries
from forecasting.engines.seasonal_naive import SeasonalNaive

VARIABLE = "STORECAST_TEST_GATE"
ENGINE = "tests.browser.engine:waiting"
FIRST = "first "
PATIENCE = 60.0
TICK = 0.02


@dataclass(frozen=True, slots=True)
class Gate:
    """Holds fits as long as its file exists: those of series that sell less a day than the number in it.

    Or all of them but the first, where the file says how many may pass.
    """

    file: Path

    @property
    def _log(self) -> Path:
        return self.file.with_name("fits.log")

    def hold(self, below: float = math.inf) -> None:
        """Let fits of series that sell less than `below` wait from now on, and count fits anew."""
        self._log.write_text("")
        self.file.write_text(str(below))

    def let_pass(self, fits: int) -> None:
        """Let so many fits go on, and every other one wait from now on; of one process only."""
        self._log.write_text("")
        self.file.write_text(f"{FIRST}{fits}")

    def release(self) -> None:
        """Let every fit go on."""
        self.file.unlink(missing_ok=True)

    def holds(self, demand: float) -> bool:
        """Whether a series with this mean demand has to wait."""
        try:
            rule = self.file.read_text()
        except FileNotFoundError:
            return False
        if rule.startswith(FIRST):
            return len(self.fits()) > int(rule.removeprefix(FIRST))
        return demand < float(rule or math.inf)

    def record(self, cutoff: date) -> None:
        """Write down that a fit of a history up to `cutoff` has begun."""
        with self._log.open("a") as log:
            log.write(f"{cutoff.isoformat()}\n")

    def fits(self) -> list[str]:
        """The cutoffs of all fits begun since `hold`, as ISO dates."""
        return self._log.read_text().splitlines()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Seasonal-naive behind a gate."""

    gate: Gate
    name: str = "waiting"

    def fit(self, past: SeriesDays) -> FittedSeries:
        """Wait for the release, then fit.

        Raises
        ------
        FitFailed
            If the release does not come.
        """
        self.gate.record(past.last)
        demand = float(past.y[past.is_open].mean())
        deadline = time.monotonic() + PATIENCE
        pause = threading.Event()
        while self.gate.holds(demand):
            if time.monotonic() > deadline:
                raise FitFailed(f"waiting: expected a release within {PATIENCE:g} s, found none")
            pause.wait(TICK)
        return SeasonalNaive().fit(past)


def waiting() -> Waiting:
    """The engine, behind the gate the environment names."""
    return Waiting(Gate(Path(os.environ[VARIABLE])))
