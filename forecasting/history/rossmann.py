"""The layout of Rossmann's files, as published for the Kaggle competition *Rossmann Store Sales* (2015).

===========  ========================================================================================
file         columns
===========  ========================================================================================
train.csv    Store, Date, Sales; Open, Promo, StateHoliday, SchoolHoliday (DayOfWeek follows from the
             date; Customers is not known ahead)
test.csv     a plan: Store, Date; Open, Promo, StateHoliday, SchoolHoliday (Id numbers its rows)
store.csv    Store; StoreType, Assortment, CompetitionDistance, CompetitionOpenSinceMonth and -Year,
             Promo2, Promo2SinceWeek and -Year, PromoInterval
===========  ========================================================================================

A row is a whole store's day: the item is the total. There are no regions. StateHoliday is ``a`` for a public
holiday, ``b`` for Easter, ``c`` for Christmas and ``0`` for none. Open is blank in some rows.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np

from forecasting.core.domain import ALL_ITEMS
from forecasting.history.cell_parsers import (
    BLANK_FLAG,
    FLAG,
    PARSERS,
    CellParser,
    parse_demand,
    parse_flag,
    parse_whole,
)
from forecasting.history.file_layout import FileLayout, LayoutColumn

_HOLIDAYS = {"": "", "0": "", "0.0": "", "a": "Public holiday", "b": "Easter holiday", "c": "Christmas"}


def _is_open(text: str) -> bool | int | None:
    return parse_flag(text) if text else BLANK_FLAG


def _holiday(text: str) -> str | None:
    return _HOLIDAYS.get(text.lower())


_KEYS: Mapping[str, LayoutColumn] = {
    "store": LayoutColumn("Store", PARSERS["store"]),
    "date": LayoutColumn("Date", PARSERS["date"]),
}
_COVARIATES: Mapping[str, LayoutColumn] = {
    "is_open": LayoutColumn("Open", CellParser(f"{FLAG}, or nothing", _is_open, np.int8), default=True),
    "promo": LayoutColumn("Promo", PARSERS["promo"], default=False),
    "holiday": LayoutColumn("StateHoliday", CellParser("0, a, b or c", _holiday, np.int32), default=""),
    "school_holiday": LayoutColumn("SchoolHoliday", PARSERS["school_holiday"], default=False),
}
_NEVER_GIVEN: Mapping[str, LayoutColumn] = {
    "item": LayoutColumn("", PARSERS["item"], default=ALL_ITEMS),
    "region": LayoutColumn("", PARSERS["region"], default=""),
}

_WORD = CellParser("text", str, np.int32)
_DISTANCE = CellParser("a number of 0 or more", parse_demand, np.float64)
_MONTH = CellParser("a month from 1 to 12", partial(parse_whole, low=1, high=12), np.float64)
_WEEK = CellParser("a week from 1 to 53", partial(parse_whole, low=1, high=53), np.float64)
_YEAR = CellParser("a year from 1900 to 2199", partial(parse_whole, low=1900, high=2199), np.float64)
_TAKES_PART = CellParser("0 or 1", partial(parse_whole, low=0, high=1), np.float64)

_ATTRIBUTES: Mapping[str, LayoutColumn] = {
    "store_type": LayoutColumn("StoreType", _WORD),
    "assortment": LayoutColumn("Assortment", _WORD),
    "competition_distance": LayoutColumn("CompetitionDistance", _DISTANCE),
    "competition_open_since_month": LayoutColumn("CompetitionOpenSinceMonth", _MONTH),
    "competition_open_since_year": LayoutColumn("CompetitionOpenSinceYear", _YEAR),
    "promo2": LayoutColumn("Promo2", _TAKES_PART),
    "promo2_since_week": LayoutColumn("Promo2SinceWeek", _WEEK),
    "promo2_since_year": LayoutColumn("Promo2SinceYear", _YEAR),
    "promo_interval": LayoutColumn("PromoInterval", _WORD),
}

LAYOUTS: Mapping[str, FileLayout] = {
    "sales": FileLayout(
        "rossmann",
        "sales",
        {**_KEYS, "demand": LayoutColumn("Sales", PARSERS["demand"]), **_COVARIATES, **_NEVER_GIVEN},
        unused=frozenset({"dayofweek", "customers"}),
        attributes=_ATTRIBUTES,
    ),
    "plan": FileLayout(
        "rossmann",
        "plan",
        {**_KEYS, **_COVARIATES, "item": _NEVER_GIVEN["item"]},
        unused=frozenset({"id", "dayofweek"}),
        attributes=_ATTRIBUTES,
    ),
}
"""The layout by kind of file."""
