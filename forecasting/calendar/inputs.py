"""Build the inputs of the engines from one store's sales and plan.

The days ahead come from the plan. A day that the plan lacks is filled in from the store's habit (the weekdays
on which it was open lately), is marked `assumed`, and the forecast carries a sentence about it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Self

from forecasting.calendar.future_days import (
    StoreDays,
    assumption_notes,
    future_days,
    habit_days,
    total_future,
)
from forecasting.calendar.public_holidays import place_of, with_public_holidays
from forecasting.calendar.standing_promotions import Attributes, standing_promotion
from forecasting.calendar.store_totals import total_of
from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import ALL_ITEMS, HistoryFile, SeriesKey, natural_order
from forecasting.core.errors import UnknownSeries
from forecasting.core.store_inputs import SeriesInputs, StoreInputs

DISCONTINUED_AFTER_DAYS = 28
"""A product without a row in this many days up to the cutoff is not forecast."""


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """Facts about a store besides its sales and its plan.

    Attributes
    ----------
    attributes
        Its row in the file of stores (`ports.StoreAttributes`).
    place
        The place whose public holidays it has, such as ``DE-BW``; ``""`` if the data names the holidays.
    """

    attributes: Attributes = field(default_factory=dict)
    place: str = ""

    @classmethod
    def of(cls, store: str, region: str, attributes: Attributes, places: Mapping[str, str]) -> Self:
        """Collect the facts of one store.

        Parameters
        ----------
        places
            As in `settings.Settings.holidays`.
        """
        return cls(attributes, place_of(store, region, places))

    @property
    def digest(self) -> str:
        """A text that differs whenever the facts differ, for input hashes."""
        return json.dumps([sorted(self.attributes.items()), self.place])


def input_hash(
    sales_hash: str, plan_hash: str | None, horizon: int, facts: StoreFacts, chain_id: str = ""
) -> str:
    """SHA-256 hash over everything that goes into a store's forecast."""
    parts = [2, sales_hash, plan_hash or "", horizon, facts.digest, chain_id]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def all_facts(
    heads: Mapping[str, HistoryFile], attributes: Mapping[str, Attributes], places: Mapping[str, str]
) -> dict[str, StoreFacts]:
    """The facts of every store that has sales, by store.

    Parameters
    ----------
    heads
        The newest sales file of each store.
    attributes, places
        As in `StoreFacts.of`, for all stores.
    """
    return {
        store: StoreFacts.of(store, head.region, attributes.get(store, {}), places)
        for store, head in heads.items()
    }


def chain_hash(heads: Mapping[str, HistoryFile], facts: Mapping[str, StoreFacts], horizon: int) -> str:
    """SHA-256 hash over everything that goes into pooling over the chain: each store's sales and facts."""
    stores = sorted((store, head.content_hash, facts[store].digest) for store, head in heads.items())
    return hashlib.sha256(json.dumps([2, stores, horizon]).encode()).hexdigest()


def build_inputs(
    store: str, sales: StoreDays, plan: StoreDays, horizon: int, facts: StoreFacts | None = None
) -> StoreInputs:
    """Build the inputs of every series of one store.

    Parameters
    ----------
    store
        The store.
    sales, plan
        Its sales and its plan, by item.
    horizon
        Days to forecast after the newest sales day.
    facts
        Further facts about the store.

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
    habit = habit_days(pasts[ALL_ITEMS], horizon, known.place)
    futures, notes = {}, []
    for item in sorted(pasts.keys() - {ALL_ITEMS}, key=natural_order):
        last = pasts[item].last
        if (cutoff - last).days >= DISCONTINUED_AFTER_DAYS:
            notes.append(f"Product {item} is left out: its last sales row is of {last:%-d %b %Y}.")
        else:
            futures[item] = future_days(item, planned, habit)
    total = total_future(list(futures.values())) if futures else future_days(ALL_ITEMS, planned, habit)
    notes[:0] = assumption_notes(total, known.place)
    series = tuple(
        SeriesInputs(SeriesKey(store, item), pasts[item], _with_flags(future.days, known), future.assumed)
        for item, future in {ALL_ITEMS: total, **futures}.items()
    )
    return StoreInputs(store, cutoff, horizon, tuple(notes), series)


def build_pasts(sales: StoreDays, facts: StoreFacts) -> dict[str, SeriesDays]:
    """The history of every series of one store by item, including the store's total.

    A total in the data is used; otherwise it is the sum of the items.
    """
    pasts = {
        item: _with_flags(with_public_holidays(days, facts.place), facts) for item, days in sales.items()
    }
    if ALL_ITEMS not in pasts:
        pasts[ALL_ITEMS] = total_of(list(pasts.values()))
    return pasts


def expected_days(sales: StoreDays, plan: StoreDays, last: date, place: str = "") -> SeriesDays:
    """The days of a store's total after its newest sales, up to `last`, from the plan or by habit.

    Parameters
    ----------
    sales, plan
        Sales and plan of one store, by item.
    place
        As in `StoreFacts`.
    """
    pasts = build_pasts(sales, StoreFacts(place=place))
    planned = {item: with_public_holidays(days, place) for item, days in plan.items()}
    horizon = (last - pasts[ALL_ITEMS].last).days
    habit = habit_days(pasts[ALL_ITEMS], horizon, place)
    return total_future([future_days(item, planned, habit) for item in sales]).days


def _with_flags(days: SeriesDays, facts: StoreFacts) -> SeriesDays:
    flags = standing_promotion(facts.attributes, days.days)
    return replace(days, flags=flags) if flags else days
