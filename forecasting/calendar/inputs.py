"""From one store's sales and plan to what its engines see.

The future of a series is the plan's; where the plan is silent for a day the day is filled in by habit, marked
`assumed`, and the forecast says so in words.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from forecasting.calendar.public_holidays import place_of, with_public_holidays
from forecasting.calendar.standing_promotions import Attributes, standing_promotion
from forecasting.core import schema
from forecasting.core.day_arrays import BoolArray, SeriesDays, all_kinds, day_of
from forecasting.core.domain import ALL_ITEMS, HistoryFile, SeriesKey, natural_order
from forecasting.core.errors import UnknownSeries
from forecasting.core.wording import day_ranges

HABIT_WEEKS = 8
"""A weekday on which the store was closed for this many weeks in a row is assumed closed."""

MOSTLY_OPEN = 0.5
"""A store that was open on less than this share of holidays is assumed closed on those to come."""

LEAST_HABIT_DAYS = 14
"""From this length of history on, a weekday without a single row is one on which the store is closed."""

DISCONTINUED_AFTER_DAYS = 28
"""A product without a row for this many days up to the cutoff is not forecast."""


StoreDays = Mapping[str, SeriesDays]
"""Sales or plan of one store, by item."""


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What is known of a store besides its sales and its plan.

    Attributes
    ----------
    attributes
        From the file of stores (`ports.StoreAttributes`).
    place
        Whose public holidays it has, such as ``DE-BW``; ``""`` where the data names its own.
    """

    attributes: Attributes = field(default_factory=dict)
    place: str = ""

    @classmethod
    def of(cls, store: str, region: str, attributes: Attributes, places: Mapping[str, str]) -> Self:
        """Those of a store of a region.

        Parameters
        ----------
        places
            As in `settings.Settings.holidays`.
        """
        return cls(attributes, place_of(store, region, places))

    @property
    def digest(self) -> str:
        """What tells it from others, for hashes of what went in."""
        return json.dumps([sorted(self.attributes.items()), self.place])


@dataclass(frozen=True, slots=True)
class SeriesInputs:
    """What an engine may see of one series: its days up to the cutoff, and those to be forecast.

    Attributes
    ----------
    assumed
        (h,) days of the future the plan says nothing of.
    """

    key: SeriesKey
    past: SeriesDays
    future: SeriesDays
    assumed: BoolArray


class Future(NamedTuple):
    """Days to come, and which of them no plan speaks of."""

    days: SeriesDays
    assumed: BoolArray


@dataclass(frozen=True, slots=True)
class StoreInputs:
    """All series of a store at one cutoff, the total first.

    Attributes
    ----------
    assumptions
        Sentences for the planner: what was taken for granted, and what was left out.
    """

    store: str
    cutoff: date
    horizon: int
    assumptions: tuple[str, ...]
    series: tuple[SeriesInputs, ...]


def input_hash(
    sales_hash: str, plan_hash: str | None, horizon: int, facts: StoreFacts, chain_id: str = ""
) -> str:
    """SHA-256 over the hashes of the values that go into a store's forecast."""
    parts = [2, sales_hash, plan_hash or "", horizon, facts.digest, chain_id]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def all_facts(
    heads: Mapping[str, HistoryFile], attributes: Mapping[str, Attributes], places: Mapping[str, str]
) -> dict[str, StoreFacts]:
    """The facts of every store that has sales, by store.

    Parameters
    ----------
    heads
        Newest sales of each store.
    attributes, places
        As for `StoreFacts.of`, of all stores.
    """
    return {
        store: StoreFacts.of(store, head.region, attributes.get(store, {}), places)
        for store, head in heads.items()
    }


def chain_hash(heads: Mapping[str, HistoryFile], facts: Mapping[str, StoreFacts], horizon: int) -> str:
    """SHA-256 over what goes into the computation over all stores: their newest sales and their facts."""
    stores = sorted((store, head.content_hash, facts[store].digest) for store, head in heads.items())
    return hashlib.sha256(json.dumps([2, stores, horizon]).encode()).hexdigest()


def build_inputs(
    store: str, sales: StoreDays, plan: StoreDays, horizon: int, facts: StoreFacts | None = None
) -> StoreInputs:
    """Assemble every series of one store.

    Parameters
    ----------
    store
        The store.
    sales, plan
        Its sales and its plan, by item.
    horizon
        Days to forecast after the newest sales day.
    facts
        What else is known of the store.

    Raises
    ------
    UnknownSeries
        If there are no sales.
    """
    if not any(len(days) for days in sales.values()):
        raise UnknownSeries(f"store {store}: expected sales history, found none")
    known = facts or StoreFacts()
    pasts = build_pasts(sales, known)
    planned = {item: with_public_holidays(days, known.place) for item, days in plan.items()}
    cutoff = pasts[ALL_ITEMS].last
    habit = _habit(pasts[ALL_ITEMS], horizon, known.place)
    futures, notes = {}, []
    for item in sorted(pasts.keys() - {ALL_ITEMS}, key=natural_order):
        last = pasts[item].last
        if (cutoff - last).days >= DISCONTINUED_AFTER_DAYS:
            notes.append(f"Product {item} is left out: its last sales row is of {last:%-d %b %Y}.")
        else:
            futures[item] = future_days(item, planned, habit)
    total = total_future(list(futures.values())) if futures else future_days(ALL_ITEMS, planned, habit)
    notes[:0] = silent_days(total, known.place)
    series = tuple(
        SeriesInputs(SeriesKey(store, item), pasts[item], _with_flags(future.days, known), future.assumed)
        for item, future in {ALL_ITEMS: total, **futures}.items()
    )
    return StoreInputs(store, cutoff, horizon, tuple(notes), series)


