"""``refresh --all`` over every Rossmann store, against plain Prophet with the same backtests and forecast.

``python -m benchmarks.chain [--stores N] [--peer-stores 60] [--processes 2] [--data DIR] [--json]``. The
product is timed from the press to the last published version: pooled priors and calibration, four backtest
cutoffs with challengers, forecast, publication through the ledger. History is imported and worker processes
are started before. The peer is `prophet.Prophet` with its defaults on open days with sales, as in its quick
start (fit, ``make_future_dataframe``, predict), at the same four cutoffs and at the end, in as many
processes. It is measured on some stores in the same run and extrapolated. "future days only" is the same peer
without predicting the fitted days, which a lean loop would leave out.
"""

import argparse
import json
import logging
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from benchmarks import datasets
from forecasting.bootstrap import Storecast
from forecasting.config.settings import Settings
from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import LOCAL_USER, RunState
from forecasting.evaluation.windows import window_cutoffs

HORIZON = 42
FEW = 200
MEGABYTE = 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--stores", type=int, default=0, help="only so many; 0 for all")
    parser.add_argument("--peer-stores", type=int, default=60)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--data", type=Path, default=datasets.DIRECTORY)
    parser.add_argument("--json", action="store_true")
    parsed = parser.parse_args()
    logging.disable(logging.WARNING)
    os.environ["OMP_NUM_THREADS"] = "1"
    result = measure(parsed.data, parsed.stores, parsed.peer_stores, parsed.processes)
    if parsed.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:<44}{value:>10.2f}")


def measure(data: Path, stores: int, peers: int, processes: int) -> dict[str, float]:
    """Seconds and megabytes of the product at two sizes, seconds of the peer, and the ratios."""
    few = chain(data, FEW, processes)
    many = chain(data, stores, processes)
    peer, lean = (seconds / peers * many["stores"] for seconds in peer_seconds(data, peers, processes))
    return {
        "stores": many["stores"],
        "ours, s": many["seconds"],
        "plain Prophet, s (extrapolated)": peer,
        "ratio": peer / many["seconds"],
        "plain Prophet, future days only, s": lean,
        "ratio to that": lean / many["seconds"],
        "ours a store, ms": 1e3 * many["seconds"] / many["stores"],
        f"ours a store at {FEW}, ms": 1e3 * few["seconds"] / few["stores"],
        f"a store, all / {FEW}": (many["seconds"] / many["stores"]) / (few["seconds"] / few["stores"]),
        "largest process, MB": many["megabytes"],
    }


def chain(data: Path, stores: int, processes: int) -> dict[str, float]:
    """Import, start the workers, refresh all stores, and wait for the last run."""
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home) / "state", horizon=HORIZON, processes=processes)
        with Storecast(settings) as storecast:
            storecast.services.imports.import_file(
                LOCAL_USER, sales_file(data, stores, Path(home)), "sales", stores=data / "rossmann_store.csv"
            )
            storecast.start_worker()
            names = storecast.services.stores.visible(LOCAL_USER)
            storecast.services.refreshing.refresh(
                LOCAL_USER, names[0].store
            )  # the workers are there once it is done
            _wait(storecast)
            start = time.perf_counter()
            answers = storecast.services.refreshing.refresh_all(LOCAL_USER, force=True)
            megabytes = _wait(storecast)
            seconds = time.perf_counter() - start
            runs = [storecast.services.runs.get(LOCAL_USER, each.run.run_id) for each in answers if each.run]
    failed = [run for run in runs if run.state is not RunState.SUCCEEDED]
    if failed:
        raise SystemExit(f"{len(failed)} runs failed, such as {failed[0].scope}: {failed[0].error}")
    return {"stores": len(names), "seconds": seconds, "megabytes": megabytes}


def _wait(storecast: Storecast) -> float:
    """Wait until no run is left, and return the peak memory of any process."""
    me, most = psutil.Process(), 0.0
    while storecast.services.stores.pulse(LOCAL_USER)[2]:
        family = [me, *me.children(recursive=True)]
        most = max(most, *(each.memory_info().rss / MEGABYTE for each in family if each.is_running()))
        time.sleep(0.25)
    return most


def sales_file(data: Path, stores: int, folder: Path) -> Path:
    """Write the sales of all stores, or of the first `stores`."""
    frame = pd.read_parquet(data / "rossmann_train.parquet")
    if stores:
        frame = frame[frame["Store"].isin(np.sort(frame["Store"].unique())[:stores])]
    path = folder / "train.parquet"
    frame.to_parquet(path)
    return path


def peer_seconds(data: Path, stores: int, processes: int) -> tuple[float, float]:
    """Seconds that plain Prophet takes for some stores, as documented and lean, in as many processes."""
    series = datasets.load("rossmann", data, stores, 0)
    chosen = [series.series[name] for name in series.drawn]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        list(pool.map(plain_prophet, chosen[:1] * processes))  # imports Prophet in each
        return _timed(pool, plain_prophet, chosen), _timed(pool, lean_prophet, chosen)


def _timed(pool: ProcessPoolExecutor, work: Callable[[SeriesDays], None], series: list[SeriesDays]) -> float:
    start = time.perf_counter()
    list(pool.map(work, series))
    return time.perf_counter() - start


def plain_prophet(days: SeriesDays) -> None:
    """Fit and predict as in Prophet's quick start, at four cutoffs and at the end."""
    for prophet, _cutoff in _fits(days):
        prophet.predict(prophet.make_future_dataframe(periods=HORIZON))


def lean_prophet(days: SeriesDays) -> None:
    """As `plain_prophet`, but predict only the days ahead."""
    for prophet, cutoff in _fits(days):
        first = cutoff + timedelta(days=1)
        prophet.predict(pd.DataFrame({"ds": pd.date_range(first, periods=HORIZON)}))


def _fits(days: SeriesDays) -> Iterator[tuple[Any, date]]:
    from prophet import Prophet  # noqa: PLC0415 - slow to import, and in the process that needs it

    logging.disable(logging.WARNING)
    for cutoff in (*window_cutoffs(days.last, HORIZON), days.last):
        seen = days.up_to(cutoff)
        sold = seen.is_open & (seen.y > 0)
        ds = seen.days[sold].astype("datetime64[D]").astype("datetime64[ns]")
        prophet = Prophet()
        prophet.fit(pd.DataFrame({"ds": ds, "y": seen.y[sold]}))
        yield prophet, cutoff


if __name__ == "__main__":
    main()
