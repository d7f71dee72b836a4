"""The task that forecasts a store: read its files, choose each series' engine, fit it and forecast.

A task names history files and reads them itself, so that reading, fitting and scoring run in parallel and no
large values are sent to the worker processes. Tasks and results are plain values.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from forecasting.core.day_arrays import BoolArray, SeriesDays, SeriesForecast
from forecasting.core.domain import HistoryFile, SeriesChoice, SeriesKey
from forecasting.core.errors import FitFailed
from forecasting.core.explanation import Cause, Explanation
from forecasting.core.pooled_priors import ChainPriors
from forecasting.core.ports import HistoryReader
from forecasting.core.store_inputs import SeriesInputs, StoreInputs
from forecasting.evaluation.calibration import widen
from forecasting.evaluation.candidate_engines import CandidateEngines, EngineNamed
from forecasting.evaluation.change_replay import ChangeReplay
from forecasting.evaluation.remote_forecasts import RemoteStoreForecasts
from forecasting.evaluation.selection import choose
from forecasting.training.previous_setup import PreviousSetup
from forecasting.training.store_files import CachingReader, StoreFiles

log = logging.getLogger(__name__)

RECENT_DAYS = 35
"""Last days of the history that a result carries, for the summary published with the forecast."""

WEEK, YEAR = 7, 7 * 52
"""Days; a year of whole weeks, so that each weekday is compared with the same weekday."""


@dataclass(frozen=True, slots=True)
class SeriesResult:
    """One series after training: its choice and forecast, or why there is none.

    Attributes
    ----------
    recent
        The last days of its history.
    future, assumed
        The days to forecast, and (h,) which of them the plan says nothing about.
    forecast
        Calibrated, but not yet reconciled with the other series of the store.
    failure
        Why there is no forecast, as a sentence, or ``""``.
    year7
        Units sold on the same seven weekdays a year before the first seven days; None if not all are known.
    explanation
        The steps of the forecast's mean before reconciliation.
    replayed
        As `ChangeReplay.forecasts` returns; None also if there is nothing to compare with.
    """

    key: SeriesKey
    recent: SeriesDays
    future: SeriesDays
    assumed: BoolArray
    choice: SeriesChoice | None = None
    forecast: SeriesForecast | None = None
    failure: str = ""
    year7: float | None = None
    explanation: Explanation | None = None
    replayed: Mapping[Cause, SeriesForecast] | None = None


@dataclass(frozen=True, slots=True)
class StorePart:
    """Results for some or all series of a store.

    Attributes
    ----------
    part
        Number of the part, from 0.
    assumptions
        As in `StoreInputs`; the same in every part.
    """

    store: str
    part: int
    cutoff: date
    assumptions: tuple[str, ...]
    results: tuple[SeriesResult, ...]


@dataclass(frozen=True, slots=True)
class ForecastTask:
    """Forecast a store's series with newly chosen engines, or with the choices of an existing predictor.

    Attributes
    ----------
    engine
        The configured engine, as in `CandidateEngines.asked`.
    chain
        Priors and spreads pooled over all stores, or None.
    choices
        The choices to reuse; None to choose anew.
    remote
        Forecasts that a remote engine made for the store, or None.
    part, parts
        The task covers every `parts`-th series from `part` on, so that a store with many products can be
        split.
    previous
        How the previous version was made, to attribute what moved the forecast; None if no replay is needed.
    """

    files: StoreFiles
    engine: str
    horizon: int
    chain: ChainPriors | None = None
    choices: tuple[SeriesChoice, ...] | None = None
    remote: RemoteStoreForecasts | None = None
    part: int = 0
    parts: int = 1
    previous: PreviousSetup | None = None

    def run(self, reader: HistoryReader, engine_named: EngineNamed) -> StorePart:
        """Forecast every series of the part. One that can't be fitted gets a result with the reason.

        Raises
        ------
        StateUnavailable
            If a history file is missing or damaged.
        UnknownSeries
            If there are no sales.
        EngineUnavailable
            If there is no such engine.
        InvalidFrame
            If the inputs break their schema, or an engine breaks its promises.
        """
        cached = CachingReader(reader)
        inputs = self.files.inputs(cached, self.horizon)
        engines = CandidateEngines(self.engine, engine_named, self.chain, self.remote)
        choices = {choice.item: choice for choice in self.choices or ()}
        previous = self.previous
        replay = previous.replay(engines, lambda plan: self._inputs(plan, cached)) if previous else None
        results = tuple(
            forecast_series(engines, series, choices.get(series.key.item), replay)
            for series in inputs.series[self.part :: self.parts]
        )
        return StorePart(inputs.store, self.part, inputs.cutoff, inputs.assumptions, results)

    def _inputs(self, plan: HistoryFile | None, reader: HistoryReader) -> StoreInputs:
        """The current inputs with another plan."""
        return replace(self.files, plan=plan).inputs(reader, self.horizon)


def forecast_series(
    engines: CandidateEngines,
    inputs: SeriesInputs,
    choice: SeriesChoice | None = None,
    replay: ChangeReplay | None = None,
) -> SeriesResult:
    """Forecast a series with a given choice, or choose first. The result has the reason if neither works.

    Parameters
    ----------
    choice
        The choice to reuse. If its engine can't fit the current sales, a new choice is made.

    Raises
    ------
    EngineUnavailable, InvalidFrame
        As `ForecastTask.run`.
    """
    empty = SeriesResult(
        inputs.key,
        inputs.past[-RECENT_DAYS:],
        inputs.future,
        inputs.assumed,
        year7=_week_a_year_before(inputs.past, inputs.future),
    )
    if not len(inputs.past):
        return replace(empty, failure=f"{inputs.key}: expected at least one day of history, found none")
    if choice is not None:
        try:
            return _with_forecast(empty, engines, inputs, choice, replay)
        except FitFailed:
            log.info("%s: %s can't fit the current sales; choosing again", inputs.key, choice.engine)
    try:
        return _with_forecast(empty, engines, inputs, choose(engines, inputs), replay)
    except FitFailed as error:
        return replace(empty, failure=str(error))


def _with_forecast(
    result: SeriesResult,
    engines: CandidateEngines,
    inputs: SeriesInputs,
    choice: SeriesChoice,
    replay: ChangeReplay | None,
) -> SeriesResult:
    """Fit the chosen engine to the whole history and add its calibrated forecast to the result."""
    fit = engines.fit(choice.engine, inputs)
    forecast = fit.forecast(inputs.future)
    return replace(
        result,
        choice=choice,
        forecast=widen(forecast, choice.widths),
        explanation=fit.explanation(inputs.future, forecast.mean),
        replayed=replay.forecasts(engines, inputs, choice, fit) if replay else None,
    )


def _week_a_year_before(past: SeriesDays, future: SeriesDays) -> float | None:
    """Units sold on the same seven weekdays 52 weeks before the future; None if not all are known."""
    first = int(future.days[0]) - YEAR if len(future) >= WEEK else 0
    at = np.searchsorted(past.days, [first, first + WEEK])
    sold = past.y[at[0] : at[1]]
    return float(sold.sum()) if sold.size == WEEK and np.isfinite(sold).all() else None
