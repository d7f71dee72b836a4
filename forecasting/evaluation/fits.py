"""One series fitted: its forecast, promises checked, and why that says what it says."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from forecasting.core.day_arrays import FloatArray, SeriesDays, SeriesForecast
from forecasting.core.domain import SeriesKey
from forecasting.core.errors import FitFailed
from forecasting.core.explanation import ENGINE, LEVEL, WEEKDAY, Explanation, Origin
from forecasting.core.ports import ExplainableSeries, FittedSeries, LocalEngine

RECENT_DAYS = 56
"""Days looked back for the usual level of a series whose engine does not say why: eight of each weekday."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted series.

    Attributes
    ----------
    engine
        What it was fitted by, as it calls itself.
    past
        What it was fitted to.
    """

    engine: str
    key: SeriesKey
    past: SeriesDays
    fitted: FittedSeries

    @classmethod
    def of(cls, engine: LocalEngine, past: SeriesDays, key: SeriesKey) -> Self:
        """Fit a series.

        Raises
        ------
        FitFailed
            Naming the series.
        """
        try:
            return cls(engine.name, key, past, engine.fit(past))
        except FitFailed as error:
            raise FitFailed(f"{key}: {error}") from error

    def forecast(self, future: SeriesDays) -> SeriesForecast:
        """Forecast days to come.

        Raises
        ------
        FitFailed
            Naming the series.
        InvalidFrame
            If the engine breaks its promises.
        """
        try:
            forecast = self.fitted.forecast(future)
        except FitFailed as error:
            raise FitFailed(f"{self.key}: {error}") from error
        return forecast.require(future, f"{self.engine} forecast of {self.key}")

    def explanation(self, future: SeriesDays, mean: FloatArray) -> Explanation:
        """What the expected demand of each day is made of.

        Parameters
        ----------
        mean
            (h,) as it was forecast.

        Raises
        ------
        InvalidFrame
            If the engine breaks its promises.
        """
        if not isinstance(self.fitted, ExplainableSeries):
            return from_history(self.past, future, mean)
        name = f"{self.engine} explanation of {self.key}"
        return self.fitted.explain(future).require(future, mean, name).with_level_for(mean)


def from_history(past: SeriesDays, future: SeriesDays, mean: FloatArray) -> Explanation:
    """Set a forecast that comes without reasons against recent sales.

    Of the open days of the last `RECENT_DAYS` that are no holidays (or all, where there are no others) the
    level is the mean; a weekday is its own mean less the level, 0 where there is none; what is left is what
    the engine adds. So the first two steps are facts of the past, and the last is not told apart.
    """
    recent = past[past.is_open & (past.days > past.days[-1] - RECENT_DAYS)]
    plain = recent.holiday == 0
    days = recent[plain] if plain.any() else recent
    level = float(days.y.mean()) if len(days) else 0.0
    counts = np.bincount(days.weekday, minlength=7)
    sums = np.bincount(days.weekday, days.y, 7)
    weekday = np.divide(sums, counts, out=np.full(7, level), where=counts > 0) - level
    known = {LEVEL: level * future.is_open, WEEKDAY: weekday[future.weekday] * future.is_open}
    return Explanation(Origin.HISTORY, {**known, ENGINE: mean - known[LEVEL] - known[WEEKDAY]})
