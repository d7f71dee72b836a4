"""Conventions of all local engines: which days are fitted, and how a forecast is cleaned up."""

import numpy as np

from forecasting.core.day_arrays import BoolArray, FloatArray, SeriesDays, SeriesForecast, day_of
from forecasting.core.errors import FitFailed

KNOWN_AFTER = 28
"""In a history of at least this many days, a weekday without an open day counts as never open."""

UNKNOWN_SPREAD = (-np.log(2.0), 0.0, np.log(2.0))
"""Log errors at q10, q50, q90 of a series that is too short for its own: half and double. A convention."""


def open_days(past: SeriesDays, engine: str) -> SeriesDays:
    """Return the open days of a history, after checking their demand.

    Parameters
    ----------
    past
        A history; it may be empty, and so may the result.
    engine
        Name of the engine in error messages.

    Raises
    ------
    FitFailed
        If the demand of an open day is infinite, missing or negative.
    """
    days = past[past.is_open]
    wrong = ~(np.isfinite(days.y) & (days.y >= 0))
    if wrong.any():
        first = int(wrong.argmax())
        when = day_of(int(days.days[first]))
        raise FitFailed(
            f"{engine}: expected demand of 0 or more, found {days.y[first]} on {when}"
            f" ({int(wrong.sum())} such days)"
        )
    return days


def some_open_days(past: SeriesDays, engine: str) -> SeriesDays:
    """As `open_days`, but require at least one.

    Raises
    ------
    FitFailed
        Also if no day is open.
    """
    days = open_days(past, engine)
    if not len(days):
        raise FitFailed(f"{engine}: expected at least one open day, found none among {len(past)} days")
    return days


def known_weekdays(past: SeriesDays) -> BoolArray:
    """(7,) True for weekdays that may have demand, Monday first.

    A weekday that was never open in a history of `KNOWN_AFTER` days or more has none. In a shorter history,
    every weekday may.

    Parameters
    ----------
    past
        A history of at least one day.
    """
    if past.days[-1] - past.days[0] + 1 < KNOWN_AFTER:
        return np.ones(7, dtype=np.bool_)
    return np.bincount(past.weekday[past.is_open], minlength=7) > 0


def forecast_arrays(
    future: SeriesDays, mean: FloatArray, quantiles: tuple[FloatArray, FloatArray, FloatArray]
) -> SeriesForecast:
    """Build a forecast from an engine's values that keeps the promises of `SeriesForecast.require`.

    Negative values become 0. A quantile below a lower quantile is raised to it. Closed days become exactly 0.

    Parameters
    ----------
    future
        The h days forecast; `is_open` says which are closed.
    mean, quantiles
        Expected demand and q10, q50, q90 in units; (h,) finite values each.
    """
    rising = np.maximum.accumulate(np.vstack(quantiles), axis=0)
    values = np.where(future.is_open, np.maximum(np.vstack([mean, rising]), 0.0), 0.0)
    return SeriesForecast(future.days, *values)
