"""Find the days and weeks ahead whose demand is unusual, by how much, and why."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forecasting.core import wording
from forecasting.core.day_arrays import SeriesDays, SeriesForecast, day_of

WEEK = 7

NO_CAUSE = "no reason in plan or calendar"

TYPICAL_WEEKS = 4
"""A typical day is the median of this many last open days of its weekday, so that one odd day does not make
the others look odd."""

DAY_SHARE, DAY_WIDTHS = 0.25, 1.0
"""A day is unusual if it differs from a typical one by this share, and by this many half-widths of its
range."""

WEEK_SHARE, WEEK_WIDTHS = 0.2, 0.5
"""The same for a week. Its half-width is the sum over its days, which overstates the uncertainty of a sum."""


@dataclass(frozen=True, slots=True)
class UnusualDay:
    """A day ahead whose expected demand is unusual.

    Attributes
    ----------
    day
        Days since 1970-01-01.
    typical, expected
        Demand of a typical day of the same weekday, and of this day; units.
    widths
        The difference, in half-widths of the day's range.
    cause
        What plan and calendar say about the day that may explain it, or ``""``.
    """

    day: int
    typical: float
    expected: float
    widths: float
    cause: str

    @property
    def share(self) -> float:
        """The difference as a share of a typical day: 0.25 is 25% more."""
        return self.expected / self.typical - 1

    @property
    def difference(self) -> str:
        """``+35% vs a typical Saturday: promotion``."""
        sign = "+" if self.share > 0 else "−"
        typical = f"vs a typical {day_of(self.day):%A}"
        return f"{sign}{100 * abs(self.share):.0f}% {typical}: {self.cause or NO_CAUSE}"

    def __str__(self) -> str:
        """``Sat 13 Apr +35% vs a typical Saturday: promotion``."""
        return f"{wording.day(day_of(self.day))} {self.difference}"


def typical_day(past: SeriesDays, weekday: int) -> float | None:
    """Demand of a typical day of a weekday (0 is Monday), in units; None if it has not been open lately."""
    sold = past.y[(past.weekday == weekday) & past.is_open][-TYPICAL_WEEKS:]
    return float(np.median(sold)) if sold.size and np.isfinite(sold).all() else None


def unusual_days(past: SeriesDays, future: SeriesDays, forecast: SeriesForecast) -> list[UnusualDay]:
    """The unusual days among the next seven, the most unusual first.

    Parameters
    ----------
    past
        The history, or its last weeks. Its last day counts as a neighbour of the first day ahead.
    future
        The days ahead.
    forecast
        The forecast of the days of `future`.
    """
    return sorted(_unusual(past, future, forecast), key=lambda each: -each.widths)


def unusual_week(next7: float | None, last7: float | None, spread7: float | None) -> bool:
    """Whether a week differs from the one before by more than chance is likely to explain.

    Parameters
    ----------
    next7, last7, spread7
        As in `domain.SeriesSummary`. Without a spread, only the share counts.
    """
    if next7 is None or not last7:
        return False
    change = abs(next7 - last7)
    return round(change / last7, 6) >= WEEK_SHARE and (spread7 is None or change >= WEEK_WIDTHS * spread7)


def _unusual(past: SeriesDays, future: SeriesDays, forecast: SeriesForecast) -> Iterator[UnusualDay]:
    for at in range(min(WEEK, len(future))):
        typical = typical_day(past, int(future.weekday[at]))
        if not future.is_open[at] or not typical:
            continue
        expected, half = float(forecast.mean[at]), float(forecast.q90[at] - forecast.q10[at]) / 2
        change = abs(expected - typical)
        if change >= DAY_SHARE * typical and change >= DAY_WIDTHS * half and change > 0:
            widths = change / max(half, 1e-9)
            yield UnusualDay(int(future.days[at]), typical, expected, widths, _cause(past, future, at))


def _cause(past: SeriesDays, future: SeriesDays, at: int) -> str:
    """What plan and calendar say about a day that is not true of its typical days."""
    weekday = (past.weekday == future.weekday[at]) & past.is_open
    causes = [future.kinds[int(future.holiday[at])]]
    promoted = past.promo[weekday][-TYPICAL_WEEKS:]
    if future.promo[at] and not promoted.all():
        causes.append("promotion")
    elif not future.promo[at] and promoted.any():
        causes.append("no promotion")
    if future.school_holiday[at] and not past.school_holiday[weekday][-TYPICAL_WEEKS:].any():
        causes.append("school holiday")
    causes += _neighbours(past, future, at)
    return ", ".join(filter(None, causes))


def _neighbours(past: SeriesDays, future: SeriesDays, at: int) -> Iterator[str]:
    """Holidays on the days beside a day. The day before the first day ahead lies in the history."""
    day = int(future.days[at])
    for neighbour, words in ((day + 1, "the day before"), (day - 1, "the day after")):
        holiday = _holiday_on(future, neighbour) or _holiday_on(past, neighbour)
        if holiday:
            yield f"{words} {holiday}"


def _holiday_on(days: SeriesDays, day: int) -> str:
    """Name of the holiday on a day, ``""`` for none and for a day that is not among `days`."""
    at = int(np.searchsorted(days.days, day))
    return days.kinds[int(days.holiday[at])] if at < len(days) and days.days[at] == day else ""
