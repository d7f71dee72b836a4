"""Rolling-origin backtests: an engine on the windows of a series, calibrated with what was known at each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from forecasting.core.day_arrays import BoolArray, FloatArray, SeriesDays, SeriesForecast
from forecasting.core.domain import BacktestScore, SeriesKey
from forecasting.core.error_sums import ErrorSums
from forecasting.core.pooled_priors import PooledSpread
from forecasting.core.ports import LocalEngine
from forecasting.evaluation.calibration import ConformityScores, widen, width_factors
from forecasting.evaluation.metrics import week_sums, week_to_week_scale
from forecasting.evaluation.series_fit import SeriesFit
from forecasting.evaluation.windows import Window

EngineAt = Callable[[date], LocalEngine]
"""Returns the engine with the priors that were known at a cutoff."""

SpreadAt = Callable[[date], PooledSpread | None]
"""Returns the pooled spread that was known at a cutoff."""


@dataclass(frozen=True, slots=True)
class WindowResult:
    """An engine's forecast of one window, with the demand that followed.

    Attributes
    ----------
    forecast
        The engine's forecast, not widened.
    truth, opened
        (h,) demand in units, and True on open days.
    scale
        `metrics.week_to_week_scale` of the days up to the cutoff.
    """

    window: Window
    forecast: SeriesForecast
    truth: FloatArray
    opened: BoolArray
    scale: float | None

    def scores(self) -> ConformityScores:
        """Conformity scores of the window."""
        return ConformityScores.of(self.truth, self.forecast, self.opened, self.window.cutoff)

    def week_sums(self, factors: Sequence[float]) -> tuple[ErrorSums, ...]:
        """Errors by week ahead, with the band widened by some factors."""
        forecast = widen(self.forecast, factors)
        return week_sums(self.truth, forecast, self.opened, self.scale, self.window)


@dataclass(frozen=True, slots=True)
class Backtest:
    """One engine on all windows of a series.

    Attributes
    ----------
    horizon
        Horizon of every window, in days.
    results
        One per window, oldest first.
    scores
        Conformity scores of all windows.
    """

    engine: str
    horizon: int
    results: tuple[WindowResult, ...]
    scores: ConformityScores

    def judge(self, spread_at: SpreadAt) -> BacktestScore:
        """Errors of the forecasts as they would have been published, each calibrated as of its cutoff."""
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
        """Factors for the band of the next forecast, from the scores of all windows."""
        return width_factors(self.scores, pooled, self.horizon)


def backtest(
    name: str, engine_at: EngineAt, key: SeriesKey, past: SeriesDays, windows: Sequence[Window]
) -> Backtest:
    """Fit and forecast each window. After its cutoff, an engine sees only the covariates of the horizon.

    Parameters
    ----------
    name
        The name by which the engine was requested; an operator's own engine may call itself differently.
    windows
        At least one.

    Raises
    ------
    FitFailed
        If one of the fits fails.
    InvalidFrame
        If a forecast breaks its promises.
    """
    results = tuple(_evaluate_window(engine_at(window.cutoff), key, past, window) for window in windows)
    return Backtest(
        name, windows[0].horizon, results, ConformityScores.joined([each.scores() for each in results])
    )


def _evaluate_window(engine: LocalEngine, key: SeriesKey, past: SeriesDays, window: Window) -> WindowResult:
    seen, ahead = window.past(past), window.future(past)
    forecast = fit_and_forecast(engine, seen, ahead, key)
    return WindowResult(window, forecast, window.truth(past), ahead.is_open, week_to_week_scale(seen))


def fit_and_forecast(
    engine: LocalEngine, past: SeriesDays, future: SeriesDays, key: SeriesKey
) -> SeriesForecast:
    """Fit a series, forecast it, and check the forecast's promises.

    Raises
    ------
    FitFailed
        If the fit fails. The message names the series.
    InvalidFrame
        If a forecast breaks its promises.
    """
    return SeriesFit.of(engine, past, key).forecast(future)
