"""From a press to the published forecast of one sample store, against plain Prophet on the same series.

``python -m benchmarks.refresh [--stores N] [--json]``. The peer is `prophet.Prophet` with its defaults in
this process, in the same run: fit and predict, once without and once with the last 28 days of each series, as
in a training.
"""

import argparse
import json
import logging
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from forecasting.bootstrap import Storecast
from forecasting.config.settings import Settings
from forecasting.core.domain import LOCAL_USER, RunState, SeriesKey
from forecasting.history.sample import sample_files


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--stores", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    parsed = parser.parse_args()
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as home, Storecast(Settings(home=Path(home))) as storecast:
        result = measure(storecast, parsed.stores)
    if parsed.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:<28}{value:>10.2f}")


def measure(storecast: Storecast, stores: int) -> dict[str, float]:
    """Return medians in seconds over the first `stores` stores, and the ratio."""
    services = storecast.services
    sales, plan = sample_files()
    services.imports.import_file(LOCAL_USER, sales, "sales")
    services.imports.import_file(LOCAL_USER, plan, "plan")
    storecast.start_worker()
    names = [store.store for store in services.stores.visible(LOCAL_USER)][: stores + 1]
    _timed(lambda: _refresh(storecast, names[0]))  # starts the worker processes
    retrain = [_timed(lambda name=name: _refresh(storecast, name)) for name in names[1:]]
    peer = [_timed(lambda name=name: _plain_prophet(storecast, name)) for name in names[1:]]
    ratios = [theirs / ours for theirs, ours in zip(peer, retrain, strict=True)]
    return {
        "stores": len(retrain),
        "press to published, s": statistics.median(retrain),
        "slowest, s": max(retrain),
        "plain Prophet, s": statistics.median(peer),
        "ratio, median": statistics.median(ratios),
    }


def _timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _refresh(storecast: Storecast, store: str) -> None:
    answer = storecast.services.refreshing.refresh(LOCAL_USER, store)
    if answer.run is None:
        raise SystemExit(f"store {store}: nothing was run")
    while (run := storecast.services.runs.get(LOCAL_USER, answer.run.run_id)).state.active:
        time.sleep(0.005)
    if run.state is RunState.FAILED:
        raise SystemExit(f"store {store}: {run.error}")


def _plain_prophet(storecast: Storecast, store: str) -> None:
    from prophet import Prophet  # noqa: PLC0415 - slow to import, and not before the clock of ours ran

    services = storecast.services
    for item in (
        "all",
        *next(each.items for each in services.stores.visible(LOCAL_USER) if each.store == store),
    ):
        series = services.forecasts.sales(LOCAL_USER, SeriesKey(store, item))[["ds", "y"]]
        for frame in (series.iloc[:-28], series):
            model = Prophet()
            model.fit(frame)
            model.predict(pd.DataFrame({"ds": pd.date_range(frame["ds"].iloc[-1], periods=29)[1:]}))


if __name__ == "__main__":
    main()
