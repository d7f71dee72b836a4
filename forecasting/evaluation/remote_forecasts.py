"""Forecasts fetched from a remote engine, in the shape of a local engine.

A remote engine delivers forecasts of its own backtest windows and of the days to forecast. In this shape they
are backtested, calibrated, chosen and published like those of any other engine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from forecasting.core.day_arrays import IntArray, SeriesDays, SeriesForecast, day_of
from forecasting.core.errors import FitFailed
from forecasting.core.ports import FittedSeries, StoreForecasts


@dataclass(frozen=True, slots=True)
class RemoteSeriesEngine:
    """A `ports.LocalEngine` for one series, which looks its forecasts up instead of computing them.

    Attributes
    ----------
    name
        The remote engine's name.
    forecasts
        As in `StoreForecasts`.
    """

    name: str
    forecasts: Sequence[SeriesForecast] = ()

    def fit(self, past: SeriesDays) -> FittedSeries:
        """Select the forecasts that start after this history and so can't have seen what followed it.

        Raises
        ------
        FitFailed
            If there are none.
        """
        last = int(past.days[-1])
        later = tuple(each for each in self.forecasts if len(each) and each.days[0] > last)
        if not later:
            raise FitFailed(f"{self.name} has no forecast from {day_of(last + 1)} on")
        return RemoteSeriesFit(self.name, later)


@dataclass(frozen=True, slots=True)
class RemoteStoreForecasts:
    """The forecasts of one remote engine for the series of one store."""

    engine: str
    items: StoreForecasts

    def engine_of(self, item: str) -> RemoteSeriesEngine:
        """The engine of one series."""
        return RemoteSeriesEngine(self.engine, self.items.get(item, ()))

    def windows(self, item: str, past: SeriesDays) -> tuple[tuple[date, int], ...]:
        """Cutoff and days of each backtest window that a history covers completely, the oldest first."""
        forecasts = sorted(self.items.get(item, ()), key=lambda each: int(each.days[0]))
        return tuple(
            (day_of(int(each.days[0]) - 1), len(each))
            for each in forecasts
            if past.days[0] < each.days[0] and each.days[-1] <= past.days[-1]
        )


@dataclass(frozen=True, slots=True)
class RemoteSeriesFit:
    """The forecasts of one series that start after a history.

    Attributes
    ----------
    name
        The remote engine's name.
    forecasts
        As they were fetched; at least one.
    """

    name: str
    forecasts: tuple[SeriesForecast, ...]

    def forecast(self, future: SeriesDays) -> SeriesForecast:
        """Look up the days of `future` and clean the values.

        Negative values become 0, quantiles are put in order, and closed days become exactly 0.

        Raises
        ------
        FitFailed
            If a day is missing, or one of the values of an open day.
        """
        at, found = self._covering(future)
        values = np.vstack([found.mean[at], found.q10[at], found.q50[at], found.q90[at]])
        missing = future.is_open & ~np.isfinite(values).all(axis=0)
        if missing.any():
            day = day_of(int(future.days[missing][0]))
            raise FitFailed(
                f"{self.name} has no complete value for {day}: one of mean, p10, p50, p90 is missing"
            )
        values = np.where(future.is_open, np.maximum(values, 0.0), 0.0)
        low, middle, high = np.sort(values[1:], axis=0)
        return SeriesForecast(future.days, values[0], low, middle, high)

    def _covering(self, future: SeriesDays) -> tuple[IntArray, SeriesForecast]:
        """The rows of the first forecast that has every day of `future`, and that forecast."""
        missing = future.days
        for forecast in self.forecasts:
            at = np.minimum(np.searchsorted(forecast.days, future.days), len(forecast) - 1)
            found = forecast.days[at] == future.days
            if found.all():
                return at, forecast
            missing = min(missing, future.days[~found], key=len)
        raise FitFailed(f"{self.name} has no value for {day_of(int(missing[0]))}")