def build_pasts(sales: StoreDays, facts: StoreFacts) -> dict[str, SeriesDays]:
    """The history of every series of one store, by item, the store's total among them.

    A total that was delivered is kept; otherwise it is the sum of the items.
    """
    pasts = {
        item: _with_flags(with_public_holidays(days, facts.place), facts) for item, days in sales.items()
    }
    if ALL_ITEMS not in pasts:
        pasts[ALL_ITEMS] = total_of(list(pasts.values()))
    return pasts


def expected_days(sales: StoreDays, plan: StoreDays, last: date, place: str = "") -> SeriesDays:
    """The days of a store's total after its newest sales, up to `last`, by plan or by habit.

    Parameters
    ----------
    sales, plan
        Of one store, by item.
    place
        Whose public holidays it has, or ``""``.
    """
    pasts = build_pasts(sales, StoreFacts(place=place))
    planned = {item: with_public_holidays(days, place) for item, days in plan.items()}
    horizon = (last - pasts[ALL_ITEMS].last).days
    habit = _habit(pasts[ALL_ITEMS], horizon, place)
    return total_future([future_days(item, planned, habit) for item in sales]).days


def series_histories(sales: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Split a store's sales into one `schema.HISTORY` per item, with the store's total under ``"all"``.

    A total that was delivered is kept; otherwise it is the sum of the items, open where one of them is, on
    promotion where one of them is.
    """
    items = sales["item"].unique()
    parts = [(items[0], sales)] if len(items) == 1 else sales.groupby("item", sort=False)
    histories = {str(item): rows.loc[:, list(schema.HISTORY)].reset_index(drop=True) for item, rows in parts}
    if ALL_ITEMS not in histories:
        totals = sales.groupby("ds", sort=True).agg({"y": "sum", **_OVER_ITEMS}).reset_index()
        histories[ALL_ITEMS] = totals.loc[:, list(schema.HISTORY)]
    return histories


def total_of(items: Sequence[SeriesDays]) -> SeriesDays:
    """The sum of a store's items: open where one of them is, on promotion where one of them is.

    A day's holiday is the one any item names; where they name several, the last in alphabetical order.
    """
    kinds = all_kinds(items)
    days = np.unique(np.concatenate([each.days for each in items]))
    size = days.size
    y, holiday = np.zeros(size), np.zeros(size, dtype=np.int64)
    flags = {name: np.zeros(size, dtype=np.bool_) for name in ("is_open", "promo", "school_holiday")}
    for each in items:
        at = np.searchsorted(days, each.days)
        y[at] += each.y
        holiday[at] = np.maximum(holiday[at], each.with_kinds(kinds).holiday)
        for name, flag in flags.items():
            flag[at] |= getattr(each, name)
    more = {name: np.zeros(size, dtype=np.bool_) for each in items for name in each.flags}
    for each in items:
        for name, flag in each.flags.items():
            more[name][np.searchsorted(days, each.days)] |= flag
    return SeriesDays(days, y, holiday=holiday, kinds=kinds, flags=more, **flags)


def usual_days(total: SeriesDays, horizon: int) -> SeriesDays:
    """The days after a history by habit: open on weekdays that were open of late, nothing special."""
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
    """Close the holidays among `usual_days` of a store that was closed on most holidays before."""
    before = total.is_open[total.holiday > 0]
    if not before.size or before.mean() >= MOSTLY_OPEN:
        return habit
    return replace(habit, is_open=habit.is_open & (habit.holiday == 0))


def future_days(item: str, plan: StoreDays, habit: SeriesDays) -> Future:
    """The days to come of one item: its own plan, else the whole store's, else habit."""
    days, known = habit, np.zeros(len(habit), dtype=np.bool_)
    for name in dict.fromkeys((ALL_ITEMS, item)):
        if name in plan:
            days, hit = days.overlay(plan[name])
            known |= hit
    return Future(days, ~known)


def total_future(items: Sequence[Future]) -> Future:
    """The days to come of a store's total; a day is assumed where the plan is silent about one item."""
    total = total_of([each.days for each in items])
    return Future(total, np.logical_or.reduce([each.assumed for each in items]))


def silent_days(future: Future, place: str = "") -> list[str]:
    """Return a sentence about the days the plan says nothing of, or nothing where it is complete."""
    if not future.assumed.any():
        return []
    days = [day_of(day) for day in future.days.days[future.assumed].tolist()]
    holidays = f"and only the public holidays of {place}" if place else "and no holiday"
    return [f"No plan for {day_ranges(days)}: open on the usual weekdays, no promotion {holidays} assumed."]


def _habit(total: SeriesDays, horizon: int, place: str) -> SeriesDays:
    """`usual_days` with a place's public holidays, where one is configured."""
    habit = usual_days(total, horizon)
    return closed_on_holidays(with_public_holidays(habit, place), total) if place else habit


def _with_flags(days: SeriesDays, facts: StoreFacts) -> SeriesDays:
    flags = standing_promotion(facts.attributes, days.days)
    return replace(days, flags=flags) if flags else days


_OVER_ITEMS = {"is_open": "any", "promo": "any", "holiday": "max", "school_holiday": "any"}
"""How a total combines its items; `max` finds the holiday named by any, as no name is the least."""
