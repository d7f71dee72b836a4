"""A custom engine for fault tests: seasonal-naive that logs each fit and waits for its release.

Loaded with ``STORECAST_ENGINE=tests.faults.engine:counted``.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.ports import FittedSeries
from forecasting.engines.seasonal_naive import SeasonalNaive
from tests.browser.engine import VARIABLE, Gate, Waiting

ENGINE = "tests.faults.engine:counted"


@dataclass(frozen=True, slots=True)
class Counted:
    """Seasonal-naive behind a gate; a file has the series it was asked to fit, one per line."""

    gate: Gate
    name: str = "counted"

    def fit(self, past: SeriesDays) -> FittedSeries:
        """Log the series' mean demand, wait for the release, then fit."""
        with series_log(self.gate).open("a") as log:
            log.write(f"{past.y[past.is_open].mean():.0f}\n")
        Waiting(self.gate).fit(past)
        return SeasonalNaive().fit(past)


def series_log(gate: Gate) -> Path:
    """The log of fits."""
    return gate.file.with_name("series.log")


def counted() -> Counted:
    """The engine, with the gate that the environment names."""
    return Counted(Gate(Path(os.environ[VARIABLE])))
