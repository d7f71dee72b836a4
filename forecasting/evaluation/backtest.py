"""Rolling-origin backtests: an engine over the windows of a series, calibrated by what was known at each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from forecasting.chain import PooledSpread
from forecasting.domain import BacktestScore, SeriesKey
from forecasting.errors import FitFailed
from forecasting.evaluation.calibration import Scores, widened, widths
from forecasting.evaluation.metrics import week_sums, week_to_week_scale
from forecasting.evaluation.windows import Window
from forecasting.ports import LocalEngine
from forecasting.scores import ErrorSums
from forecasting.series import SeriesDays, SeriesForecast

EngineAt = Callable[[date], LocalEngine]
"""The engine with what was known over the chain at a cutoff."""

SpreadAt = Callable[[date], PooledSpread | None]
"""The chain's spread as it was known at a cutoff."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """One engine's forecasts over all windows of a series, as the engine made them.

    Attributes
    ----------
    windows
        The oldest first.
    forecasts
        One for each window.
    """

    engine: str
    past: SeriesDays
    windows: tuple[Window, ...]
    forecasts: tuple[SeriesForecast, ...]

    def scores(self) -> tuple[Scores, ...]:
        """The calibration scores of each window."""
        return tuple(
            Scores.of(window.truth(self.past), forecast, window.future(self.past).is_open, window.cutoff)
            for window, forecast in zip(self.windows, self.forecasts, strict=True)
        )

    def judged(self, spread_at: SpreadAt) -> BacktestScore:
        """The errors of what would have been published: each window calibrated by what was known then."""
        known = Scores.joined(self.scores())
        weeks = []
        for window, forecast in zip(self.windows, self.forecasts, strict=True):
            factors = widths(known.known_at(window.cutoff), spread_at(window.cutoff), window.horizon)
            weeks.append(self._week_sums(window, widened(forecast, factors)))
        return BacktestScore(
            self.engine,
            tuple(window.cutoff for window in self.windows),
            self.windows[0].horizon,
            tuple(ErrorSums.total(week) for week in zip(*weeks, strict=True)),
        )

    def widths(self, pooled: PooledSpread | None) -> tuple[float, ...]:
        """What the band of the forecast to come is widened by, from all windows."""
        return widths(Scores.joined(self.scores()), pooled, self.windows[0].horizon)

    def _week_sums(self, window: Window, forecast: SeriesForecast) -> tuple[ErrorSums, ...]:
        scale = week_to_week_scale(window.past(self.past))
        return week_sums(window.truth(self.past), forecast, window.future(self.past).is_open, scale, window)


def backtest(
    name: str, engine_at: EngineAt, key: SeriesKey, past: SeriesDays, windows: Sequence[Window]
) -> Backtest:
    """Fit and forecast each window; nothing after its cutoff is seen but the covariates of its horizon.

    Parameters
    ----------
    name
        The name the engine was asked for by, which an operator's own need not share.

    Raises
    ------
    FitFailed
        If one of the fits fails.
    InvalidFrame
        If the engine breaks its promises.
    """
    forecasts = tuple(
        fit_and_forecast(engine_at(window.cutoff), window.past(past), window.future(past), key)
        for window in windows
    )
    return Backtest(name, past, tuple(windows), forecasts)


def fit_and_forecast(
    engine: LocalEngine, past: SeriesDays, future: SeriesDays, key: SeriesKey
) -> SeriesForecast:
    """One fit and its forecast, promises checked.

    Raises
    ------
    FitFailed
        Naming the series.
    InvalidFrame
        If the engine breaks its promises.
    """
    try:
        forecast = engine.fit(past).forecast(future)
    except FitFailed as error:
        raise FitFailed(f"{key}: {error}") from error
    return forecast.require(future, f"{engine.name} forecast of {key}")
