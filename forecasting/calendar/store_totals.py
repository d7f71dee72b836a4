"""Add a store's items up to its total."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecasting.core import schema
from forecasting.core.day_arrays import SeriesDays, all_kinds
from forecasting.core.domain import ALL_ITEMS

_OVER_ITEMS = {"is_open": "any", "promo": "any", "holiday": "max", "school_holiday": "any"}
"""How a total combines its items. `max` prefers any holiday name to ``""``, the smallest string."""


def series_histories(sales: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Split a store's sales into one `schema.HISTORY` per item, with the store's total under ``"all"``.

    A total in the data is used; otherwise it is the sum of the items, open or on
    promotion if one of them is.
    """
    items = sales["item"].unique()
    parts = [(items[0], sales)] if len(items) == 1 else sales.groupby("item", sort=False)
    histories = {str(item): rows.loc[:, list(schema.HISTORY)].reset_index(drop=True) for item, rows in parts}
    if ALL_ITEMS not in histories:
        totals = sales.groupby("ds", sort=True).agg({"y": "sum", **_OVER_ITEMS}).reset_index()
        histories[ALL_ITEMS] = totals.loc[:, list(schema.HISTORY)]
    return histories


def total_of(items: Sequence[SeriesDays]) -> SeriesDays:
    """The sum of a store's items; a day is open or on promotion if it is so for one of them.

    If the items name different holidays on a day, the total has the last one in alphabetical order.
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
