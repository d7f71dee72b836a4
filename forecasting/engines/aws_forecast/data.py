"""What is sent to AWS Forecast: the columns of its two datasets, and one store's rows of each.

=============  ====================================================================================
target         timestamp, item_id, [store,] target_value: demand of the days that are known; a day
               on which the series was closed is an explicit 0, one nothing is known of is left out
related        timestamp, item_id, [store,] promo, is_open, school_holiday, holiday: 0 or 1 on each
               day from the first of the history to the last to be forecast of any store
=============  ====================================================================================

Where stores have products, `item_id` is the product and `store` a dimension of the forecast; a store's total
is the item ``"all"``, a series of its own. Where no store has any, `item_id` is the store.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from forecasting.calendar.future_days import usual_days
from forecasting.core.day_arrays import IntArray, SeriesDays
from forecasting.core.domain import ALL_ITEMS, SeriesKey
from forecasting.core.store_inputs import SeriesInputs, StoreInputs
from forecasting.engines.aws_forecast.names import Ids

DOMAIN = "CUSTOM"
FREQUENCY = "D"
TIMESTAMP_FORMAT = "yyyy-MM-dd"
TARGET, RELATED = "TARGET_TIME_SERIES", "RELATED_TIME_SERIES"
KINDS = (TARGET, RELATED)

COVARIATES = ("promo", "is_open", "school_holiday", "holiday")
STORE = "store"

FORECAST_TYPES = ("0.1", "0.5", "0.9", "mean")
VALUES = {"mean": "mean", "q10": "p10", "q50": "p50", "q90": "p90"}
"""Our columns, and what AWS calls them in an answer and in an export."""

ATTRIBUTES = (
    {
        "AttributeName": "target_value",
        "Transformations": {
            "aggregation": "sum",
            "frontfill": "none",
            "middlefill": "nan",
            "backfill": "nan",
        },
    },
)
"""How AWS fills gaps in demand: not at all, where its own choice would be 0."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How series are told apart.

    Attributes
    ----------
    by_store
        Whether `item_id` is a product and the store a dimension; else `item_id` is the store.
    """

    by_store: bool

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Of forecasts, besides `item_id`."""
        return (STORE,) if self.by_store else ()

    def columns(self, kind: str) -> tuple[str, ...]:
        """Names of the columns of a dataset, in the order of its files."""
        values = ("target_value",) if kind == TARGET else COVARIATES
        return ("timestamp", "item_id", *self.dimensions, *values)

    def schema(self, kind: str) -> dict[str, list[dict[str, str]]]:
        """A dataset's schema as AWS wants it."""
        types = {"timestamp": "timestamp", "item_id": "string", STORE: "string"}
        names = self.columns(kind)
        return {
            "Attributes": [
                {"AttributeName": name, "AttributeType": types.get(name, "float")} for name in names
            ]
        }

    @classmethod
    def of_schema(cls, schema: Mapping[str, Sequence[Mapping[str, str]]]) -> "Layout":
        """That of a dataset that is there."""
        return cls(any(each.get("AttributeName") == STORE for each in schema.get("Attributes", ())))


def layout_of(items: Iterable[Sequence[str]]) -> Layout:
    """The layout for stores with these items."""
    return Layout(any(item != ALL_ITEMS for each in items for item in each))


class Identities:
    """Our series and their names in AWS.

    Parameters
    ----------
    layout
        How they are told apart there.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._stores, self._items = Ids("stores"), Ids("products")

    def of(self, key: SeriesKey) -> dict[str, str]:
        """Values of `item_id` and of the dimensions.

        Raises
        ------
        InvalidRequest
            If another store or product has the same there.
        """
        store = self._stores.of(key.store)
        if not self.layout.by_store:
            return {"item_id": store}
        return {"item_id": self._items.of(key.item), STORE: store}


def sent_series(inputs: StoreInputs, layout: Layout) -> tuple[SeriesInputs, ...]:
    """The series of a store that are sent: all, or its total alone where stores have no products."""
    return tuple(each for each in inputs.series if layout.by_store or each.key.item == ALL_ITEMS)


def target_rows(series: SeriesInputs) -> pd.DataFrame:
    """Timestamp and demand of the days that are known."""
    past = series.past
    return pd.DataFrame({"timestamp": _dates(past.days), "target_value": np.where(past.is_open, past.y, 0.0)})


def related_rows(series: SeriesInputs, total: SeriesDays) -> pd.DataFrame:
    """Timestamp and what is known ahead of time, of every day from the first of the history on.

    Parameters
    ----------
    total
        The days of `store_days`, to the last one wanted: they stand for days the series has no row of, and a
        day they lack counts as closed.
    """
    own = series.past.followed_by(series.future)
    grid = np.arange(own.days[0], total.days[-1] + 1)
    nothing = np.zeros(grid.size, dtype=np.bool_)
    days = SeriesDays(grid, np.full(grid.size, np.nan), nothing, nothing, nothing, nothing.astype(np.int64))
    days, _ = days.overlay(total)
    days, _ = days.overlay(own)
    values = {name: getattr(days, name) for name in COVARIATES} | {"holiday": days.holiday > 0}
    return pd.DataFrame(
        {"timestamp": _dates(grid), **{name: values[name].astype(float) for name in COVARIATES}}
    )


def store_days(inputs: StoreInputs, until: date) -> SeriesDays:
    """The days of a store's total up to a day; where its plan ends before that, by habit.

    AWS wants them to the same day of every store, also of one whose sales end before those of others.
    """
    total = next(each for each in inputs.series if each.key.item == ALL_ITEMS)
    ahead, _ = usual_days(total.past, (until - inputs.cutoff).days).overlay(total.future)
    return total.past.followed_by(ahead)


def store_files(inputs: StoreInputs, identities: Identities, until: date) -> Iterator[tuple[str, str]]:
    """One store's rows as CSV without a header, by kind of dataset.

    Parameters
    ----------
    until
        Last day of what is known ahead of time.

    Raises
    ------
    InvalidRequest
        As `Identities.of`.
    """
    layout, total = identities.layout, store_days(inputs, until)
    for series in sent_series(inputs, layout):
        names = identities.of(series.key)
        for kind, rows in ((TARGET, target_rows(series)), (RELATED, related_rows(series, total))):
            columns = list(layout.columns(kind))
            yield kind, rows.assign(**names)[columns].to_csv(header=False, index=False, lineterminator="\n")


def _dates(days: IntArray) -> np.ndarray:
    return np.datetime_as_string(days.astype("datetime64[D]"))


def day_numbers(stamps: Sequence[str]) -> IntArray:
    """(n,) days since 1970-01-01 of timestamps such as ``2019-04-03T00:00:00``."""
    return np.array([stamp[:10] for stamp in stamps], dtype="datetime64[D]").astype(np.int64)
