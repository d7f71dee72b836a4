"""Column names of every frame, and the validators that guard them (docs/adr/0001-column-schema.md).

======================  ===========================================================================
frame                   columns
======================  ===========================================================================
sales (`SALES`)         store, item, ds, y, is_open, promo, holiday, school_holiday: one row per
                        item and day, sorted so; `y` is demand in the file's unit, never negative
plan (`PLAN`)           store, item, ds and the covariates; item ``"all"`` speaks for every item
series history          ds, y and the covariates of one series, sorted by ds, one row a day
(`HISTORY`)
future (`FUTURE`)       ds, the covariates, `assumed` (True where the plan is silent), one row a day
series forecast         ds, mean, q10, q50, q90
(`FORECAST`)
store forecast          item, engine, the series forecast and the `FUTURE` columns it was made with
(`STORE_FORECAST`)
track record (`TRACK`)  store and the fields of `domain.TrackRow`: what a version said, and what came
======================  ===========================================================================

`store`, `item`, `holiday` are strings (``""`` is no holiday), `ds` is `datetime64` at midnight without
a zone, numbers are float64, `is_open`, `promo`, `school_holiday`, `assumed` are bool.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecasting.core.domain import TrackRow
from forecasting.core.errors import InvalidFrame

COVARIATES = ("is_open", "promo", "holiday", "school_holiday")
KEYS = ("store", "item", "ds")
SALES = (*KEYS, "y", *COVARIATES)
PLAN = (*KEYS, *COVARIATES)
HISTORY = ("ds", "y", *COVARIATES)
FUTURE = ("ds", *COVARIATES, "assumed")
VALUES = ("mean", "q10", "q50", "q90")
FORECAST = ("ds", *VALUES)
STORE_FORECAST = ("item", "engine", *FORECAST, *COVARIATES, "assumed")
TRACK = ("store", *TrackRow._fields)

_KINDS = {
    "ds": ("M",),
    "y": ("f",),
    "is_open": ("b",),
    "promo": ("b",),
    "school_holiday": ("b",),
    "assumed": ("b",),
    **dict.fromkeys(VALUES, ("f",)),
}


def require(frame: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    """Return `frame` cut to `columns`, having checked names, dtypes and missing values.

    Parameters
    ----------
    frame
        Any frame.
    columns
        The columns wanted, in this order.
    name
        What the frame is called in the error.

    Raises
    ------
    InvalidFrame
        If a column is missing, has another dtype, or holds a missing value.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise InvalidFrame(f"{name}: expected columns {list(columns)}, found no {missing}")
    for column in columns:
        kinds = _KINDS.get(column)
        values = frame[column]
        if kinds and values.dtype.kind not in kinds:
            raise InvalidFrame(f"{name}: column '{column}' has dtype {values.dtype}")
        missing_values = _missing(values)
        if missing_values:
            raise InvalidFrame(f"{name}: column '{column}' has {missing_values} missing values")
    return frame if list(frame.columns) == list(columns) else frame.loc[:, list(columns)]


def _missing(values: pd.Series) -> int:
    """How many values are missing; numpy is many times quicker than pandas where it can be asked."""
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "fMb":
        return int(np.count_nonzero(pd.isna(values.to_numpy())))
    return int(values.isna().sum())


def require_daily(frame: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    """As `require`, and one row a day in ascending order (days may be missing).

    Raises
    ------
    InvalidFrame
        Also if days repeat or stand out of order, or carry a time of day.
    """
    checked = require(frame, columns, name)
    days = checked["ds"]
    if not days.is_monotonic_increasing or days.duplicated().any():
        raise InvalidFrame(f"{name}: expected one row a day in ascending order of 'ds'")
    if (days != days.dt.normalize()).any():
        raise InvalidFrame(f"{name}: expected midnight in 'ds', found a time of day")
    return checked
