"""Backtest windows, which keep what a model may see apart from the demand it is judged by."""

from dataclasses import dataclass
from datetime import date, timedelta

from forecasting.core.day_arrays import FloatArray, SeriesDays, number_of

STRIDE_DAYS = 28
"""Most days from one window to the next."""


@dataclass(frozen=True, slots=True)
class Window:
    """A backtest window: a model sees the days up to `cutoff`; the `horizon` days after it are scored."""

    cutoff: date
    horizon: int

    def past(self, days: SeriesDays) -> SeriesDays:
        """The days a model may be fitted on."""
        return days.up_to(self.cutoff)

    def future(self, days: SeriesDays) -> SeriesDays:
        """The days to forecast, with the covariates known in advance; demand is NaN."""
        return days.after(self.cutoff, self.horizon)

    def truth(self, days: SeriesDays) -> FloatArray:
        """(h,) demand of the same days, for scoring only; units."""
        ahead = days.days - number_of(self.cutoff)
        return days.y[(ahead > 0) & (ahead <= self.horizon)]


WINDOWS = 4
"""Number of windows of a backtest: two quarters if the horizon is four to eight weeks."""


def window_cutoffs(last: date, horizon: int, count: int = WINDOWS) -> tuple[date, ...]:
    """Cutoffs of the windows of a history that ends on `last`, oldest first."""
    stride = min(horizon, STRIDE_DAYS)
    return tuple(last - timedelta(days=horizon + stride * back) for back in reversed(range(count)))


def backtest_windows(
    past: SeriesDays, horizon: int, count: int = WINDOWS, least_days: int = 56
) -> tuple[Window, ...]:
    """Return the windows on which a series is scored, oldest first.

    The newest window scores the last `horizon` days. Each earlier one lies `STRIDE_DAYS` before the next (or
    `horizon` days, if that is less). Every window's horizon lies completely in the history.

    Parameters
    ----------
    past
        The history.
    horizon
        Number of days scored in each window.
    count
        Most windows to return.
    least_days
        Fewest days of history up to a window's cutoff; a window with fewer is left out.
    """
    if not len(past):
        return ()
    cutoffs = window_cutoffs(past.last, horizon, count)
    return tuple(
        Window(cutoff, horizon) for cutoff in cutoffs if (cutoff - past.first).days + 1 >= least_days
    )
