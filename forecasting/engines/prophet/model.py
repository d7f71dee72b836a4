"""The part that touches Prophet and CmdStan: one series into one fitted model."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from forecasting.engines.shaping import FloatArray
from forecasting.errors import EngineUnavailable, FitFailed

if TYPE_CHECKING:
    from prophet import Prophet

REGRESSORS = ("promo", "holiday", "school_holiday")
"""Covariates the model may use, each as 0 or 1."""

YEARLY_FROM = timedelta(days=350)
"""Length of history from which a yearly season is fitted."""

CHANGEPOINT_PRIOR, SEASON_PRIOR, REGRESSOR_PRIOR = 0.01, 0.05, 0.5
"""Prior scales (Prophet's own: 0.05, 10, 10): measured better or equal on rolling cutoffs of retail sales."""

FIT_TIMEOUT = 60.0
"""Seconds after which CmdStan is stopped; a fit takes well under one."""

_LOGGERS = ("prophet", "prophet.models", "cmdstanpy")


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted Prophet model.

    Attributes
    ----------
    regressors
        The covariates it was fitted with.
    first, last
        First and last day fitted.
    sigma
        Standard deviation of the noise, in fitted values.
    delta
        Slope changes, in fitted values per unit of scaled time (the length of the history).
    """

    prophet: "Prophet"
    regressors: tuple[str, ...]
    first: pd.Timestamp
    last: pd.Timestamp
    sigma: float
    delta: FloatArray

    def predict(self, days: pd.DataFrame) -> FloatArray:
        """Fitted values (log1p of demand) for the days of a `schema.FUTURE` frame, at least one."""
        with _quiet():
            predicted = self.prophet.predict(design(days, self.regressors))
        return predicted["yhat"].to_numpy(dtype=np.float64)

    def ahead(self, days: pd.DataFrame) -> FloatArray:
        """Time of each day beyond the last one fitted, in units of the history's length."""
        beyond = (days["ds"] - self.last) / (self.last - self.first)
        return np.asarray(beyond, dtype=np.float64)


def design(days: pd.DataFrame, regressors: tuple[str, ...]) -> pd.DataFrame:
    """Columns `ds` and `regressors` (float64, 0 or 1) for a frame with the covariates."""
    flags = {name: days[name] != "" if name == "holiday" else days[name] for name in regressors}
    return pd.DataFrame({"ds": days["ds"], **{name: flag.astype(float) for name, flag in flags.items()}})


def fit(days: pd.DataFrame) -> Model:
    """Fit Prophet to ``log1p(y)``.

    Linear trend with 25 changepoints, additive weekly season, a yearly one from about a year of history on,
    and those of `REGRESSORS` that vary within `days`.

    Parameters
    ----------
    days
        `schema.HISTORY`, open days with demand above 0.

    Raises
    ------
    EngineUnavailable
        If the package prophet is not installed.
    FitFailed
        If CmdStan finds no optimum, or none in time.
    """
    every = design(days, REGRESSORS)
    regressors = tuple(name for name in REGRESSORS if every[name].min() < every[name].max())
    frame = every[["ds", *regressors]].assign(y=np.log1p(days["y"]))
    prophet = _blank(frame, regressors)
    _optimise(prophet, frame)
    scale = cast("float", prophet.y_scale)  # None before the fit only
    sigma, delta = (np.asarray(prophet.params[name], dtype=np.float64)[0] for name in ("sigma_obs", "delta"))
    ends = frame["ds"].iloc[0], frame["ds"].iloc[-1]
    return Model(prophet, regressors, *ends, sigma=float(sigma[0] * scale), delta=delta * scale)


def _optimise(prophet: "Prophet", frame: pd.DataFrame) -> None:
    try:
        with _quiet(), TemporaryDirectory(prefix="storecast-prophet-") as folder:
            prophet.fit(frame, output_dir=folder, timeout=FIT_TIMEOUT)
    except (RuntimeError, TimeoutError) as error:
        raise FitFailed(f"prophet: expected CmdStan to find an optimum, found: {error}") from error
    if not all(np.isfinite(values).all() for values in prophet.params.values()):
        raise FitFailed("prophet: expected finite parameters, found others")


def _blank(frame: pd.DataFrame, regressors: tuple[str, ...]) -> "Prophet":
    """A model that is not fitted yet; imports Prophet, which takes about two seconds the first time."""
    try:
        from prophet import Prophet  # noqa: PLC0415 - only worker processes pay for it
    except ImportError as error:
        raise EngineUnavailable(f"prophet: expected the package to be installed, found: {error}") from error
    span = frame["ds"].iloc[-1] - frame["ds"].iloc[0]
    with _quiet():
        prophet = Prophet(
            growth="linear",
            n_changepoints=25,
            changepoint_range=0.8,
            changepoint_prior_scale=CHANGEPOINT_PRIOR,
            seasonality_prior_scale=SEASON_PRIOR,
            weekly_seasonality=3,
            yearly_seasonality=10 if span >= YEARLY_FROM else False,
            daily_seasonality=False,
            uncertainty_samples=0,
        )
    for name in regressors:
        prophet.add_regressor(name, prior_scale=REGRESSOR_PRIOR, standardize=False)
    return prophet


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Prophet and CmdStan: what matters of what they log comes back as an error."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled
