"""What every local engine does before it fits and after it has forecast."""

import numpy as np

from forecasting.core.day_arrays import BoolArray, FloatArray, SeriesDays, SeriesForecast, day_of
from forecasting.core.errors import FitFailed

__all__ = [
    "KNOWN_AFTER",
    "UNKNOWN_SPREAD",
    "FloatArray",
    "forecast_arrays",
    "known_weekdays",
    "open_days",
    "some_open_days",
]

KNOWN_AFTER = 28
"""Days of history after which a weekday without a single open day counts as one the store never opens."""

UNKNOWN_SPREAD = (-np.log(2.0), 0.0, np.log(2.0))
"""Log errors at q10, q50, q90 of a series too short to have its own: half and double. A convention."""


def open_days(past: SeriesDays, engine: str) -> SeriesDays:
    """Return the days of a history that tell something about demand: those the store was open.

    Parameters
    ----------
    past
        A history; may be empty, and so may be what is returned.
    engine
        Name used in messages.

    Raises
    ------
    FitFailed
        If an open day has a demand that is infinite, missing or negative.
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
    """Return `open_days`, at least one.

    Raises
    ------
    FitFailed
        Also if there is none.
    """
    days = open_days(past, engine)
    if not len(days):
        raise FitFailed(f"{engine}: expected at least one open day, found none among {len(past)} days")
    return days


def known_weekdays(past: SeriesDays) -> BoolArray:
    """(7,) weekdays, Monday first, something is known of.

    A weekday that was never open in a history of `KNOWN_AFTER` days or more is one the store never opens;
    in a shorter one it may yet.

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
    """Make a forecast of an engine's values that keeps the promises of `SeriesForecast.require`.

    Values below 0 become 0, a quantile below a lower one is raised to it, closed days become exactly 0.

    Parameters
    ----------
    future
        Gives the days, and which of them are closed.
    mean, quantiles
        Expected demand and q10, q50, q90; (h,) finite values each.
    """
    rising = np.maximum.accumulate(np.vstack(quantiles), axis=0)
    values = np.where(future.is_open, np.maximum(np.vstack([mean, rising]), 0.0), 0.0)
    return SeriesForecast(future.days, *values)
