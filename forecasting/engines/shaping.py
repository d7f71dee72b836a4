"""What every local engine does before it fits and after it has forecast."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting import schema
from forecasting.errors import FitFailed

FloatArray = npt.NDArray[np.float64]

FUTURE_COLUMNS = ("ds", *schema.COVARIATES)
"""What an engine needs to know of the days to forecast."""


def open_days(history: pd.DataFrame, engine: str) -> pd.DataFrame:
    """Return the days of a history that tell something about demand: those the store was open.

    Parameters
    ----------
    history
        `schema.HISTORY`.
    engine
        Name used in messages.

    Returns
    -------
    pandas.DataFrame
        `schema.HISTORY`, open days only, index 0, 1, 2 …; may be empty.

    Raises
    ------
    InvalidFrame
        If `history` breaks its schema.
    FitFailed
        If an open day has an infinite or negative demand.
    """
    days = schema.require_daily(history, schema.HISTORY, f"{engine}: history")
    days = days.loc[days["is_open"]].reset_index(drop=True)
    wrong = ~(np.isfinite(days["y"]) & (days["y"] >= 0))
    if wrong.any():
        first = days.loc[wrong].iloc[0]
        raise FitFailed(
            f"{engine}: expected demand of 0 or more, found {first['y']} on {first['ds']:%Y-%m-%d}"
            f" ({int(wrong.sum())} such days)"
        )
    return days


def forecast_frame(
    future: pd.DataFrame, mean: FloatArray, quantiles: tuple[FloatArray, FloatArray, FloatArray]
) -> pd.DataFrame:
    """Put an engine's values into a frame that keeps the promises of `schema.require_forecast`.

    Values below 0 become 0, a quantile below a lower one is raised to it, closed days become exactly 0.

    Parameters
    ----------
    future
        `schema.FUTURE`; gives days, order and closed days.
    mean, quantiles
        Expected demand and q10, q50, q90; one finite value per row of `future`.

    Returns
    -------
    pandas.DataFrame
        `schema.FORECAST`.
    """
    is_open = future["is_open"].to_numpy(dtype=bool)
    rising = np.maximum.accumulate(np.vstack(quantiles), axis=0)
    values = np.where(is_open, np.maximum(np.vstack([mean, rising]), 0.0), 0.0)
    columns = dict(zip(schema.VALUES, values, strict=True))
    return pd.DataFrame({"ds": future["ds"].to_numpy(), **columns})
