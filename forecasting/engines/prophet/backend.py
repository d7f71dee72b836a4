"""Not used by the product yet: this package's solver as the backend of a real `prophet.Prophet`.

Meant for models that open in plain Prophet, with its components and its JSON. Importing this module imports
Prophet, which takes about two seconds.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from prophet import Prophet
from prophet.models import IStanBackend, TrendIndicator

from forecasting.core.day_arrays import FloatArray
from forecasting.core.errors import FitFailed
from forecasting.engines.prophet import plain_solver
from forecasting.engines.prophet.design import ProphetSettings
from forecasting.engines.prophet.problem import FitProblem


class DirectBackend(IStanBackend):
    """Fits in memory, without a process or files. `Prophet.fit` passes it the data it would pass to Stan."""

    @staticmethod
    def get_type() -> str:
        """``DIRECT``."""
        return "DIRECT"

    def load_model(self) -> None:
        """Do nothing: there is no model file."""

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
            Prophet's initial values; not used.
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
        found = plain_solver.solve(problem_of(stan_data))
        parts = {
            "k": found.k,
            "m": found.m,
            "delta": found.delta,
            "sigma_obs": found.sigma,
            "beta": found.beta,
        }
        return {name: np.asarray(value, dtype=np.float64).reshape(1, -1) for name, value in parts.items()}

    def sampling(self, *_arguments: object, **_options: object) -> dict[str, FloatArray]:
        """Refuse: this backend finds the mode and can't sample the posterior.

        Raises
        ------
        FitFailed
            Always.
        """
        raise FitFailed("prophet: expected mcmc_samples=0, found a request for samples of the posterior")


def problem_of(stan_data: Mapping[str, Any]) -> FitProblem:
    """Convert Prophet's data for Stan into a problem.

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
    return FitProblem(
        y=numbers["y"],
        t=numbers["t"],
        changes=numbers["t_change"],
        x=numbers["X"] * (additive | multiplicative),
        sigmas=numbers["sigmas"],
        multiplicative=multiplicative,
        tau=float(stan_data["tau"]),
    )


def with_direct_backend(prophet: Prophet) -> Prophet:
    """Give an unfitted model this backend, and return it.

    `fit`, `predict` and the components remain Prophet's. The JSON of `prophet.serialize` opens in a plain
    Prophet without this backend.
    """
    prophet.stan_backend = DirectBackend()
    return prophet


def plain(settings: ProphetSettings) -> Prophet:
    """Create an unfitted `prophet.Prophet` from settings, with this backend."""
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
