"""Columns of every data frame, and validators for them (docs/adr/0001-column-schema.md).

======================  ===========================================================================
frame                   columns
======================  ===========================================================================
sales (`SALES`)         store, item, ds, y, is_open, promo, holiday, school_holiday; one row per item
                        and day, sorted by item and day; `y` is demand in the file's unit, at least 0
plan (`PLAN`)           store, item, ds and the covariates; item ``"all"`` applies to every item
series history          ds, y and the covariates of one series, sorted by ds, one row per day
(`HISTORY`)
future (`FUTURE`)       ds, the covariates, `assumed` (True if the plan lacks the day), one row per day
series forecast         ds, mean, q10, q50, q90
(`FORECAST`)
store forecast          item, engine, the series forecast and the `FUTURE` columns it was made from
(`STORE_FORECAST`)
track record (`TRACK`)  store and the fields of `domain.TrackRow`: a version's forecast, and the sales
======================  ===========================================================================

`store`, `item` and `holiday` are strings (``""`` is no holiday). `ds` is `datetime64` at midnight without a
time zone. `is_open`, `promo`, `school_holiday` and `assumed` are bool. Numbers are float64.
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
    """Check the names, dtypes and missing values of some columns, and return the frame with only these.

    Parameters
    ----------
    frame
        The frame to check.
    columns
        The columns to keep, in this order.
    name
        Name of the frame in error messages.

    Raises
    ------
    InvalidFrame
        If a column is missing, has the wrong dtype, or contains a missing value.
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
    """Number of missing values. NumPy dtypes are counted by NumPy, many times faster than by pandas."""
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "fMb":
        return int(np.count_nonzero(pd.isna(values.to_numpy())))
    return int(values.isna().sum())


def require_daily(frame: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    """As `require`, and also require one row per day in ascending order; days may be missing.

    Raises
    ------
    InvalidFrame
        Also if days repeat, are out of order, or have a time of day.
    """
    checked = require(frame, columns, name)
    days = checked["ds"]
    if not days.is_monotonic_increasing or days.duplicated().any():
        raise InvalidFrame(f"{name}: expected one row per day in ascending order of 'ds'")
    if (days != days.dt.normalize()).any():
        raise InvalidFrame(f"{name}: expected midnight in 'ds', found a time of day")
    return checked
