"""What worker processes do: read one store, and fit what is asked for. Tasks and results are plain values.

A task names history files and does its reading itself, so that reading, fitting and scoring run in parallel
and nothing large is sent to a worker.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import TypeVar

import numpy as np

from forecasting.calendar.inputs import SeriesInputs, StoreFacts, StoreInputs, build_inputs, build_pasts
from forecasting.core.day_arrays import BoolArray, SeriesDays, SeriesForecast
from forecasting.core.domain import HistoryFile, SeriesChoice, SeriesKey
from forecasting.core.errors import FitFailed
from forecasting.core.explanation import Cause, Explanation
from forecasting.core.pooled_priors import ChainPriors
from forecasting.core.ports import HistoryReader, PoolableSeries
from forecasting.evaluation.backtest import backtest
from forecasting.evaluation.calibration import Scores
from forecasting.evaluation.remote_engine import Brought
from forecasting.evaluation.selection import Contest, EngineNamed, choose
from forecasting.evaluation.serving import Rerun, serve
from forecasting.evaluation.windows import Window
from forecasting.training.attribution_fits import Before, OnceReader

log = logging.getLogger(__name__)

SampledT = TypeVar("SampledT")

RECENT_DAYS = 35
"""Last days of a history that a result carries, for what is told beside the forecast."""

WEEK, YEAR = 7, 7 * 52
"""In days; a year of whole weeks, so that weekdays are compared with their own."""

CLOSED_TOO_LONG = 60
"""A series that sold nothing for this many days up to a cutoff is not pooled there."""

LEAST_POOLED_DAYS = 60
"""Open days with sales from which a series is pooled."""


@dataclass(frozen=True, slots=True)
class StoreFiles:
    """Where a store's inputs are.

    Attributes
    ----------
    plan
        None where there is none.
    """

    sales: HistoryFile
    plan: HistoryFile | None = None
    facts: StoreFacts = field(default_factory=StoreFacts)

    @property
    def store(self) -> str:
        """The store."""
        return self.sales.store

    def read(self, reader: HistoryReader, horizon: int) -> StoreInputs:
        """Read and assemble them.

        Raises
        ------
        StateUnavailable
            If a file is missing or damaged.
        UnknownSeries
            If there are no sales.
        """
        plan = reader.days(self.plan) if self.plan else {}
        return build_inputs(self.store, reader.days(self.sales), plan, horizon, self.facts)

    def pasts(self, reader: HistoryReader) -> dict[str, SeriesDays]:
        """The histories alone, by item.

        Raises
        ------
        StateUnavailable
            If the file is missing or damaged.
        """
        return build_pasts(reader.days(self.sales), self.facts)


@dataclass(frozen=True, slots=True)
class SeriesResult:
    """What became of one series: a choice with its forecast, or why there is none.

    Attributes
    ----------
    recent
        The last days of its history.
    future, assumed
        The days forecast and what is known of them.
    year7
        Sales of the same weekdays a year before the first seven of them; None where they are not all known.
    explanation
        What the forecast is made of, before products and total are made to agree.
    midway
        As `evaluation.serving.Rerun.midway` says; None also where there is nothing to compare with.
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
    midway: Mapping[Cause, SeriesForecast] | None = None


@dataclass(frozen=True, slots=True)
class StorePart:
    """Some or all series of a store.

    Attributes
    ----------
    part
        Which part, from 0.
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
    """Train a store's series, or forecast them again with what was chosen.

    Attributes
    ----------
    chain
        What is known over the chain, or None.
    kept
        The choices of the predictor that is kept; None to choose anew.
    brought
        What an engine elsewhere has brought for the store, where one was asked.
    part, parts
        Every `parts`-th series from `part` on: a store of many products is split.
    before
        What is run again, to tell what moved the forecast; None where there is nothing to tell.
    """

    files: StoreFiles
    engine: str
    horizon: int
    chain: ChainPriors | None = None
    kept: tuple[SeriesChoice, ...] | None = None
    brought: Brought | None = None
    part: int = 0
    parts: int = 1
    before: Before | None = None

    def run(self, reader: HistoryReader, engine_named: EngineNamed) -> StorePart:
        """Do it; a series that can't be fitted is a result with its reason.

        Raises
        ------
        StateUnavailable
            If a history file is missing or damaged.
        UnknownSeries
            If there are no sales.
        EngineUnavailable
            If an engine is not to be had.
        InvalidFrame
            If the inputs break their schema, or an engine its promises.
        """
        once = OnceReader(reader)
        inputs = self.files.read(once, self.horizon)
        contest = Contest(self.engine, engine_named, self.chain, self.brought)
        kept = {choice.item: choice for choice in self.kept or ()}
        before = self.before
        rerun = before.rerun(contest, lambda plan: self._by(plan, once)) if before else None
        results = tuple(
            fit_series(contest, series, kept.get(series.key.item), rerun)
            for series in inputs.series[self.part :: self.parts]
        )
        return StorePart(inputs.store, self.part, inputs.cutoff, inputs.assumptions, results)

    def _by(self, plan: HistoryFile | None, reader: HistoryReader) -> StoreInputs:
        """The inputs by another plan."""
        return replace(self.files, plan=plan).read(reader, self.horizon)


@dataclass(frozen=True, slots=True)
class PooledFit:
    """Coefficients of one series at one cutoff, on the log scale, fitted without a prior."""

    item: str
    cutoff: date
    coefficients: dict[str, float]


@dataclass(frozen=True, slots=True)
class PoolTask:
    """Fit every series of a store at several cutoffs, for the chain's prior."""

    files: StoreFiles
    engine: str
    cutoffs: tuple[date, ...]

    def run(self, reader: HistoryReader, engine_named: EngineNamed) -> tuple[PooledFit, ...]:
        """Do it; series that say nothing about the others, and fits that fail, are left out.

        Raises
        ------
        StateUnavailable, UnknownSeries, EngineUnavailable, InvalidFrame
            As `ForecastTask.run`.
        """
        engine = engine_named(self.engine, None)
        fits = []
        for item, whole in self.files.pasts(reader).items():
            for cutoff in self.cutoffs:
                past = whole.up_to(cutoff)
                if not speaks_for_others(past, cutoff):
                    continue
                try:
                    fitted = engine.fit(past)
                except FitFailed as error:
                    log.info("%s is not pooled at %s: %s", SeriesKey(self.files.store, item), cutoff, error)
                    continue
                if isinstance(fitted, PoolableSeries):
                    fits.append(PooledFit(item, cutoff, dict(fitted.coefficients)))
        return tuple(fits)


