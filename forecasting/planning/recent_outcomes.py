"""Compare the last days' sales with the forecasts of the day before: inside the range or not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from forecasting.core.domain import TrackRow

DAYS = 28
"""Days that are judged, up to the newest day with sales."""

PROMISED_SHARE = 0.8
"""Share of days that the likely range promises to contain."""

LEAD = 1
"""Days ahead of the forecasts that are judged: those made for the next day."""

RECENT_DAYS, RECENT_MISSES = 7, 2
"""Days in which misses on one side are news, and the fewest such misses."""


class Outcome(StrEnum):
    """Where a day's sales lay relative to the forecast range."""

    INSIDE = "inside"
    ABOVE = "above"
    BELOW = "below"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DayOutcome:
    """The outcome of one past day.

    Attributes
    ----------
    sold, low, high
        Sales, q10 and q90 in units; None if there was no forecast on the day before.
    """

    ds: date
    outcome: Outcome
    sold: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class RecentOutcomes:
    """Outcomes of the last days of a series, oldest first."""

    days: tuple[DayOutcome, ...]

    @property
    def judged(self) -> int:
        """Number of open days that had a forecast."""
        return sum(day.outcome in (Outcome.INSIDE, Outcome.ABOVE, Outcome.BELOW) for day in self.days)

    @property
    def inside(self) -> int:
        """Number of judged days whose sales lay inside the range."""
        return sum(day.outcome is Outcome.INSIDE for day in self.days)

    @property
    def expected(self) -> int:
        """Number of judged days that the range promises to contain."""
        return round(PROMISED_SHARE * self.judged)

    def recent_count(self, outcome: Outcome) -> int:
        """Number of the last `RECENT_DAYS` days with an outcome."""
        return sum(day.outcome is outcome for day in self.days[-RECENT_DAYS:])


def judge_recent_days(record: Iterable[TrackRow], last: date) -> RecentOutcomes:
    """Judge the last `DAYS` days of a series.

    Parameters
    ----------
    record
        Its track record; rows with another lead than `LEAD` are ignored.
    last
        The newest day with sales.
    """
    judged = {row.ds: _judge(row) for row in record if row.lead == LEAD}
    return RecentOutcomes(tuple(judged.get(ds, DayOutcome(ds, Outcome.UNKNOWN)) for ds in _days(last)))


def _days(last: date) -> Iterator[date]:
    return (last - timedelta(days=back) for back in reversed(range(DAYS)))


def _judge(row: TrackRow) -> DayOutcome:
    return DayOutcome(row.ds, _outcome(row), row.y, row.q10, row.q90)


def _outcome(row: TrackRow) -> Outcome:
    if not row.is_open:
        return Outcome.CLOSED
    if row.y > row.q90:
        return Outcome.ABOVE
    return Outcome.BELOW if row.y < row.q10 else Outcome.INSIDE
