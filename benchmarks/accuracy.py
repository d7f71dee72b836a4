"""Forecast errors of the product and of its peers on real series, in one run, against the requirements.

``python -m benchmarks.accuracy [--set rossmann|store_item|m5|all] [--stores N] [--jobs 2] [--data DIR]
[--peers-only] [--json]``. `benchmarks.datasets` describes the data sets, `benchmarks.peers` and
`benchmarks.boosting` the peers. After the cutoff a method sees the plan of a day, but not its demand. A run
without options measures everything. ``--cache DIR`` keeps the peers' forecasts for later runs, for
development.
"""

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import datasets
from benchmarks.accuracy_figures import OURS, WEEK, Figures, required
from benchmarks.boosting import global_lightgbm
from benchmarks.datasets import DataSet, Window
from benchmarks.peers import FOUR_WEEKS, LIGHTGBM, TEXTBOOK, Method, four_week_mean, textbook_prophet

Summary = dict[str, Any]
PEERS: Mapping[str, Mapping[str, Method]] = {
    "rossmann": {LIGHTGBM: global_lightgbm, TEXTBOOK: textbook_prophet, FOUR_WEEKS: four_week_mean},
    "store_item": {TEXTBOOK: textbook_prophet, FOUR_WEEKS: four_week_mean},
    "m5": {TEXTBOOK: textbook_prophet, FOUR_WEEKS: four_week_mean},
}


def main() -> None:
    """Measure and print."""
    parsed = _arguments()
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the processes that are started, each on one core
    names = datasets.SETS if parsed.set == "all" else (parsed.set,)
    results = {}
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(parsed.jobs, mp_context=spawn) as pool:
        for name in names:
            dataset = datasets.load(name, parsed.data, parsed.stores, parsed.seed)
            forecasts, seconds = run(dataset, parsed, pool)
            results[name] = _summary(dataset, forecasts, seconds)
            if not parsed.json:
                _print(dataset, results[name])
    if parsed.json:
        print(json.dumps(results))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--set", choices=(*datasets.SETS, "all"), default="all")
    parser.add_argument("--stores", type=int, default=100, help="series scored of each set")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--data", type=Path, default=datasets.DIRECTORY)
    parser.add_argument("--cache", type=Path, help="keeps the peers' forecasts; for development")
    parser.add_argument("--peers-only", action="store_true")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def run(
    dataset: DataSet, parsed: argparse.Namespace, pool: ProcessPoolExecutor
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Forecast every window with every method.

    Returns
    -------
    forecasts
        One row per method, cutoff, series and day: method, cutoff, series, ds, ahead, y, is_open, scored,
        mean, q10, q50, q90.
    seconds
        Time each method took, summed over all processes.
    """
    tasks = []
    for window in dataset.windows():
        for name, method in _methods(dataset.name, peers_only=parsed.peers_only).items():
            kept = _kept(parsed, name, window)
            found = kept if kept and kept.exists() else pool.submit(timed, method, window)
            tasks.append((name, window.cutoff, kept, found))
    parts, seconds = [], {}
    for name, cutoff, kept, found in tasks:
        frame = _result(found, kept)
        seconds[name] = seconds.get(name, 0.0) + float(frame.pop("seconds").iloc[0])
        truth = dataset.truth(cutoff).merge(frame, on=["series", "ds"], how="left", validate="1:1")
        parts.append(truth.assign(method=name, cutoff=cutoff))
    return pd.concat(parts, ignore_index=True), seconds


def _methods(dataset: str, *, peers_only: bool) -> dict[str, Method]:
    if peers_only:
        return dict(PEERS[dataset])
    from benchmarks.ours import forecasts  # noqa: PLC0415 - the peers do without

    return {OURS: forecasts, **PEERS[dataset]}


def timed(method: Method, window: Window) -> pd.DataFrame:
    """Forecasts of one window: series, ds, mean, q10, q50, q90; and seconds, the same in each row."""
    start = time.perf_counter()
    forecasts = method(window)
    frames = [forecast.frame().assign(series=name) for name, forecast in forecasts.items()]
    return pd.concat(frames, ignore_index=True).assign(seconds=time.perf_counter() - start)


def _kept(parsed: argparse.Namespace, method: str, window: Window) -> Path | None:
    if parsed.cache is None or method == OURS:
        return None
    name = f"{method}-{window.dataset}-{window.cutoff}-{parsed.stores}-{parsed.seed}.parquet"
    return parsed.cache / name.replace(" ", "_")


def _result(found: "Path | Future[pd.DataFrame]", kept: Path | None) -> pd.DataFrame:
    if isinstance(found, Path):
        return pd.read_parquet(found)
    frame = found.result()
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(kept)
    return frame


def _summary(dataset: DataSet, forecasts: pd.DataFrame, seconds: Mapping[str, float]) -> Summary:
    frames = forecasts.groupby("method", sort=False)
    figures = {str(name): Figures.of(str(name), frame) for name, frame in frames}
    return {
        "series": len(dataset.drawn),
        "days ahead": dataset.horizon,
        "methods": {name: _row(each) | {"seconds": seconds[name]} for name, each in figures.items()},
        "cutoffs": {
            name: {str(cutoff): [sums.wape, sums.coverage] for cutoff, sums in each.by_cutoff().items()}
            for name, each in figures.items()
        },
        "required": [asdict(each) | {"holds": each.holds} for each in required(dataset.name, figures)],
    }


def _row(figures: Figures) -> dict[str, float | str | None]:
    whole, week = figures.total(), figures.total(WEEK)
    return {
        "WAPE": whole.wape,
        "WAPE, 7 d": week.wape,
        "wQL": whole.wql,
        "bias": whole.bias,
        "coverage": whole.coverage,
        "cov., 7 d": week.coverage,
        "WAPE of": figures.point,
    }


def _print(dataset: DataSet, result: Summary) -> None:
    scored = "every day" if dataset.scores_zeros else "open days with sales"
    print(
        f"\n{dataset.name}: {result['series']} series, {len(dataset.cutoffs)} cutoffs, "
        f"{dataset.horizon} days ahead; scored: {scored}"
    )
    methods = result["methods"]
    print(" " * 18, *(f"{name:>10}" for name in next(iter(methods.values()))))
    for name, row in methods.items():
        print(f"{name:<18}", *(_cell(value) for value in row.values()))
    print("WAPE / coverage by cutoff")
    print(" " * 18, *(f"{cutoff!s:>11}" for cutoff in dataset.cutoffs))
    for name, cutoffs in result["cutoffs"].items():
        print(f"{name:<18}", *(f"{wape:>6.3f}/{inside:.2f}" for wape, inside in cutoffs.values()))
    for each in result["required"]:
        limits = {"at least": each["least"], "at most": each["most"]}
        bounds = ", ".join(f"{word} {limit:g}" for word, limit in limits.items() if limit is not None)
        verdict = "holds" if each["holds"] else "missed"
        print(f"{each['name']:<48}{each['value']:>8.3f}  {verdict:<7} ({bounds})")


def _cell(value: float | str) -> str:
    return f"{value:>10}" if isinstance(value, str) else f"{value:>10.4f}"


if __name__ == "__main__":
    main()
