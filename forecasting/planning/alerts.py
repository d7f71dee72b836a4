"""At most three things a planner should know before reading a forecast (pure)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from forecasting.core import wording
from forecasting.core.day_arrays import SeriesDays, SeriesForecast, day_of
from forecasting.planning.recent_outcomes import LATELY, TELLING, Outcome, RecentOutcomes
from forecasting.planning.unusual_demand import unusual_days

MOST = 3
"""More alerts than that are none."""

MOST_UNUSUAL = 2

AHEAD = 15
"""Days within which a closure is news: today and two weeks."""


class AlertKind(StrEnum):
    """What an alert is about."""

    MISSES = "misses"
    UNUSUAL = "unusual"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Alert:
    """One of them.

    Attributes
    ----------
    when
        The day it is about, or the days; short, such as ``Sat 20 Apr``.
    text
        A sentence without a full stop.
    """

    kind: AlertKind
    when: str
    text: str


def alerts(
    past: SeriesDays, future: SeriesDays, forecast: SeriesForecast, record: RecentOutcomes
) -> list[Alert]:
    """What is worth knowing, the most urgent first.

    Parameters
    ----------
    past
        The last weeks of the history.
    future, forecast
        The same days, from the business date on.
    record
        How the last days came out.
    """
    found = [*_misses(record), *_unusual(past, future, forecast), *_closures(future)]
    return found[:MOST]


def _misses(record: RecentOutcomes) -> Iterator[Alert]:
    """Misses of the last days on one side: the level may have moved."""
    sides = {Outcome.ABOVE: "more than high", Outcome.BELOW: "less than low"}
    for side, text in sides.items():
        missed = record.lately(side)
        if missed >= TELLING and missed > record.lately(Outcome.INSIDE):
            yield Alert(AlertKind.MISSES, f"Last {LATELY} days", f"sold {text} on {missed} of them")


def _unusual(past: SeriesDays, future: SeriesDays, forecast: SeriesForecast) -> Iterator[Alert]:
    for each in unusual_days(past, future, forecast)[:MOST_UNUSUAL]:
        yield Alert(AlertKind.UNUSUAL, wording.day(day_of(each.day)), str(each))


def _closures(future: SeriesDays) -> Iterator[Alert]:
    """Days that are closed because of a holiday; the usual closing day is no news."""
    near = future[:AHEAD]
    for day, is_open, holiday in zip(
        near.days.tolist(), near.is_open.tolist(), near.holiday.tolist(), strict=True
    ):
        if not is_open and holiday:
            yield Alert(AlertKind.CLOSED, wording.day(day_of(day)), f"closed: {future.kinds[holiday]}")
