"""Pick at most three alerts that a planner should see before reading a forecast."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from forecasting.core import wording
from forecasting.core.day_arrays import SeriesDays, SeriesForecast, day_of
from forecasting.planning.recent_outcomes import (
    RECENT_DAYS,
    RECENT_MISSES,
    Outcome,
    RecentOutcomes,
)
from forecasting.planning.unusual_demand import unusual_days

MOST = 3
"""Most alerts shown: a longer list would not be read."""

MOST_UNUSUAL = 2
"""Most unusual days among them."""

CLOSURE_DAYS = 15
"""Days ahead in which a closure is announced: today and the two weeks after it."""


class AlertKind(StrEnum):
    """What an alert is about."""

    MISSES = "misses"
    UNUSUAL = "unusual"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert.

    Attributes
    ----------
    when
        The day or days it is about, short: ``Sat 20 Apr``, ``Last 7 days``.
    text
        A sentence without a full stop.
    """

    kind: AlertKind
    when: str
    text: str


def alerts(
    past: SeriesDays, future: SeriesDays, forecast: SeriesForecast, record: RecentOutcomes
) -> list[Alert]:
    """Pick the alerts of a series, most urgent first.

    Parameters
    ----------
    past
        The last weeks of the history.
    future
        The days from the business date on.
    forecast
        The forecast of the days of `future`.
    record
        Outcomes of the last days.
    """
    found = [*_misses(record), *_unusual(past, future, forecast), *_closures(future)]
    return found[:MOST]


def _misses(record: RecentOutcomes) -> Iterator[Alert]:
    """Alert when most recent days missed the range on the same side: the level may have changed."""
    sides = {Outcome.ABOVE: "more than high", Outcome.BELOW: "less than low"}
    for side, text in sides.items():
        missed = record.recent_count(side)
        if missed >= RECENT_MISSES and missed > record.recent_count(Outcome.INSIDE):
            yield Alert(AlertKind.MISSES, f"Last {RECENT_DAYS} days", f"sold {text} on {missed} of them")


def _unusual(past: SeriesDays, future: SeriesDays, forecast: SeriesForecast) -> Iterator[Alert]:
    for each in unusual_days(past, future, forecast)[:MOST_UNUSUAL]:
        yield Alert(AlertKind.UNUSUAL, wording.day(day_of(each.day)), each.difference)


def _closures(future: SeriesDays) -> Iterator[Alert]:
    """Alert on days closed for a holiday; the weekly closing day is not news."""
    near = future[:CLOSURE_DAYS]
    for day, is_open, holiday in zip(
        near.days.tolist(), near.is_open.tolist(), near.holiday.tolist(), strict=True
    ):
        if not is_open and holiday:
            yield Alert(AlertKind.CLOSED, wording.day(day_of(day)), f"closed: {future.kinds[holiday]}")
