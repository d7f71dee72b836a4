"""The same solver inside a real `prophet.Prophet`: for components, for Prophet's own JSON, for comparison.

Importing this module imports Prophet (about two seconds), so nothing that forecasts does.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from prophet import Prophet
from prophet.models import IStanBackend, TrendIndicator

from forecasting.core.errors import FitFailed
from forecasting.engines.conventions import FloatArray
from forecasting.engines.prophet import solver
from forecasting.engines.prophet.design import Settings
from forecasting.engines.prophet.problem import Problem


class DirectBackend(IStanBackend):
    """Fits in memory: no process, no files. `Prophet.fit` hands it what it would hand to Stan."""

    @staticmethod
    def get_type() -> str:
        """``DIRECT``."""
        return "DIRECT"

    def load_model(self) -> None:
        """There is none to load."""

    def fit(
        self,
        stan_init: Mapping[str, Any],
        stan_data: Mapping[str, Any],
        **options: object,
    ) -> dict[str, FloatArray]:
        """Find the mode.

        Parameters
        ----------
        stan_init
            Prophet's first guess; not used.
        stan_data
            The data block of ``prophet.stan`` (`prophet.models.ModelInputData` as a dictionary).

        Returns
        -------
        dict
            ``k, m, delta, beta, sigma_obs``, each (1, size), as Prophet keeps them.

        Raises
        ------
        FitFailed
            If the trend is not linear, an option is given, or the series can't be fitted.
        """
        del stan_init
        if options:
            raise FitFailed(f"prophet: expected no options for the optimiser, found {sorted(options)}")
        found = solver.solve(problem_of(stan_data))
        parts = {
            "k": found.k,
            "m": found.m,
            "delta": found.delta,
            "sigma_obs": found.sigma,
            "beta": found.beta,
        }
        return {name: np.asarray(value, dtype=np.float64).reshape(1, -1) for name, value in parts.items()}

    def sampling(self, *_arguments: object, **_options: object) -> dict[str, FloatArray]:
        """Refuse: there is a mode here, and no chain.

        Raises
        ------
        FitFailed
            Always.
        """
        raise FitFailed("prophet: expected mcmc_samples=0, found a request for samples of the posterior")


def problem_of(stan_data: Mapping[str, Any]) -> Problem:
    """The problem in Prophet's data for Stan.

    Raises
    ------
    FitFailed
        If the trend is not linear.
    """
    if stan_data["trend_indicator"] != TrendIndicator.LINEAR.value:
        raise FitFailed("prophet: expected linear growth, found another")
    numbers = {
        name: np.asarray(stan_data[name], dtype=np.float64) for name in ("y", "t", "t_change", "X", "sigmas")
    }
    additive, multiplicative = (np.asarray(stan_data[name]) == 1 for name in ("s_a", "s_m"))
    return Problem(
        y=numbers["y"],
        t=numbers["t"],
        changes=numbers["t_change"],
        x=numbers["X"] * (additive | multiplicative),
        sigmas=numbers["sigmas"],
        multiplicative=multiplicative,
        tau=float(stan_data["tau"]),
    )


def with_direct_backend(prophet: Prophet) -> Prophet:
    """Give a model that is not fitted yet this backend, and return it.

    Its `fit`, `predict` and components are Prophet's; so is `prophet.serialize`, whose JSON opens in a plain
    Prophet that knows nothing of this backend.
    """
    prophet.stan_backend = DirectBackend()
    return prophet


def plain(settings: Settings) -> Prophet:
    """A `prophet.Prophet` that is not fitted yet, told what `settings` say, with this backend."""
    prophet = Prophet(
        n_changepoints=settings.changepoints,
        changepoint_range=settings.changepoint_range,
        yearly_seasonality="auto" if settings.yearly is None else settings.yearly,
        weekly_seasonality="auto" if settings.weekly is None else settings.weekly,
        daily_seasonality=False,
        seasonality_mode="multiplicative" if settings.multiplicative else "additive",
        seasonality_prior_scale=settings.season_prior,
        changepoint_prior_scale=settings.changepoint_prior,
    )
    for each in settings.regressors:
        prophet.add_regressor(
            each.name,
            prior_scale=each.prior,
            standardize="auto" if each.standardize is None else each.standardize,
            mode="multiplicative" if each.multiplicative else "additive",
        )
    return with_direct_backend(prophet)