@dataclass(frozen=True, slots=True)
class SpreadTask:
    """Backtest every series of a store with the chain's priors, for the chain's spread."""

    files: StoreFiles
    chain: ChainPriors
    windows: tuple[Window, ...]

    def run(self, reader: HistoryReader, engine_named: EngineNamed) -> tuple[tuple[str, Scores], ...]:
        """Do it: the scores of each item, of the windows it has a history for.

        Raises
        ------
        StateUnavailable, UnknownSeries, EngineUnavailable, InvalidFrame
            As `ForecastTask.run`.
        """
        name = self.chain.engine
        contest = Contest(name, engine_named, self.chain)
        scores = []
        for item, past in self.files.pasts(reader).items():
            key = SeriesKey(self.files.store, item)
            windows = [each for each in self.windows if has_window(past, each)]
            if not windows:
                continue
            try:
                made = backtest(name, partial(contest.engine, name, item), key, past, windows)
            except FitFailed as error:
                log.info("%s has no say in the chain's spread: %s", key, error)
                continue
            scores.append((item, made.scores))
        return tuple(scores)


Task = ForecastTask | PoolTask | SpreadTask
Result = StorePart | tuple[PooledFit, ...] | tuple[tuple[str, Scores], ...]


def work(task: Task, reader: HistoryReader, engine_named: EngineNamed) -> Result:
    """Do one task (what it raises: see its `run`)."""
    return task.run(reader, engine_named)


def fit_series(
    contest: Contest, inputs: SeriesInputs, kept: SeriesChoice | None, rerun: Rerun | None = None
) -> SeriesResult:
    """Forecast a series as was chosen, or choose first; say why where it can't be done.

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
        year7=_year_before(inputs.past, inputs.future),
    )
    if not len(inputs.past):
        return replace(empty, failure=f"{inputs.key}: expected at least one day of history, found none")
    if kept is not None:
        try:
            return _served(empty, contest, inputs, kept, rerun)
        except FitFailed:  # what served so far can't be fitted to the newest inputs: choose again
            log.info("%s: %s does not fit any more; choosing again", inputs.key, kept.engine)
    try:
        return _served(empty, contest, inputs, choose(contest, inputs), rerun)
    except FitFailed as error:
        return replace(empty, failure=str(error))


def _year_before(past: SeriesDays, future: SeriesDays) -> float | None:
    """Sales of the same seven weekdays 52 weeks before; None where they are not all known."""
    first = int(future.days[0]) - YEAR if len(future) >= WEEK else 0
    at = np.searchsorted(past.days, [first, first + WEEK])
    sold = past.y[at[0] : at[1]]
    return float(sold.sum()) if sold.size == WEEK and np.isfinite(sold).all() else None


def _served(
    empty: SeriesResult, contest: Contest, inputs: SeriesInputs, choice: SeriesChoice, rerun: Rerun | None
) -> SeriesResult:
    made = serve(contest, inputs, choice, rerun)
    return replace(
        empty, choice=choice, forecast=made.forecast, explanation=made.explanation, midway=made.midway
    )


def speaks_for_others(past: SeriesDays, cutoff: date) -> bool:
    """Whether a series is pooled at a cutoff: it has sold for some time, and until lately."""
    sold = past[past.is_open & (past.y > 0)]
    return len(sold) >= LEAST_POOLED_DAYS and (cutoff - sold.last).days < CLOSED_TOO_LONG


def has_window(past: SeriesDays, window: Window) -> bool:
    """Whether a series can be tried on a window, and was sold enough before it."""
    whole = len(window.future(past)) > 0 and (past.last - window.cutoff).days >= window.horizon
    return whole and speaks_for_others(window.past(past), window.cutoff)


def even_sample(of: Sequence[SampledT], most: int) -> tuple[SampledT, ...]:
    """At most so many, evenly over their order: of the same ones the same are taken every time."""
    step = max(1.0, len(of) / most)
    return tuple(of[int(number * step)] for number in range(min(len(of), most)))
