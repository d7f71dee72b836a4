"""A fitted series: its forecast, checked against the promises of every engine, and its explanation."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from forecasting.core.day_arrays import FloatArray, SeriesDays, SeriesForecast
from forecasting.core.domain import SeriesKey
from forecasting.core.errors import FitFailed
from forecasting.core.explanation import ENGINE, LEVEL, WEEKDAY, Explanation, Origin
from forecasting.core.ports import ExplainableSeries, FittedSeries, LocalEngine

RECENT_DAYS = 56
"""Days of history that give the usual level when an engine explains nothing: eight of each weekday."""


@dataclass(frozen=True, slots=True)
class SeriesFit:
    """One series fitted by one engine.

    Attributes
    ----------
    engine
        The engine's own name for itself.
    past
        The history it was fitted to; the last day is the cutoff.
    fitted
        What the engine returned.
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
            If the engine can't fit it; the message names the series.
        """
        try:
            return cls(engine.name, key, past, engine.fit(past))
        except FitFailed as error:
            raise FitFailed(f"{key}: {error}") from error

    def forecast(self, future: SeriesDays) -> SeriesForecast:
        """Forecast the days of `future`.

        Raises
        ------
        FitFailed
            If the engine can't forecast them; the message names the series.
        InvalidFrame
            If the forecast breaks a promise of `SeriesForecast.require`.
        """
        try:
            forecast = self.fitted.forecast(future)
        except FitFailed as error:
            raise FitFailed(f"{self.key}: {error}") from error
        return forecast.require(future, f"{self.engine} forecast of {self.key}")

    def explanation(self, future: SeriesDays, mean: FloatArray) -> Explanation:
        """Split the expected demand of each day into steps; `from_history` if the engine can't explain it.

        Parameters
        ----------
        future
            The days that were forecast.
        mean
            (h,) their expected demand, as the engine forecast it.

        Raises
        ------
        InvalidFrame
            If the engine's explanation breaks a promise of `Explanation.require`.
        """
        if not isinstance(self.fitted, ExplainableSeries):
            return from_history(self.past, future, mean)
        name = f"{self.engine} explanation of {self.key}"
        return self.fitted.explain(future).require(future, mean, name).with_level_for(mean)


def from_history(past: SeriesDays, future: SeriesDays, mean: FloatArray) -> Explanation:
    """Explain a forecast by recent sales, for engines that don't explain it themselves.

    The level is the mean over the open days of the last `RECENT_DAYS`, holidays excluded unless there are no
    other days. A weekday's step is its own mean less the level, or 0 if it has no such day. The remainder is
    the engine's step. The first two steps are therefore facts about past sales; the last is not broken down
    further.

    Parameters
    ----------
    past
        The history the forecast was made from.
    future
        The days that were forecast.
    mean
        (h,) their expected demand.
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
