"""Backtest windows: what a model may see, and the truth it is judged by, kept apart."""

from dataclasses import dataclass
from datetime import date, timedelta

from forecasting.core.day_arrays import FloatArray, SeriesDays, number_of

STRIDE_DAYS = 28
"""Days from one window to the next, at most."""


@dataclass(frozen=True, slots=True)
class Window:
    """Everything up to `cutoff` is seen, the `horizon` days after it are scored."""

    cutoff: date
    horizon: int

    def past(self, days: SeriesDays) -> SeriesDays:
        """The days a model may be fitted on."""
        return days.up_to(self.cutoff)

    def future(self, days: SeriesDays) -> SeriesDays:
        """The window's days with what was known ahead of them; their demand is withheld."""
        return days.after(self.cutoff, self.horizon)

    def truth(self, days: SeriesDays) -> FloatArray:
        """The demand of the same days, for scoring only."""
        ahead = days.days - number_of(self.cutoff)
        return days.y[(ahead > 0) & (ahead <= self.horizon)]


WINDOWS = 4
"""Windows of a backtest: two quarters where the horizon is four to eight weeks."""


def window_cutoffs(last: date, horizon: int, count: int = WINDOWS) -> tuple[date, ...]:
    """The cutoffs of the windows of a history that ends at `last`, the oldest first."""
    stride = min(horizon, STRIDE_DAYS)
    return tuple(last - timedelta(days=horizon + stride * back) for back in reversed(range(count)))


def backtest_windows(
    past: SeriesDays, horizon: int, count: int = WINDOWS, least_days: int = 56
) -> tuple[Window, ...]:
    """Return the windows to score a series on, the oldest first.

    The newest is over the last `horizon` days, each earlier one lies `STRIDE_DAYS` before it (or `horizon`,
    where that is less), so every window's horizon lies wholly in the history.

    Parameters
    ----------
    past
        The history.
    horizon
        Days scored in each.
    count
        At most that many.
    least_days
        Days of history that must remain up to a window's cutoff; a shorter series has no window.
    """
    if not len(past):
        return ()
    cutoffs = window_cutoffs(past.last, horizon, count)
    return tuple(
        Window(cutoff, horizon) for cutoff in cutoffs if (cutoff - past.first).days + 1 >= least_days
    )
