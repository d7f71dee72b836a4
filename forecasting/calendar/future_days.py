"""The days ahead of a series: from the plan, or by the store's habit where the plan lacks a day."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from forecasting.calendar.public_holidays import with_public_holidays
from forecasting.calendar.store_totals import total_of
from forecasting.core.day_arrays import BoolArray, SeriesDays, day_of
from forecasting.core.domain import ALL_ITEMS
from forecasting.core.wording import day_ranges

HABIT_WEEKS = 8
"""A weekday is assumed closed if the store was closed on it in all of this many last weeks."""

MOSTLY_OPEN = 0.5
"""A store that was open on less than this share of past holidays is assumed closed on future ones."""

LEAST_HABIT_DAYS = 14
"""In a history of at least this many days, a weekday without a single row counts as closed."""

StoreDays = Mapping[str, SeriesDays]
"""Sales or plan of one store, by item."""


class Future(NamedTuple):
    """The days ahead, and (h,) True for those that the plan lacks."""

    days: SeriesDays
    assumed: BoolArray


def usual_days(total: SeriesDays, horizon: int) -> SeriesDays:
    """The days after a history by habit: open on the weekdays open lately, no promotion and no holiday."""
    last = int(total.days[-1])
    recent = total[total.days > last - 7 * HABIT_WEEKS]
    seen = np.bincount(recent.weekday, minlength=7) > 0
    opened = np.bincount(recent.weekday, recent.is_open, 7) > 0
    unheard_of = last - int(recent.days[0]) < LEAST_HABIT_DAYS
    days = np.arange(last + 1, last + 1 + horizon)
    nothing = np.zeros(horizon, dtype=np.bool_)
    is_open = np.where(seen, opened, unheard_of)[(days + 3) % 7]
    return SeriesDays(days, np.full(horizon, np.nan), is_open, nothing, nothing, nothing.astype(np.int64))


def closed_on_holidays(habit: SeriesDays, total: SeriesDays) -> SeriesDays:
    """Close the holidays among the usual days if the store was closed on most holidays before."""
    before = total.is_open[total.holiday > 0]
    if not before.size or before.mean() >= MOSTLY_OPEN:
        return habit
    return replace(habit, is_open=habit.is_open & (habit.holiday == 0))


def future_days(item: str, plan: StoreDays, habit: SeriesDays) -> Future:
    """The days ahead of one item: from its own plan, else from the store's plan, else by habit."""
    days, known = habit, np.zeros(len(habit), dtype=np.bool_)
    for name in dict.fromkeys((ALL_ITEMS, item)):
        if name in plan:
            days, hit = days.overlay(plan[name])
            known |= hit
    return Future(days, ~known)


def total_future(items: Sequence[Future]) -> Future:
    """The days ahead of a store's total; a day is assumed if the plan lacks it for one item."""
    total = total_of([each.days for each in items])
    return Future(total, np.logical_or.reduce([each.assumed for each in items]))


def assumption_notes(future: Future, place: str = "") -> list[str]:
    """Return a sentence about the days that the plan lacks, or no sentence if it is complete."""
    if not future.assumed.any():
        return []
    days = [day_of(day) for day in future.days.days[future.assumed].tolist()]
    special = f"the public holidays of {place} and no promotions" if place else "no promotions or holidays"
    return [f"No plan for {day_ranges(days)}: assumed open on the usual weekdays, with {special}."]


def habit_days(total: SeriesDays, horizon: int, place: str) -> SeriesDays:
    """`usual_days`, with the public holidays of the place if one is configured."""
    habit = usual_days(total, horizon)
    return closed_on_holidays(with_public_holidays(habit, place), total) if place else habit
