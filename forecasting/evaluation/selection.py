"""Which engine serves a series: the asked-for one against seasonal-naive, judged on a backtest."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from forecasting import schema
from forecasting.calendar.inputs import SeriesInputs
from forecasting.domain import BacktestScore, SeriesChoice, SeriesKey
from forecasting.errors import FitFailed
from forecasting.evaluation import metrics
from forecasting.evaluation.windows import Window, backtest_windows
from forecasting.ports import LocalEngine

log = logging.getLogger(__name__)

CHALLENGER = "seasonal_naive"
"""The engine every other one has to beat."""

MARGIN = 0.02
"""How much lower the challenger's quantile loss must be before it serves, so that noise does not flip it."""

EngineNamed = Callable[[str], LocalEngine]


@dataclass(frozen=True, slots=True)
class SeriesTask:
    """One series to train (`choice` is None), or to forecast again with what was chosen."""

    inputs: SeriesInputs
    asked_engine: str
    choice: SeriesChoice | None = None


@dataclass(frozen=True, slots=True)
class SeriesResult:
    """What became of a task: a choice with its forecast (`schema.FORECAST`), or why there is none."""

    key: SeriesKey
    choice: SeriesChoice | None = None
    forecast: pd.DataFrame | None = None
    failure: str = ""


def run_task(task: SeriesTask, engine_named: EngineNamed) -> SeriesResult:
    """Do one task; a series that can't be fitted is a result with its reason.

    Raises
    ------
    EngineUnavailable
        If an engine is not to be had.
    InvalidFrame
        If an engine breaks its promises.
    """
    inputs = task.inputs
    if task.choice is not None:
        try:
            return _result(task.choice, inputs, engine_named)
        except FitFailed:  # what served so far can't be fitted to the newest inputs: choose again
            log.info("%s: %s does not fit any more; choosing again", inputs.key, task.choice.engine)
    try:
        return _result(choose(inputs, task.asked_engine, engine_named), inputs, engine_named)
    except FitFailed as error:
        return SeriesResult(inputs.key, failure=str(error))


def _result(choice: SeriesChoice, inputs: SeriesInputs, engine_named: EngineNamed) -> SeriesResult:
    engine = engine_named(choice.engine)
    forecast = _fit_and_forecast(engine, inputs.history, inputs.future, inputs.key)
    return SeriesResult(inputs.key, choice, forecast)


def choose(inputs: SeriesInputs, asked: str, engine_named: EngineNamed) -> SeriesChoice:
    """Backtest the asked-for engine and the challenger and choose between them.

    The challenger serves where its mean weighted quantile loss is lower by `MARGIN`, or where the asked-for
    engine can't be fitted; the reason says which.

    Raises
    ------
    FitFailed
        If neither can be fitted.
    """
    windows = backtest_windows(inputs.history, len(inputs.future))
    names = (asked,) if asked == CHALLENGER else (asked, CHALLENGER)
    scores = tuple(score(name, engine_named(name), inputs, window) for name in names for window in windows)
    engine, reason = _winner(inputs, asked, scores, engine_named)
    return SeriesChoice(inputs.key.item, engine, reason, scores)


def score(name: str, engine: LocalEngine, inputs: SeriesInputs, window: Window) -> BacktestScore:
    """Score one engine over one window, on its open days; a failed fit has no figures but a reason.

    Parameters
    ----------
    name
        The name it was asked for by, which an operator's own engine need not share.
    """
    future = window.future(inputs.history)
    try:
        forecast = _fit_and_forecast(engine, window.past(inputs.history), future, inputs.key)
    except FitFailed as error:
        return BacktestScore(name, window.cutoff, window.horizon, failure=str(error))
    opened = future["is_open"].to_numpy(bool)
    actual = window.truth(inputs.history)[opened]
    days = {name: forecast[name].to_numpy()[opened] for name in schema.VALUES}
    levels = {0.1: days["q10"], 0.5: days["q50"], 0.9: days["q90"]}
    return BacktestScore(
        name,
        window.cutoff,
        window.horizon,
        days=int(opened.sum()),
        wape=metrics.wape(actual, days["mean"]),
        wql=metrics.weighted_quantile_loss(actual, levels),
        coverage=metrics.coverage(actual, days["q10"], days["q90"]),
    )


def _winner(
    inputs: SeriesInputs, asked: str, scores: tuple[BacktestScore, ...], engine_named: EngineNamed
) -> tuple[str, str]:
    by_engine = {score.engine: score for score in scores}
    asked_score, naive_score = by_engine.get(asked), by_engine.get(CHALLENGER)
    if asked == CHALLENGER:
        return asked, "as configured"
    if asked_score is None or naive_score is None:
        return _first_that_fits(inputs, asked, engine_named)
    if asked_score.failure:
        return CHALLENGER, asked_score.failure
    if asked_score.wql is None or naive_score.wql is None:
        return asked, "no sales in the backtest to compare by"
    if naive_score.wql < (1 - MARGIN) * asked_score.wql:
        return CHALLENGER, f"better on the last {naive_score.days} open days"
    return asked, f"as good or better on the last {asked_score.days} open days"


def _first_that_fits(inputs: SeriesInputs, asked: str, engine_named: EngineNamed) -> tuple[str, str]:
    try:
        engine_named(asked).fit(inputs.history)
    except FitFailed as error:
        return CHALLENGER, str(error)
    return asked, "too little history for a backtest"


def _fit_and_forecast(
    engine: LocalEngine, history: pd.DataFrame, future: pd.DataFrame, key: SeriesKey
) -> pd.DataFrame:
    try:
        forecast = engine.fit(history).forecast(future)
    except FitFailed as error:
        raise FitFailed(f"{key}: {error}") from error
    return schema.require_forecast(forecast, future, f"{engine.name} forecast of {key}")
