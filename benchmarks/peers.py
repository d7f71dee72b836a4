"""Peers for comparison: textbook Prophet, and the mean of the last four same weekdays.

A third peer, LightGBM, is in `benchmarks.boosting`. A method forecasts the scored series of a window.
"""

import logging
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from benchmarks.datasets import Window
from forecasting.core.day_arrays import BoolArray, FloatArray, IntArray, SeriesDays, SeriesForecast, day_of

Method = Callable[[Window], Mapping[str, SeriesForecast]]
"""Returns forecasts of `Window.scored`, each for all days of its future, by name of the series."""

TEXTBOOK, FOUR_WEEKS, LIGHTGBM = "textbook Prophet", "4-week mean", "LightGBM"
LAST = 4
ORIGINS = tuple(range(14, 366, 14))
"""Days before the cutoff at which the four-week mean is backtested, over one year."""


def textbook_prophet(window: Window) -> dict[str, SeriesForecast]:
    """`prophet.Prophet` with its defaults on raw sales, without regressors; nothing is clipped.

    The mean and the median are yhat; q10 and q90 are its 80% interval. If closed days are not scored, it is
    fitted without them (with them it is worse, because they become part of its noise).
    """
    from prophet import Prophet  # noqa: PLC0415 - slow to import, and in the process that needs it

    logging.disable(logging.WARNING)
    np.random.seed(0)  # noqa: NPY002 - what Prophet draws its intervals with
    forecasts = {}
    for name in window.scored:
        history, future = window.histories[name], window.futures[name]
        sold = _counts(window, history)
        prophet = Prophet(interval_width=0.8)
        prophet.fit(pd.DataFrame({"ds": _dates(history)[sold], "y": history.y[sold]}))
        found = prophet.predict(pd.DataFrame({"ds": _dates(future)}))
        yhat, low, high = (found[column].to_numpy() for column in ("yhat", "yhat_lower", "yhat_upper"))
        forecasts[name] = SeriesForecast(future.days, yhat, low, yhat, high)
    return forecasts


def four_week_mean(window: Window) -> dict[str, SeriesForecast]:
    """The mean of the last four same weekdays, with or without a promotion alike.

    The quantiles come from the ratios of demand to its own forecasts of as many days, made every second week
    of the last year.
    """
    return {name: _four_week_mean(window, name) for name in window.scored}


def _four_week_mean(window: Window, name: str) -> SeriesForecast:
    whole, future = window.histories[name], window.futures[name]
    history = whole[_counts(window, whole)]
    factors = [np.zeros(1)]
    for back in ORIGINS:
        known = history.up_to(day_of(int(whole.days[-1]) - back))
        came = history[len(known) :]
        came = came[came.days <= whole.days[-1] - back + window.horizon]
        if len(known):
            factors.append(np.log1p(came.y) - np.log1p(_cells(known, came)))
    mean = _cells(history, future)
    off = np.quantile(np.concatenate(factors), [0.1, 0.5, 0.9])
    return SeriesForecast(future.days, mean, *(np.expm1(np.log1p(mean) + each) for each in off))


def _cells(known: SeriesDays, asked: SeriesDays) -> FloatArray:
    """The mean of the last days with the same cell as each requested day, else of the last days of all."""
    cells, wanted = _cell(known), _cell(asked)
    found = np.full(len(asked), known.y[-7 * LAST :].mean())
    for cell in np.unique(wanted):
        alike = known.y[cells == cell]
        if alike.size:
            found[wanted == cell] = alike[-LAST:].mean()
    return found


def _cell(days: SeriesDays) -> IntArray:
    return 2 * days.weekday + days.promo


def _counts(window: Window, days: SeriesDays) -> BoolArray:
    """Days on which a peer is fitted: every day if zeros are scored, else open days with sales."""
    return np.ones(len(days), dtype=bool) if window.scores_zeros else days.is_open & (days.y > 0)


def _dates(days: SeriesDays) -> np.ndarray:
    return days.days.astype("datetime64[D]").astype("datetime64[ns]")
