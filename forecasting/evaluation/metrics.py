"""Compute the `ErrorSums` of forecasts."""

import numpy as np

from forecasting.core.day_arrays import BoolArray, FloatArray, SeriesDays, SeriesForecast, number_of
from forecasting.core.domain import QUANTILES
from forecasting.core.error_sums import ErrorSums
from forecasting.evaluation.windows import Window

WEEK = 7


def error_sums(
    truth: FloatArray, forecast: SeriesForecast, opened: BoolArray, scale: float | None
) -> ErrorSums:
    """Sum the errors of some days.

    Parameters
    ----------
    truth
        (h,) demand in units.
    forecast
        Forecast of the same days.
    opened
        (h,) True for days that count.
    scale
        `week_to_week_scale` of the history; None leaves the scaled sums at 0.
    """
    return _sums(_errors(truth, forecast, scale)[:, opened].sum(axis=1))


def week_sums(
    truth: FloatArray, forecast: SeriesForecast, opened: BoolArray, scale: float | None, window: Window
) -> tuple[ErrorSums, ...]:
    """`error_sums` by week ahead: the first covers days 1 to 7 after the window's cutoff.

    Returns
    -------
    tuple
        One entry per week of the horizon; the last week may be incomplete, and a week may have no scored day.
    """
    week = (forecast.days - number_of(window.cutoff) - 1) // WEEK
    weeks = np.arange(-(-window.horizon // WEEK))
    chosen = (week[:, None] == weeks) & opened[:, None]
    return tuple(_sums(column) for column in (_errors(truth, forecast, scale) @ chosen).T)


def week_to_week_scale(past: SeriesDays) -> float | None:
    """Mean absolute change from a day to the same weekday a week later, if both are open; units of demand.

    This is the in-sample error of the seasonal naive method with a period of one week, which MASE divides by
    (Hyndman & Koehler 2006, "Another look at measures of forecast accuracy"). None if there is no such pair,
    or no change at all.
    """
    days = past[past.is_open]
    at = np.searchsorted(days.days, days.days - WEEK)
    paired = days.days[at] == days.days - WEEK
    changes = np.abs(days.y - days.y[at])[paired]
    return float(changes.mean()) if changes.any() else None


def _errors(truth: FloatArray, forecast: SeriesForecast, scale: float | None) -> FloatArray:
    """(10, h) contribution of each day to the fields of `ErrorSums`, in their order."""
    every, sold = np.ones(truth.size), truth > 0
    missed = np.abs(truth - forecast.q50)
    ratio = np.divide(missed, truth, out=np.zeros(truth.size), where=sold)
    return np.vstack(
        [
            every,
            truth,
            missed,
            forecast.mean - truth,
            _quantile_loss(truth, forecast),
            (forecast.q10 <= truth) & (truth <= forecast.q90),
            missed / scale if scale else 0 * every,
            every if scale else 0 * every,
            ratio**2,
            sold,
        ]
    )


def _quantile_loss(truth: FloatArray, forecast: SeriesForecast) -> FloatArray:
    """(h,) mean over τ of 2·max(τ(y - q), (τ - 1)(y - q))."""
    levels = np.array(QUANTILES)[:, None]
    off = truth - np.vstack([forecast.q10, forecast.q50, forecast.q90])
    loss: FloatArray = np.maximum(levels * off, (levels - 1) * off).mean(axis=0)
    return 2 * loss


def _sums(errors: FloatArray) -> ErrorSums:
    """Build `ErrorSums` from a (10,) sum over columns of `_errors`."""
    days, sold, missed, over, loss, inside, scaled, scaled_days, squared, squared_days = errors.tolist()
    return ErrorSums(
        days=round(days),
        sold=sold,
        missed=missed,
        over=over,
        loss=loss,
        inside=round(inside),
        scaled=scaled,
        scaled_days=round(scaled_days),
        squared=squared,
        squared_days=round(squared_days),
    )
