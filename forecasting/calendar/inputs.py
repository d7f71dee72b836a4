"""From one store's sales and plan to what its engines see.

The future of a series is the plan's; where the plan is silent for a day the day is filled in by habit, marked
`assumed`, and the forecast says so in words.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd

from forecasting import schema
from forecasting.calendar.public_holidays import with_public_holidays
from forecasting.calendar.standing import Attributes, standing_promotion
from forecasting.calendar.wording import day_ranges
from forecasting.domain import ALL_ITEMS, SeriesKey, natural_order
from forecasting.errors import UnknownSeries
from forecasting.series import BoolArray, SeriesDays

HABIT_WEEKS = 8
"""A weekday on which the store was closed for this many weeks in a row is assumed closed."""

MOSTLY_OPEN = 0.5
"""A store that was open on less than this share of holidays is assumed closed on those to come."""

LEAST_HABIT_DAYS = 14
"""From this length of history on, a weekday without a single row is one on which the store is closed."""

DISCONTINUED_AFTER_DAYS = 28
"""A product without a row for this many days up to the cutoff is not forecast."""


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


def chain_hash(heads: Mapping[str, str], horizon: int) -> str:
    """SHA-256 over what goes into the computation over all stores.

    Parameters
    ----------
    heads
        Content hash of the newest sales of each store.
    """
    return hashlib.sha256(json.dumps([1, sorted(heads.items()), horizon]).encode()).hexdigest()


def build_inputs(
    store: str, sales: pd.DataFrame, plan: pd.DataFrame, horizon: int, facts: StoreFacts | None = None
) -> StoreInputs:
    """Assemble every series of one store.

    Parameters
    ----------
    store
        The store.
    sales, plan
        `schema.SALES` and `schema.PLAN` of this store.
    horizon
        Days to forecast after the newest sales day.
    facts
        What else is known of the store.

    Raises
    ------
    UnknownSeries
        If there are no sales.
    """
    if sales.empty:
        raise UnknownSeries(f"store {store}: expected sales history, found none")
    known = facts or StoreFacts()
    sales, plan = (with_public_holidays(frame, known.place) for frame in (sales, plan))
    histories = series_histories(sales)
    cutoff = sales["ds"].max()
    days = pd.date_range(cutoff + pd.Timedelta(days=1), periods=horizon, freq="D", unit=cutoff.unit)
    habit = _habit(histories[ALL_ITEMS], days, known.place)
    futures, notes = {}, []
    for item in sorted(histories.keys() - {ALL_ITEMS}, key=natural_order):
        last = histories[item]["ds"].iloc[-1]
        if (cutoff - last).days >= DISCONTINUED_AFTER_DAYS:
            notes.append(f"Product {item} is left out: its last sales row is of {last:%-d %b %Y}.")
        else:
            futures[item] = future_days(item, plan, habit)
    total = total_days(list(futures.values())) if futures else future_days(ALL_ITEMS, plan, habit)
    notes[:0] = silent_days(total, known.place)
    series = tuple(
        series_inputs(SeriesKey(store, item), histories[item], future, known)
        for item, future in {ALL_ITEMS: total, **futures}.items()
    )
    return StoreInputs(store, cutoff.date(), horizon, tuple(notes), series)


def series_inputs(
    key: SeriesKey, history: pd.DataFrame, future: pd.DataFrame, facts: StoreFacts
) -> SeriesInputs:
    """Take `schema.HISTORY` and `schema.FUTURE` of one series over as arrays; imports have checked them."""
    past, ahead = _as_days(history, facts), _as_days(future, facts)
    return SeriesInputs(key, past, ahead, future["assumed"].to_numpy(bool))


def build_pasts(sales: pd.DataFrame, facts: StoreFacts) -> dict[str, SeriesDays]:
    """Assemble the history of every series of one store, by item, without a future."""
    histories = series_histories(with_public_holidays(sales, facts.place))
    return {item: _as_days(history, facts) for item, history in histories.items()}


def _as_days(frame: pd.DataFrame, facts: StoreFacts) -> SeriesDays:
    days = SeriesDays.taken_over(frame)
    flags = standing_promotion(facts.attributes, days.days)
    return replace(days, flags=flags) if flags else days


def expected_days(sales: pd.DataFrame, plan: pd.DataFrame, last: date, place: str = "") -> pd.DataFrame:
    """Return `schema.FUTURE` of a store's total for the days after its newest sales, up to `last`.

    Parameters
    ----------
    sales, plan
        `schema.SALES` and `schema.PLAN` of one store.
    place
        Whose public holidays it has, or ``""``.
    """
    sales, plan = with_public_holidays(sales, place), with_public_holidays(plan, place)
    newest = sales["ds"].max()
    days = pd.date_range(newest + pd.Timedelta(days=1), pd.Timestamp(last), freq="D", unit=newest.unit)
    habit = _habit(series_histories(sales)[ALL_ITEMS], days, place)
    return total_days([future_days(str(item), plan, habit) for item in sales["item"].unique()])


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


def usual_days(total: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Fill `days` by habit (`schema.FUTURE`): open on weekdays that were open of late, nothing special."""
    numbers = total["ds"].to_numpy().astype("datetime64[D]").astype(np.int64)
    recent = numbers > numbers[-1] - 7 * HABIT_WEEKS
    weekdays = (numbers[recent] + 3) % 7
    seen = np.bincount(weekdays, minlength=7) > 0
    opened = np.bincount(weekdays, total["is_open"].to_numpy(np.float64)[recent], 7) > 0
    unheard_of = numbers[-1] - numbers[recent][0] < LEAST_HABIT_DAYS
    usual = np.where(seen, opened, unheard_of)
    nothing = np.zeros(len(days), dtype=bool)
    return pd.DataFrame(
        {
            "ds": days,
            "is_open": usual[days.day_of_week.to_numpy()],
            "promo": nothing,
            "holiday": pd.Series([""] * len(days), dtype=total["holiday"].dtype),
            "school_holiday": nothing,
            "assumed": ~nothing,
        }
    )


def _habit(total: pd.DataFrame, days: pd.DatetimeIndex, place: str) -> pd.DataFrame:
    """`usual_days` with a place's public holidays, where one is configured."""
    habit = usual_days(total, days)
    return closed_on_holidays(with_public_holidays(habit, place), total) if place else habit


def closed_on_holidays(habit: pd.DataFrame, total: pd.DataFrame) -> pd.DataFrame:
    """Close the holidays among `usual_days` of a store that was closed on most holidays before."""
    before = total.loc[total["holiday"] != "", "is_open"]
    if before.empty or before.mean() >= MOSTLY_OPEN:
        return habit
    return habit.assign(is_open=habit["is_open"] & (habit["holiday"] == ""))


def future_days(item: str, plan: pd.DataFrame, habit: pd.DataFrame) -> pd.DataFrame:
    """Return `schema.FUTURE` of one item: its own plan rows, else the whole store's, else habit."""
    days = habit["ds"].to_numpy()
    items, planned = plan["item"].to_numpy(object), plan["ds"].to_numpy(days.dtype)
    found = np.full(len(days), -1)
    for name in dict.fromkeys((ALL_ITEMS, item)):
        rows = np.flatnonzero(items == name)
        rows = rows[np.argsort(planned[rows], kind="stable")]
        at = np.minimum(np.searchsorted(planned[rows], days), max(len(rows) - 1, 0))
        if len(rows):
            found = np.where(planned[rows][at] == days, rows[at], found)
    silent = found < 0
    if silent.all():
        return habit.assign(assumed=True)
    columns = {
        name: pd.Series(
            np.where(silent, habit[name].to_numpy(), plan[name].to_numpy()[found]), dtype=habit[name].dtype
        )
        for name in schema.COVARIATES
    }
    return pd.DataFrame({"ds": habit["ds"], **columns, "assumed": silent})


def total_days(items: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Combine the futures of a store's items (`schema.FUTURE`) as `series_histories` combines their pasts.

    A day is assumed where the plan is silent about one of them.
    """
    combined = {
        name: np.logical_or.reduce([each[name].to_numpy(bool) for each in items])
        for name in ("is_open", "promo", "school_holiday", "assumed")
    }
    holiday = np.maximum.reduce([each["holiday"].to_numpy(object) for each in items])
    return items[0].assign(**combined, holiday=pd.Series(holiday, dtype=items[0]["holiday"].dtype))


def silent_days(future: pd.DataFrame, place: str = "") -> list[str]:
    """Return a sentence about the days the plan says nothing of, or nothing where it is complete."""
    silent = future.loc[future["assumed"], "ds"]
    if silent.empty:
        return []
    days = [stamp.date() for stamp in silent]
    holidays = f"and only the public holidays of {place}" if place else "and no holiday"
    return [f"No plan for {day_ranges(days)}: open on the usual weekdays, no promotion {holidays} assumed."]


_OVER_ITEMS = {"is_open": "any", "promo": "any", "holiday": "max", "school_holiday": "any"}
"""How a total combines its items; `max` finds the holiday named by any, as no name is the least."""
