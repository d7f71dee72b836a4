"""What the engine fits: Prophet's model on the log of demand, with this product's settings."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from forecasting.engines.prophet.calendar import DayArray
from forecasting.engines.prophet.design import Regressor, Settings
from forecasting.engines.prophet.predict import Fitted
from forecasting.engines.prophet.predict import fit as fit_series
from forecasting.engines.shaping import FloatArray

REGRESSORS = ("promo", "holiday", "school_holiday")
"""Covariates the model may use, each as 0 or 1."""

YEARLY_FROM = 350
"""Days of history from which a yearly season is fitted."""

CHANGEPOINT_PRIOR, SEASON_PRIOR, REGRESSOR_PRIOR = 0.01, 0.05, 0.5
"""Prior scales (Prophet's own: 0.05, 10, 10): measured better or equal on rolling cutoffs of retail sales."""


def day_numbers(days: pd.DataFrame) -> DayArray:
    """(n,) days since 1970-01-01 of a frame's `ds`."""
    return days["ds"].to_numpy().astype("datetime64[D]").astype(np.int64)


def covariates(days: pd.DataFrame) -> dict[str, FloatArray]:
    """`REGRESSORS` of a frame with the covariates, each (n,) of 0 and 1."""
    flags = {name: days[name] != "" if name == "holiday" else days[name] for name in REGRESSORS}
    return {name: np.asarray(flag, dtype=np.float64) for name, flag in flags.items()}


def settings(days: DayArray, known: Mapping[str, FloatArray]) -> Settings:
    """Linear trend with 25 changepoints, additive weekly season, and what the history is enough for.

    A yearly season from about a year on, and those of `REGRESSORS` that vary.

    Parameters
    ----------
    days
        (n,) days fitted, since 1970-01-01, ascending.
    known
        `covariates` of these days.
    """
    return Settings(
        changepoints=25,
        changepoint_range=0.8,
        changepoint_prior=CHANGEPOINT_PRIOR,
        season_prior=SEASON_PRIOR,
        weekly=3,
        yearly=10 if days[-1] - days[0] >= YEARLY_FROM else 0,
        regressors=tuple(
            Regressor(name, REGRESSOR_PRIOR, standardize=False)
            for name, values in known.items()
            if values.min() < values.max()
        ),
    )


def fit(history: pd.DataFrame) -> Fitted:
    """Fit ``log1p(y)`` of `schema.HISTORY`: open days with demand above 0, ascending, at least one.

    Raises
    ------
    FitFailed
        If there are fewer than two days, or no mode was found.
    """
    days, known = day_numbers(history), covariates(history)
    logs = np.log1p(history["y"].to_numpy(dtype=np.float64))
    return fit_series(days, logs, known, settings(days, known))
