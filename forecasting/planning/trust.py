"""Whether forecasts of a series held: what its last days sold, beside what was said the day before (pure)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import pandas as pd

DAYS = 28
"""How far back is looked."""

PROMISE = 0.8
"""Share of days that the likely range promises to hold."""

LEAD = 1
"""Days ahead of the forecasts that are held against what came: those of the day before."""

LATELY, TELLING = 7, 2
"""Days within which misses on one side are news, and how many of them."""


class Outcome(StrEnum):
    """How a day came out."""

    INSIDE = "inside"
    ABOVE = "above"
    BELOW = "below"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TrustDay:
    """One day that has come.

    Attributes
    ----------
    sold, low, high
        None where nothing was forecast for it the day before.
    """

    ds: date
    outcome: Outcome
    sold: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """The last days of a series."""

    days: tuple[TrustDay, ...]

    @property
    def judged(self) -> int:
        """Open days for which there was a forecast."""
        return sum(day.outcome in (Outcome.INSIDE, Outcome.ABOVE, Outcome.BELOW) for day in self.days)

    @property
    def inside(self) -> int:
        """Those of them that came out within their likely range."""
        return sum(day.outcome is Outcome.INSIDE for day in self.days)

    @property
    def expected(self) -> int:
        """How many of them should have."""
        return round(PROMISE * self.judged)

    def lately(self, outcome: Outcome) -> int:
        """How many of the last days came out so."""
        return sum(day.outcome is outcome for day in self.days[-LATELY:])


def trust(record: pd.DataFrame, last: date) -> Trust:
    """Judge the last days of a series.

    Parameters
    ----------
    record
        ds, lead, y, q10, q90, is_open of its track record.
    last
        The newest day with sales.
    """
    rows = record[record["lead"] == LEAD].drop_duplicates("ds", keep="last")
    columns = (rows[name].tolist() for name in ("ds", "y", "q10", "q90", "is_open"))
    judged = {day.ds: day for day in map(_judged, *columns)}
    return Trust(tuple(judged.get(ds, TrustDay(ds, Outcome.UNKNOWN)) for ds in _days(last)))


def _days(last: date) -> Iterator[date]:
    return (last - timedelta(days=back) for back in reversed(range(DAYS)))


def _judged(ds: date, sold: float, low: float, high: float, is_open: bool) -> TrustDay:  # noqa: FBT001 – a row
    day = ds.date() if isinstance(ds, pd.Timestamp) else ds
    if not is_open:
        return TrustDay(day, Outcome.CLOSED, sold, low, high)
    if sold > high:
        return TrustDay(day, Outcome.ABOVE, sold, low, high)
    return TrustDay(day, Outcome.BELOW if sold < low else Outcome.INSIDE, sold, low, high)
