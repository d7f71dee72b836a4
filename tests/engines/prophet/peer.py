"""Plain Prophet with CmdStan, and the series on which both are compared."""

import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from prophet import Prophet

from forecasting.engines.prophet.backend import problem_of
from forecasting.engines.prophet.problem import FitProblem, Parameters

ROOT = Path(__file__).parents[3]

REGRESSORS = ("promo", "holiday", "school_holiday")

for name in ("prophet", "prophet.models", "cmdstanpy"):
    logging.getLogger(name).setLevel(logging.ERROR)


def plain(*, multiplicative: bool = False, regressors: tuple[str, ...] = (), **options: Any) -> Prophet:
    """A plain Prophet with its defaults except for the mode, regressors and `options`."""
    prophet = Prophet(seasonality_mode="multiplicative" if multiplicative else "additive", **options)
    for each in regressors:
        prophet.add_regressor(each)
    return prophet


def problem(prophet: Prophet, frame: pd.DataFrame) -> FitProblem:
    """The problem that Prophet would pass to Stan; the model can't be fitted afterwards."""
    return problem_of(dataclasses.asdict(prophet.preprocess(frame)))


def parameters(prophet: Prophet) -> Parameters:
    """The parameters that CmdStan found."""
    found: Mapping[str, np.ndarray] = prophet.params
    k, m, delta, beta, sigma = (found[each].ravel() for each in ("k", "m", "delta", "beta", "sigma_obs"))
    return Parameters(float(k[0]), float(m[0]), delta, beta, float(sigma[0]))


def sample(count: int) -> dict[str, pd.DataFrame]:
    """Evenly spaced series of the embedded sample: ds, y and the regressors on open days with demand."""
    sales = pd.read_parquet(ROOT / "data" / "sample" / "sales.parquet")
    sales = sales[sales["is_open"] & (sales["demand"] > 0)].sort_values(["store", "item", "date"])
    sales = sales.assign(
        ds=pd.to_datetime(sales["date"]).astype("datetime64[ns]"),
        y=sales["demand"],
        promo=sales["promo"].astype(float),
        holiday=(sales["holiday"] != "").astype(float),
        school_holiday=sales["school_holiday"].astype(float),
    )
    groups = {"/".join(key): each for key, each in sales.groupby(["store", "item"])}
    names = [list(groups)[at] for at in np.linspace(0, len(groups) - 1, count).round().astype(int)]
    columns = ["ds", "y", *REGRESSORS]
    return {each: groups[each][columns].reset_index(drop=True) for each in names}
