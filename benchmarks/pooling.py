"""Which stores a pooled prior helps: those after a long closure, and young ones.

``python -m benchmarks.pooling [--stores N] [--data DIR] [--json]``. Rossmann data, 42 days from the eight
cutoffs of `benchmarks.accuracy`. The recipe alone, without challengers and calibration, is run with and
without the prior on the 180 stores that have no rows from July to December 2014, and on other stores with
their full history and with only their last 60, 120 or 240 days.
"""

import argparse
import json
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import datasets
from benchmarks.datasets import DataSet, Window
from benchmarks.ours import ENGINE, chain_of
from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import ALL_ITEMS
from forecasting.core.error_sums import ErrorSums
from forecasting.core.errors import FitFailed
from forecasting.core.pooled_priors import PooledPrior
from forecasting.engines.registry import engine
from forecasting.evaluation.metrics import error_sums

CLOSED = (date(2014, 7, 5), date(2014, 12, 20))
"""Period in which the refurbished stores have no rows."""

LENGTHS = (60, 120, 240)
"""Days of history kept of an ordinary store."""

Sums = dict[str, tuple[ErrorSums, ErrorSums]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--stores", type=int, default=100, help="ordinary stores")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--data", type=Path, default=datasets.DIRECTORY)
    parser.add_argument("--json", action="store_true")
    parsed = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    dataset = datasets.load("rossmann", parsed.data, parsed.stores, 0)
    with ProcessPoolExecutor(parsed.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        parts = list(pool.map(partial(measure, dataset), dataset.windows()))
    result = {}
    for name in parts[0]:
        with_prior, without = (ErrorSums.total(part[name][at] for part in parts) for at in (0, 1))
        result[name] = {
            "pooled WAPE": with_prior.wape,
            "WAPE": without.wape,
            "pooled coverage": with_prior.coverage,
            "coverage": without.coverage,
            "days": with_prior.days,
        }
    if parsed.json:
        print(json.dumps(result))
        return
    for name, row in result.items():
        print(f"{name:<40}", *(f"{key} {value:.3f} " for key, value in row.items()))


def measure(dataset: DataSet, window: Window) -> Sums:
    """The errors of each group in one window, with and without the prior."""
    prior = chain_of(window).prior(ALL_ITEMS, window.cutoff)
    refurbished = [name for name, days in dataset.series.items() if _was_closed(days)]
    ordinary = [name for name in dataset.drawn if name not in refurbished]
    groups = {
        "closed July to December 2014": (refurbished, None),
        "ordinary, whole history": (ordinary, None),
    }
    groups |= {f"ordinary, last {length} days": (ordinary, length) for length in LENGTHS}
    return {
        name: (
            ErrorSums.total(_errors(dataset, window, stores, length, prior)),
            ErrorSums.total(_errors(dataset, window, stores, length, None)),
        )
        for name, (stores, length) in groups.items()
    }


def _was_closed(days: SeriesDays) -> bool:
    return len(days.up_to(CLOSED[1])) == len(days.up_to(CLOSED[0] - timedelta(days=1)))


def _errors(
    dataset: DataSet, window: Window, stores: list[str], length: int | None, prior: PooledPrior | None
) -> Iterator[ErrorSums]:
    for name in stores:
        past, future = window.histories[name], window.futures[name]
        if length is not None:
            past = past[past.days > past.days[-1] - length]
        try:
            forecast = engine(ENGINE, prior).fit(past).forecast(future)
        except FitFailed:
            continue
        came = dataset.series[name].up_to(window.cutoff + timedelta(days=window.horizon))[-len(future) :]
        truth = came.y if len(future) else np.zeros(0)
        yield error_sums(truth, forecast, future.is_open & (truth > 0), None)


if __name__ == "__main__":
    main()
