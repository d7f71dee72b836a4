"""The columns of the two datasets in AWS Forecast, and one store's rows in each.

=============  ====================================================================================
target         timestamp, item_id, [store,] target_value: demand of each known day; a day on which
               the series was closed is an explicit 0, unknown days are left out
related        timestamp, item_id, [store,] promo, is_open, school_holiday, holiday: 0 or 1 for each
               day from the first of the history to the last day to forecast of any store
=============  ====================================================================================

If stores have products, `item_id` is the product and `store` a dimension of the forecast. A store's total is
a series of its own, with the item ``"all"``. If no store has products, `item_id` is the store.
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
from forecasting.engines.aws_forecast.resource_names import UniqueIds

DOMAIN = "CUSTOM"
FREQUENCY = "D"
TIMESTAMP_FORMAT = "yyyy-MM-dd"
TARGET, RELATED = "TARGET_TIME_SERIES", "RELATED_TIME_SERIES"
KINDS = (TARGET, RELATED)

COVARIATES = ("promo", "is_open", "school_holiday", "holiday")
STORE = "store"

FORECAST_TYPES = ("0.1", "0.5", "0.9", "mean")
VALUES = {"mean": "mean", "q10": "p10", "q50": "p50", "q90": "p90"}
"""Map our columns to AWS's names for them in answers and exports."""

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
"""How AWS fills gaps in demand: not at all. Its default would be 0."""


@dataclass(frozen=True, slots=True)
class SeriesLayout:
    """How series are identified in AWS.

    Attributes
    ----------
    by_store
        True if `item_id` is a product and the store a dimension; False if `item_id` is the store.
    """

    by_store: bool

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Dimensions of a forecast besides `item_id`."""
        return (STORE,) if self.by_store else ()

    def columns(self, kind: str) -> tuple[str, ...]:
        """Return the columns of a dataset, in the order of its files."""
        values = ("target_value",) if kind == TARGET else COVARIATES
        return ("timestamp", "item_id", *self.dimensions, *values)

    def schema(self, kind: str) -> dict[str, list[dict[str, str]]]:
        """Return a dataset's schema in AWS's format."""
        types = {"timestamp": "timestamp", "item_id": "string", STORE: "string"}
        names = self.columns(kind)
        return {
            "Attributes": [
                {"AttributeName": name, "AttributeType": types.get(name, "float")} for name in names
            ]
        }

    @classmethod
    def from_schema(cls, schema: Mapping[str, Sequence[Mapping[str, str]]]) -> "SeriesLayout":
        """Return the layout of an existing dataset."""
        return cls(any(each.get("AttributeName") == STORE for each in schema.get("Attributes", ())))


def layout_for(items: Iterable[Sequence[str]]) -> SeriesLayout:
    """Return the layout for stores, given the items of each."""
    return SeriesLayout(any(item != ALL_ITEMS for each in items for item in each))


class SeriesIds:
    """Maps our series to their ids in AWS.

    Parameters
    ----------
    layout
        How series are identified there.
    """

    def __init__(self, layout: SeriesLayout) -> None:
        self.layout = layout
        self._stores, self._items = UniqueIds("stores"), UniqueIds("products")

    def ids_of(self, key: SeriesKey) -> dict[str, str]:
        """Return a series' values of `item_id` and of the dimensions.

        Raises
        ------
        InvalidRequest
            If another store or product has the same id in AWS.
        """
        store = self._stores.id_of(key.store)
        if not self.layout.by_store:
            return {"item_id": store}
        return {"item_id": self._items.id_of(key.item), STORE: store}


def sent_series(inputs: StoreInputs, layout: SeriesLayout) -> tuple[SeriesInputs, ...]:
    """Return the series of a store to send: all, or only its total if no store has products."""
    return tuple(each for each in inputs.series if layout.by_store or each.key.item == ALL_ITEMS)


def target_rows(series: SeriesInputs) -> pd.DataFrame:
    """Return the rows of the target dataset: timestamp and demand of each known day."""
    past = series.past
    return pd.DataFrame({"timestamp": _dates(past.days), "target_value": np.where(past.is_open, past.y, 0.0)})


def related_rows(series: SeriesInputs, total: SeriesDays) -> pd.DataFrame:
    """Return the rows of the related dataset: timestamp and covariates of every day of the history and plan.

    Parameters
    ----------
    total
        The store's days from `store_days`. They fill in for days without a row of the series; a day that both
        lack counts as closed.
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
    """Return the days of a store's total up to a day. Days after the end of its plan follow its usual week.

    AWS needs the related data of every store up to the same day, even if some stores' sales end earlier.
    """
    total = next(each for each in inputs.series if each.key.item == ALL_ITEMS)
    ahead, _ = usual_days(total.past, (until - inputs.cutoff).days).overlay(total.future)
    return total.past.followed_by(ahead)


def store_files(inputs: StoreInputs, ids: SeriesIds, until: date) -> Iterator[tuple[str, str]]:
    """Yield (kind of dataset, rows) of one store, with the rows as CSV without a header.

    Parameters
    ----------
    until
        Last day of the related dataset.

    Raises
    ------
    InvalidRequest
        As `SeriesIds.ids_of`.
    """
    layout, total = ids.layout, store_days(inputs, until)
    for series in sent_series(inputs, layout):
        names = ids.ids_of(series.key)
        for kind, rows in ((TARGET, target_rows(series)), (RELATED, related_rows(series, total))):
            columns = list(layout.columns(kind))
            yield kind, rows.assign(**names)[columns].to_csv(header=False, index=False, lineterminator="\n")


def _dates(days: IntArray) -> np.ndarray:
    return np.datetime_as_string(days.astype("datetime64[D]"))


def day_numbers(stamps: Sequence[str]) -> IntArray:
    """Return (n,) days since 1970-01-01 of timestamps such as ``2019-04-03T00:00:00``."""
    return np.array([stamp[:10] for stamp in stamps], dtype="datetime64[D]").astype(np.int64)
