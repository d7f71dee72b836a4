"""Whether forecasts of a series held: what its last days sold, beside what was said the day before (pure)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from forecasting.core.domain import TrackRow

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
class DayOutcome:
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
class RecentOutcomes:
    """The last days of a series."""

    days: tuple[DayOutcome, ...]

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


def judge_recent_days(record: Iterable[TrackRow], last: date) -> RecentOutcomes:
    """Judge the last days of a series.

    Parameters
    ----------
    record
        Its track record; other leads than `LEAD` don't count.
    last
        The newest day with sales.
    """
    judged = {row.ds: _judged(row) for row in record if row.lead == LEAD}
    return RecentOutcomes(tuple(judged.get(ds, DayOutcome(ds, Outcome.UNKNOWN)) for ds in _days(last)))


def _days(last: date) -> Iterator[date]:
    return (last - timedelta(days=back) for back in reversed(range(DAYS)))


def _judged(row: TrackRow) -> DayOutcome:
    return DayOutcome(row.ds, _outcome(row), row.y, row.q10, row.q90)


def _outcome(row: TrackRow) -> Outcome:
    if not row.is_open:
        return Outcome.CLOSED
    if row.y > row.q90:
        return Outcome.ABOVE
    return Outcome.BELOW if row.y < row.q10 else Outcome.INSIDE
