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
from forecasting.history.fields import FIELDS, FLAG, NOT_SAID, Field, demand, flag, whole
from forecasting.history.layouts import Column, Layout

_HOLIDAYS = {"": "", "0": "", "0.0": "", "a": "Public holiday", "b": "Easter holiday", "c": "Christmas"}


def _is_open(text: str) -> bool | int | None:
    return flag(text) if text else NOT_SAID


def _holiday(text: str) -> str | None:
    return _HOLIDAYS.get(text.lower())


_KEYS: Mapping[str, Column] = {
    "store": Column("Store", FIELDS["store"]),
    "date": Column("Date", FIELDS["date"]),
}
_COVARIATES: Mapping[str, Column] = {
    "is_open": Column("Open", Field(f"{FLAG}, or nothing", _is_open, np.int8), default=True),
    "promo": Column("Promo", FIELDS["promo"], default=False),
    "holiday": Column("StateHoliday", Field("0, a, b or c", _holiday, np.int32), default=""),
    "school_holiday": Column("SchoolHoliday", FIELDS["school_holiday"], default=False),
}
_NEVER_GIVEN: Mapping[str, Column] = {
    "item": Column("", FIELDS["item"], default=ALL_ITEMS),
    "region": Column("", FIELDS["region"], default=""),
}

_WORD = Field("text", str, np.int32)
_DISTANCE = Field("a number of 0 or more", demand, np.float64)
_MONTH = Field("a month from 1 to 12", partial(whole, low=1, high=12), np.float64)
_WEEK = Field("a week from 1 to 53", partial(whole, low=1, high=53), np.float64)
_YEAR = Field("a year from 1900 to 2199", partial(whole, low=1900, high=2199), np.float64)
_TAKES_PART = Field("0 or 1", partial(whole, low=0, high=1), np.float64)

_ATTRIBUTES: Mapping[str, Column] = {
    "store_type": Column("StoreType", _WORD),
    "assortment": Column("Assortment", _WORD),
    "competition_distance": Column("CompetitionDistance", _DISTANCE),
    "competition_open_since_month": Column("CompetitionOpenSinceMonth", _MONTH),
    "competition_open_since_year": Column("CompetitionOpenSinceYear", _YEAR),
    "promo2": Column("Promo2", _TAKES_PART),
    "promo2_since_week": Column("Promo2SinceWeek", _WEEK),
    "promo2_since_year": Column("Promo2SinceYear", _YEAR),
    "promo_interval": Column("PromoInterval", _WORD),
}

LAYOUTS: Mapping[str, Layout] = {
    "sales": Layout(
        "rossmann",
        "sales",
        {**_KEYS, "demand": Column("Sales", FIELDS["demand"]), **_COVARIATES, **_NEVER_GIVEN},
        unused=frozenset({"dayofweek", "customers"}),
        attributes=_ATTRIBUTES,
    ),
    "plan": Layout(
        "rossmann",
        "plan",
        {**_KEYS, **_COVARIATES, "item": _NEVER_GIVEN["item"]},
        unused=frozenset({"id", "dayofweek"}),
        attributes=_ATTRIBUTES,
    ),
}
"""The layout of each kind of file."""
