"""The exact solver against Prophet with CmdStan: time and objective of each series, in one run.

``python -m benchmarks.solver [--series N] [--json]``. The peer is `prophet.Prophet` with its defaults: fit,
and predict 42 days with 1,000 samples. The exact solver fits, predicts and computes quantiles of the same
days with the same settings; the median of three runs counts. Both use one thread of this process, on 80
Rossmann stores (open days with sales) or, without that data set, on series of the embedded sample. One
function evaluates the objective for both, on the data that Prophet passes to Stan. The solver of
multiplicative terms is measured too, although the product does not use it yet.
"""

import argparse
import dataclasses
import json
import logging
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from prophet import Prophet

from forecasting.core.day_arrays import IntArray
from forecasting.engines.prophet.backend import problem_of
from forecasting.engines.prophet.design import ProphetSettings, Regressor
from forecasting.engines.prophet.intervals import demand_quantiles
from forecasting.engines.prophet.objective import objective
from forecasting.engines.prophet.plain_prophet import PlainForecast, fit, predict
from forecasting.engines.prophet.problem import Parameters

ROOT = Path(__file__).resolve().parents[1]
ROSSMANN = ROOT.parent / "shared" / "datasets" / "rossmann_train.parquet"
SAMPLE = ROOT / "data" / "sample" / "sales.parquet"

REGRESSORS = ("promo", "holiday", "school_holiday")
HORIZON = 42
LEAST_DAYS = 365
TOLERANCE = 1e-3
REPEATS = 3
Z10 = statistics.NormalDist().inv_cdf(0.9)


@dataclass(frozen=True)
class Configuration:
    """One configuration of the model."""

    name: str
    log: bool
    multiplicative: bool
    regressors: tuple[str, ...]

    def settings(self) -> ProphetSettings:
        """Settings for the exact solver."""
        columns = tuple(Regressor(name, multiplicative=self.multiplicative) for name in self.regressors)
        return ProphetSettings(multiplicative=self.multiplicative, regressors=columns)

    def prophet(self) -> Prophet:
        """The peer with its defaults, except for what the configuration names."""
        prophet = Prophet(seasonality_mode="multiplicative" if self.multiplicative else "additive")
        for name in self.regressors:
            prophet.add_regressor(name)
        return prophet


CONFIGURATIONS = (
    Configuration("raw additive", log=False, multiplicative=False, regressors=()),
    Configuration("log1p + 3 regressors", log=True, multiplicative=False, regressors=REGRESSORS),
    Configuration("raw multiplicative", log=False, multiplicative=True, regressors=()),
    Configuration("multiplicative + 3", log=False, multiplicative=True, regressors=REGRESSORS),
)


@dataclass(frozen=True)
class Fit:
    """Times (seconds) and differences of one series in one configuration."""

    ours: float
    peer: float
    difference: float
    width: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--series", type=int, default=80)
    parser.add_argument("--json", action="store_true")
    parsed = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != "1":  # BLAS reads it once, when NumPy is imported
        again = [sys.executable, "-m", "benchmarks.solver", *sys.argv[1:]]
        os.execve(sys.executable, again, {**os.environ, "OMP_NUM_THREADS": "1"})  # noqa: S606 - itself
    logging.disable(logging.WARNING)
    data = "Rossmann stores" if ROSSMANN.exists() else "embedded sample (no Rossmann data set found)"
    frames = list(_rossmann(parsed.series) if ROSSMANN.exists() else _sample(parsed.series))
    results = {each.name: summary([measure(each, frame) for frame in frames]) for each in CONFIGURATIONS}
    if parsed.json:
        print(json.dumps({"data": data, "series": len(frames), "configurations": results}))
        return
    print(f"data: {data}, {len(frames)} series; {HORIZON} days ahead; one thread")
    _table(results)


def measure(configuration: Configuration, frame: pd.DataFrame) -> Fit:
    """Fit and predict one series with both."""
    history, future = frame.iloc[:-HORIZON], frame.iloc[-HORIZON:].drop(columns="y")
    if configuration.log:
        history = history.assign(y=np.log1p(history["y"]))
    peer = configuration.prophet()
    theirs = _timed(lambda: _peer(peer, history, future))
    times, ours = [], None
    for _ in range(REPEATS):
        took = _timed(lambda: _ours(configuration, history, future))
        times.append(took[0])
        ours = took[1]
    fitted, prediction = ours
    problem = problem_of(dataclasses.asdict(configuration.prophet().preprocess(history)))
    difference = objective(problem, fitted) - objective(problem, _parameters(peer))
    width = (theirs[1]["yhat_upper"] - theirs[1]["yhat_lower"]).mean()
    return Fit(statistics.median(times), theirs[0], difference, 2 * Z10 * prediction.sd.mean() / width - 1)


