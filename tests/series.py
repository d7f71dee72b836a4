"""Synthetic daily series: pure functions of their arguments and a seed."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from forecasting.core import schema
from forecasting.core.day_arrays import IntArray, SeriesDays

START = pd.Timestamp("2017-01-02")  # a Monday

WEEKDAY_FACTORS = np.array([1.1, 0.9, 0.95, 1.0, 1.2, 1.4, 0.8])


def daily_series(  # noqa: PLR0913 - each argument is one trait of the series
    days: int,
    *,
    seed: int = 0,
    level: float = 200.0,
    growth: float = 0.0,
    promo: float = 1.4,
    holiday: float = 0.5,
    zeros: float = 0.0,
    noise: float = 0.1,
    closed: Collection[int] = (6,),
) -> pd.DataFrame:
    """Return `schema.HISTORY` of a store.

    Parameters
    ----------
    days
        Length, from Monday 2 January 2017 on.
    level, growth
        Demand of an ordinary day, and by how much of it demand grows a year.
    promo, holiday
        Factors on promotion days (Monday to Friday of every other week) and on holidays (every 37th day).
    zeros
        Share of open days on which nothing was asked for.
    noise
        Standard deviation of the noise on the log scale.
    closed
        Weekdays the store never opens (0 is Monday).
    """
    rng = np.random.default_rng(seed)
    day = np.arange(days)
    weekday = day % 7
    is_open = ~np.isin(weekday, list(closed))
    on_promo = (weekday < 5) & (day // 7 % 2 == 1)
    on_holiday = day % 37 == 36
    demand = level * (1 + growth * day / 365) * WEEKDAY_FACTORS[weekday]
    demand = demand * np.where(on_promo, promo, 1.0) * np.where(on_holiday, holiday, 1.0)
    demand = np.round(demand * np.exp(noise * rng.standard_normal(days)))
    demand = np.where(is_open & (rng.random(days) >= zeros), demand, 0.0)
    return pd.DataFrame(
        {
            "ds": START + pd.to_timedelta(day, unit="D"),
            "y": demand.astype(np.float64),
            "is_open": is_open,
            "promo": on_promo,
            "holiday": np.where(on_holiday, "Some holiday", ""),
            "school_holiday": day // 7 % 9 == 8,
        }
    ).loc[:, list(schema.HISTORY)]


def as_days(frame: pd.DataFrame) -> SeriesDays:
    """A frame as engines see it."""
    return SeriesDays.from_frame(frame, "series")


def day_numbers(frame: pd.DataFrame) -> IntArray:
    """(n,) days since 1970-01-01 of a frame's `ds`."""
    return frame["ds"].to_numpy().astype("datetime64[D]").astype(np.int64)


def split(series: pd.DataFrame, horizon: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cut the last `horizon` days off: history, and the days after it without `y`, both `schema` frames."""
    at = len(series) - horizon
    history = series.iloc[:at].reset_index(drop=True)
    future = series.iloc[at:].drop(columns="y").assign(assumed=False).reset_index(drop=True)
    return history, future.loc[:, list(schema.FUTURE)]


def days_by_item(frame: pd.DataFrame) -> dict[str, SeriesDays]:
    """`schema.SALES` or `schema.PLAN` of one store as arrays, by item."""
    return {
        str(item): SeriesDays.from_checked_frame(rows) for item, rows in frame.groupby("item", sort=False)
    }
