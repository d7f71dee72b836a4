"""The ports for engines that fit and forecast in this process."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from forecasting.core.day_arrays import SeriesDays, SeriesForecast
from forecasting.core.explanation import Explanation


class FittedSeries(Protocol):
    """One fitted series."""

    def forecast(self, future: SeriesDays) -> SeriesForecast:
        """Forecast the days of `future`.

        Parameters
        ----------
        future
            Days after the fit's cutoff; their `y` is NaN.

        Returns
        -------
        SeriesForecast
            The same days in the same order. It satisfies `SeriesForecast.require`.
        """
        ...


class LocalEngine(Protocol):
    """An engine that fits and forecasts in this process. It is deterministic and uses only its arguments."""

    @property
    def name(self) -> str:
        """The name shown to planners and stored with every forecast."""
        ...

    def fit(self, past: SeriesDays) -> FittedSeries:
        """Fit one series.

        Parameters
        ----------
        past
            The history of the series; its last day is the cutoff.

        Raises
        ------
        FitFailed
            If the series cannot be fitted; the message says what was expected and what was found.
        """
        ...


@runtime_checkable
class PoolableSeries(FittedSeries, Protocol):
    """A fitted series whose coefficients can be pooled over all stores."""

    @property
    def coefficients(self) -> Mapping[str, float]:
        """Coefficients on the log scale of demand, by name. A name means the same in every series."""
        ...


@runtime_checkable
class ExplainableSeries(FittedSeries, Protocol):
    """A fitted series that can explain its forecast step by step."""

    def explain(self, future: SeriesDays) -> Explanation:
        """Split the expected demand of each day into steps. The result satisfies `Explanation.require`."""
        ...