def _peer(prophet: Prophet, history: pd.DataFrame, future: pd.DataFrame) -> pd.DataFrame:
    prophet.fit(history)
    return prophet.predict(future)


def _ours(
    configuration: Configuration, history: pd.DataFrame, future: pd.DataFrame
) -> tuple[Parameters, PlainForecast]:
    known, ahead = ({name: frame[name].to_numpy() for name in REGRESSORS} for frame in (history, future))
    fitted = fit(_day_numbers(history), history["y"].to_numpy(), known, configuration.settings())
    prediction = predict(fitted, _day_numbers(future), ahead)
    if configuration.log:
        demand_quantiles(prediction.yhat, prediction.sd, np.inf)
    else:
        _ = [prediction.yhat + z * prediction.sd for z in (-Z10, 0.0, Z10)]
    return fitted.parameters, prediction


def _day_numbers(frame: pd.DataFrame) -> IntArray:
    return frame["ds"].to_numpy().astype("datetime64[D]").astype(np.int64)


def _parameters(prophet: Prophet) -> Parameters:
    k, m, delta, beta, sigma = (prophet.params[name][0] for name in ("k", "m", "delta", "beta", "sigma_obs"))
    return Parameters(float(k[0]), float(m[0]), delta, beta, float(sigma[0]))


def _timed(work: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    done = work()
    return time.perf_counter() - start, done


def summary(fits: list[Fit]) -> dict[str, float]:
    """Figures of one configuration; times in milliseconds."""
    ours = [each.ours for each in fits]
    return {
        "fits": len(fits),
        "Prophet, ms": 1e3 * statistics.median(each.peer for each in fits),
        "ours, ms": 1e3 * statistics.median(ours),
        "ratio, median": statistics.median(each.peer / each.ours for each in fits),
        "slowest/median": max(ours) / statistics.median(ours),
        "objective, worst": max(each.difference for each in fits),
        "objective, median": statistics.median(each.difference for each in fits),
        "share <= +1e-3": sum(each.difference <= TOLERANCE for each in fits) / len(fits),
        "width off, median": statistics.median(abs(each.width) for each in fits),
    }


def _table(results: dict[str, dict[str, float]]) -> None:
    print(" " * 20, *(f"{name:>22}" for name in results))
    for row in next(iter(results.values())):
        print(f"{row:<20}", *(f"{values[row]:>22.4f}" for values in results.values()))


def _rossmann(count: int) -> Iterator[pd.DataFrame]:
    """Evenly spaced stores with enough open days: ds, y, and the three regressors as 0 and 1."""
    sales = pd.read_parquet(ROSSMANN).query("Sales > 0").sort_values(["Store", "Date"])
    sales = pd.DataFrame(
        {
            "series": sales["Store"].astype(str),
            "ds": pd.to_datetime(sales["Date"]),
            "y": sales["Sales"].astype(float),
            "promo": sales["Promo"].astype(float),
            "holiday": (sales["StateHoliday"].astype(str) != "0").astype(float),
            "school_holiday": sales["SchoolHoliday"].astype(float),
        }
    )
    yield from _spread(sales, count)


def _sample(count: int) -> Iterator[pd.DataFrame]:
    """Products of the embedded sample's stores on open days with demand."""
    sales = pd.read_parquet(SAMPLE).query("is_open and demand > 0").sort_values(["store", "item", "date"])
    sales = pd.DataFrame(
        {
            "series": sales["store"].astype(str) + "/" + sales["item"].astype(str),
            "ds": pd.to_datetime(sales["date"]),
            "y": sales["demand"],
            "promo": sales["promo"].astype(float),
            "holiday": (sales["holiday"] != "").astype(float),
            "school_holiday": sales["school_holiday"].astype(float),
        }
    )
    yield from _spread(sales, count)


def _spread(sales: pd.DataFrame, count: int) -> Iterator[pd.DataFrame]:
    by_series = {
        name: frame.drop(columns="series").reset_index(drop=True)
        for name, frame in sales.groupby("series", sort=True)
        if len(frame) >= LEAST_DAYS + HORIZON
    }
    names = list(by_series)
    for at in np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int):
        yield by_series[names[at]]


if __name__ == "__main__":
    main()
