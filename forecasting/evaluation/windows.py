"""Backtest windows: what a model may see, and the truth it is judged by, kept apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from forecasting import schema


@dataclass(frozen=True, slots=True)
class Window:
    """Everything up to `cutoff` is seen, the `horizon` days after it are scored."""

    cutoff: date
    horizon: int

    def past(self, history: pd.DataFrame) -> pd.DataFrame:
        """The rows a model may be fitted on (`schema.HISTORY`)."""
        return history[history["ds"] <= pd.Timestamp(self.cutoff)]

    def future(self, history: pd.DataFrame) -> pd.DataFrame:
        """The window's days with what was known ahead of them (`ds` and the covariates, no `y`)."""
        return self._after(history).loc[:, ["ds", *schema.COVARIATES]].reset_index(drop=True)

    def truth(self, history: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """The demand of the same days, for scoring only."""
        return self._after(history)["y"].to_numpy(np.float64)

    def _after(self, history: pd.DataFrame) -> pd.DataFrame:
        start = pd.Timestamp(self.cutoff)
        return history[(history["ds"] > start) & (history["ds"] <= start + pd.Timedelta(days=self.horizon))]


def backtest_windows(history: pd.DataFrame, horizon: int, least_days: int = 56) -> Sequence[Window]:
    """Return the windows to score a series on: one, over its last `horizon` days.

    Parameters
    ----------
    history
        `schema.HISTORY`.
    least_days
        Days of history that must remain before the cutoff; a shorter series has no window.
    """
    last = history["ds"].iloc[-1]
    cutoff = last - pd.Timedelta(days=horizon)
    if (cutoff - history["ds"].iloc[0]).days + 1 < least_days:
        return ()
    return (Window(cutoff.date(), horizon),)
