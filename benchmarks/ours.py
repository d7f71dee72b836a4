"""The product's forecasts of a window, as in a training: pooling, backtests, choice and calibration.

The series of a set are kept in memory. Apart from reading them, everything is the product's own code.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import numpy as np

from benchmarks.datasets import Window
from forecasting.core.day_arrays import SeriesDays, SeriesForecast
from forecasting.core.domain import ALL_ITEMS, SeriesKey
from forecasting.core.errors import FitFailed
from forecasting.core.pooled_priors import ChainPriors, PooledPrior, PooledSpread
from forecasting.core.store_inputs import SeriesInputs
from forecasting.engines.registry import engine
from forecasting.evaluation import windows
from forecasting.evaluation.backtest import backtest
from forecasting.evaluation.calibration import pooled_spread
from forecasting.evaluation.candidate_engines import CandidateEngines
from forecasting.evaluation.empirical_bayes import estimate_prior
from forecasting.training.chain_training import PRIOR_STORES, SPREAD_STORES, even_sample
from forecasting.training.forecast_task import forecast_series
from forecasting.training.pooling_tasks import has_window, representative

ENGINE = "prophet"


def forecasts(window: Window) -> dict[str, SeriesForecast]:
    """Forecasts of `Window.scored` by the product with its default settings."""
    engines = CandidateEngines(ENGINE, engine, chain_of(window))
    made = {}
    for name in window.scored:
        future = window.futures[name]
        past = window.histories[name]
        inputs = SeriesInputs(key_of(name), past, future, np.zeros(len(future), dtype=np.bool_))
        result = forecast_series(engines, inputs)
        if result.forecast is None:
            raise FitFailed(result.failure)
        made[name] = result.forecast
    return made


def key_of(name: str) -> SeriesKey:
    """A store, or an item of a store as ``store/item``."""
    store, _, item = name.partition("/")
    return SeriesKey(store, item or ALL_ITEMS)


def chain_of(window: Window) -> ChainPriors:
    """Priors and spreads pooled over all series of a set at a cutoff."""
    cutoffs = windows.window_cutoffs(window.cutoff, window.horizon)
    priors = _priors(window, cutoffs)
    chain = ChainPriors(
        "benchmark",
        datetime.now(UTC),
        ENGINE,
        window.cutoff,
        window.horizon,
        "",
        len(window.histories),
        priors,
    )
    return replace(chain, spreads=_spreads(window, chain, cutoffs))


def _priors(window: Window, cutoffs: Sequence[object]) -> tuple[PooledPrior, ...]:
    fits = defaultdict(list)
    for name, past in _sample(window.histories, PRIOR_STORES).items():
        for cutoff in (*cutoffs, window.cutoff):
            seen = past.up_to(cutoff)
            if representative(seen, cutoff):
                try:
                    fits[key_of(name).item, cutoff].append(engine(ENGINE).fit(seen).coefficients)
                except FitFailed:
                    continue
    pooled = (estimate_prior(item, cutoff, found) for (item, cutoff), found in fits.items())
    return tuple(prior for prior in pooled if prior is not None)


def _spreads(window: Window, chain: ChainPriors, cutoffs: Sequence[object]) -> tuple[PooledSpread, ...]:
    engines, scores = CandidateEngines(ENGINE, engine, chain), defaultdict(list)
    asked = [windows.Window(cutoff, window.horizon) for cutoff in cutoffs]
    for name, past in _sample(window.histories, SPREAD_STORES).items():
        key = key_of(name)
        had = [each for each in asked if has_window(past, each)]
        if not had:
            continue
        try:
            made = backtest(ENGINE, partial(engines.engine, ENGINE, key.item), key, past, had)
        except FitFailed:
            continue
        scores[key.item].append(made.scores)
    pooled = (
        pooled_spread(item, cutoff, found, window.horizon)
        for item, found in scores.items()
        for cutoff in (*cutoffs[1:], window.cutoff)
    )
    return tuple(spread for spread in pooled if spread is not None)


def _sample(histories: Mapping[str, SeriesDays], most: int) -> dict[str, SeriesDays]:
    """The stores whose products are pooled."""
    by_item = defaultdict(list)
    for name in histories:
        by_item[key_of(name).item].append(name)
    return {name: histories[name] for names in by_item.values() for name in even_sample(names, most)}
