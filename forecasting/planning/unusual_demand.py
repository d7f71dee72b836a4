"""Which of the days to come differ from usual ones, by how much, and why: pure rules."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forecasting.core.day_arrays import SeriesDays, SeriesForecast, day_of

WEEK = 7

NO_CAUSE = "no reason in plan or calendar"

USUAL_WEEKS = 4
"""A usual day is the median of the last so many open days of its weekday: one odd day makes no other odd."""

DAY_SHARE, DAY_WIDTHS = 0.25, 1.0
"""A day is unusual that differs from a usual one by this share and by so many times half its likely range."""

WEEK_SHARE, WEEK_WIDTHS = 0.2, 0.5
"""The same for seven days, whose ranges are added up: an upper bound of their own."""


@dataclass(frozen=True, slots=True)
class UnusualDay:
    """A day that differs from a usual one.

    Attributes
    ----------
    day
        Days since 1970-01-01.
    usual, expected
        Demand.
    widths
        By how many times half its likely range it differs.
    cause
        What is known of it that may be why, in words, or ``""``.
    """

    day: int
    usual: float
    expected: float
    widths: float
    cause: str

    @property
    def share(self) -> float:
        """By what share of a usual day it differs."""
        return self.expected / self.usual - 1

    def __str__(self) -> str:
        sign = "+" if self.share > 0 else "−"
        named = f"{day_of(self.day):%A} {sign}{100 * abs(self.share):.0f}% against usual"
        return f"{named}: {self.cause or NO_CAUSE}"


def usual_day(past: SeriesDays, weekday: int) -> float | None:
    """What a usual day of a weekday sells; None where it was not open lately."""
    sold = past.y[(past.weekday == weekday) & past.is_open][-USUAL_WEEKS:]
    return float(np.median(sold)) if sold.size and np.isfinite(sold).all() else None


def unusual_days(past: SeriesDays, future: SeriesDays, forecast: SeriesForecast) -> list[UnusualDay]:
    """The unusual ones of the next seven days, the most unusual first.

    Parameters
    ----------
    past
        The history, or its last weeks.
    future, forecast
        The same days.
    """
    return sorted(_unusual(past, future, forecast), key=lambda each: -each.widths)


def unusual_week(next7: float | None, last7: float | None, spread7: float | None) -> bool:
    """Whether seven days differ from those before by more than chance may explain.

    Parameters
    ----------
    next7, last7, spread7
        As in `domain.SeriesSummary`; where the spread is not known the share decides alone.
    """
    if next7 is None or not last7:
        return False
    change = abs(next7 - last7)
    return round(change / last7, 6) >= WEEK_SHARE and (spread7 is None or change >= WEEK_WIDTHS * spread7)


def _unusual(past: SeriesDays, future: SeriesDays, forecast: SeriesForecast) -> Iterator[UnusualDay]:
    for at in range(min(WEEK, len(future))):
        usual = usual_day(past, int(future.weekday[at]))
        if not future.is_open[at] or not usual:
            continue
        expected, half = float(forecast.mean[at]), float(forecast.q90[at] - forecast.q10[at]) / 2
        change = abs(expected - usual)
        if change >= DAY_SHARE * usual and change >= DAY_WIDTHS * half and change > 0:
            yield UnusualDay(
                int(future.days[at]), usual, expected, change / max(half, 1e-9), _cause(past, future, at)
            )


def _cause(past: SeriesDays, future: SeriesDays, at: int) -> str:
    """What the plan and the calendar know of the day that its usual ones had not."""
    weekday = (past.weekday == future.weekday[at]) & past.is_open
    causes = [future.kinds[int(future.holiday[at])]]
    promoted = past.promo[weekday][-USUAL_WEEKS:]
    if future.promo[at] and not promoted.all():
        causes.append("promotion")
    elif not future.promo[at] and promoted.any():
        causes.append("no promotion")
    if future.school_holiday[at] and not past.school_holiday[weekday][-USUAL_WEEKS:].any():
        causes.append("school holiday")
    causes += _neighbours(future, at)
    return ", ".join(filter(None, causes))


def _neighbours(future: SeriesDays, at: int) -> Iterator[str]:
    """Holidays and closed days beside the day, if they are not the usual closing day."""
    for step, words in ((1, "the day before"), (-1, "the day after")):
        beside = at + step
        if 0 <= beside < len(future) and future.holiday[beside]:
            yield f"{words} {future.kinds[int(future.holiday[beside])]}"
