"""The tasks of a run that pools over all stores: unpooled fits for the priors, backtests for the spreads."""

import logging
from dataclasses import dataclass
from datetime import date
from functools import partial

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import SeriesKey
from forecasting.core.errors import FitFailed
from forecasting.core.pooled_priors import ChainPriors
from forecasting.core.ports import HistoryReader, PoolableSeries
from forecasting.evaluation.backtest import backtest
from forecasting.evaluation.calibration import ConformityScores
from forecasting.evaluation.candidate_engines import CandidateEngines, EngineNamed
from forecasting.evaluation.windows import Window
from forecasting.training.store_files import StoreFiles

log = logging.getLogger(__name__)

CLOSED_TOO_LONG = 60
"""A series that sold nothing for this many days up to a cutoff is not pooled at that cutoff."""

LEAST_POOLED_DAYS = 60
"""Fewest open days with sales for a series to be pooled."""


@dataclass(frozen=True, slots=True)
class PooledFit:
    """Coefficients of one series at one cutoff, on the log scale, fitted without a prior."""

    item: str
    cutoff: date
    coefficients: dict[str, float]


@dataclass(frozen=True, slots=True)
class PoolTask:
    """Fit every series of a store at several cutoffs, for the chain's priors."""

    files: StoreFiles
    engine: str
    cutoffs: tuple[date, ...]

    def run(self, reader: HistoryReader, engine_named: EngineNamed) -> tuple[PooledFit, ...]:
        """Fit the series. Those that can't represent others at a cutoff, and fits that fail, are left out.

        Raises
        ------
        StateUnavailable, UnknownSeries, EngineUnavailable, InvalidFrame
            As `ForecastTask.run`.
        """
        engine = engine_named(self.engine, None)
        fits = []
        for item, history in self.files.histories(reader).items():
            for cutoff in self.cutoffs:
                past = history.up_to(cutoff)
                if not representative(past, cutoff):
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
    """Backtest every series of a store with the chain's priors, for the chain's spreads."""

    files: StoreFiles
    chain: ChainPriors
    windows: tuple[Window, ...]

    def run(
        self, reader: HistoryReader, engine_named: EngineNamed
    ) -> tuple[tuple[str, ConformityScores], ...]:
        """Return the item and the scores of each series, over the windows it has enough history for.

        Raises
        ------
        StateUnavailable, UnknownSeries, EngineUnavailable, InvalidFrame
            As `ForecastTask.run`.
        """
        name = self.chain.engine
        engines = CandidateEngines(name, engine_named, self.chain)
        scores = []
        for item, past in self.files.histories(reader).items():
            key = SeriesKey(self.files.store, item)
            windows = [each for each in self.windows if has_window(past, each)]
            if not windows:
                continue
            try:
                made = backtest(name, partial(engines.engine, name, item), key, past, windows)
            except FitFailed as error:
                log.info("%s is left out of the chain's spread: %s", key, error)
                continue
            scores.append((item, made.scores))
        return tuple(scores)


def representative(past: SeriesDays, cutoff: date) -> bool:
    """Whether a series can be pooled at a cutoff: it has sold for some time, and until recently."""
    sold = past[past.is_open & (past.y > 0)]
    return len(sold) >= LEAST_POOLED_DAYS and (cutoff - sold.last).days < CLOSED_TOO_LONG


def has_window(past: SeriesDays, window: Window) -> bool:
    """Whether a series covers a whole window and was `representative` before it."""
    whole = len(window.future(past)) > 0 and (past.last - window.cutoff).days >= window.horizon
    return whole and representative(window.past(past), window.cutoff)
