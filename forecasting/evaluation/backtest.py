"""Rolling-origin backtests: an engine over the windows of a series, calibrated by what was known at each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from forecasting.core.day_arrays import BoolArray, FloatArray, SeriesDays, SeriesForecast
from forecasting.core.domain import BacktestScore, SeriesKey
from forecasting.core.error_sums import ErrorSums
from forecasting.core.pooled_priors import PooledSpread
from forecasting.core.ports import LocalEngine
from forecasting.evaluation.calibration import Scores, widen, width_factors
from forecasting.evaluation.metrics import week_sums, week_to_week_scale
from forecasting.evaluation.series_fit import SeriesFit
from forecasting.evaluation.windows import Window

EngineAt = Callable[[date], LocalEngine]
"""The engine with what was known over the chain at a cutoff."""

SpreadAt = Callable[[date], PooledSpread | None]
"""The chain's spread as it was known at a cutoff."""


@dataclass(frozen=True, slots=True)
class WindowResult:
    """What an engine forecast of one window, and what came.

    Attributes
    ----------
    forecast
        As the engine made it.
    truth, opened
        (h,) demand, and whether the store was open.
    scale
        `metrics.week_to_week_scale` of what was seen.
    """

    window: Window
    forecast: SeriesForecast
    truth: FloatArray
    opened: BoolArray
    scale: float | None

    def scores(self) -> Scores:
        """Its calibration scores."""
        return Scores.of(self.truth, self.forecast, self.opened, self.window.cutoff)

    def week_sums(self, factors: Sequence[float]) -> tuple[ErrorSums, ...]:
        """Its errors by week ahead, with the band widen."""
        forecast = widen(self.forecast, factors)
        return week_sums(self.truth, forecast, self.opened, self.scale, self.window)


@dataclass(frozen=True, slots=True)
class Backtest:
    """One engine over all windows of a series.

    Attributes
    ----------
    horizon
        Of every window.
    results
        One for each window, the oldest first.
    scores
        All their calibration scores.
    """

    engine: str
    horizon: int
    results: tuple[WindowResult, ...]
    scores: Scores

    def judged(self, spread_at: SpreadAt) -> BacktestScore:
        """The errors of what would have been published: each window calibrated by what was known then."""
        weeks = []
        for each in self.results:
            cutoff = each.window.cutoff
            weeks.append(
                each.week_sums(width_factors(self.scores.known_at(cutoff), spread_at(cutoff), self.horizon))
            )
        return BacktestScore(
            self.engine,
            tuple(each.window.cutoff for each in self.results),
            self.horizon,
            tuple(ErrorSums.total(week) for week in zip(*weeks, strict=True)),
        )

    def width_factors(self, pooled: PooledSpread | None) -> tuple[float, ...]:
        """What the band of the forecast to come is widen by, from all windows."""
        return width_factors(self.scores, pooled, self.horizon)


def backtest(
    name: str, engine_at: EngineAt, key: SeriesKey, past: SeriesDays, windows: Sequence[Window]
) -> Backtest:
    """Fit and forecast each window; nothing after its cutoff is seen but the covariates of its horizon.

    Parameters
    ----------
    name
        The name the engine was asked for by, which an operator's own need not share.
    windows
        At least one.

    Raises
    ------
    FitFailed
        If one of the fits fails.
    InvalidFrame
        If the engine breaks its promises.
    """
    results = tuple(_evaluate_window(engine_at(window.cutoff), key, past, window) for window in windows)
    return Backtest(name, windows[0].horizon, results, Scores.joined([each.scores() for each in results]))


def _evaluate_window(engine: LocalEngine, key: SeriesKey, past: SeriesDays, window: Window) -> WindowResult:
    seen, ahead = window.past(past), window.future(past)
    forecast = fit_and_forecast(engine, seen, ahead, key)
    return WindowResult(window, forecast, window.truth(past), ahead.is_open, week_to_week_scale(seen))


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
    return SeriesFit.of(engine, past, key).forecast(future)
