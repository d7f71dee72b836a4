"""Not used by the product yet: the negative log posterior, evaluated from its definition.

Tests and ``benchmarks.solver`` judge the solvers by it; no solver uses it.
"""

import numpy as np

from forecasting.core.day_arrays import FloatArray
from forecasting.engines.prophet.problem import LEVEL_SD, SIGMA_SD, FitProblem, Parameters


def fitted(problem: FitProblem, parameters: Parameters) -> FloatArray:
    """(n,) ``trend · (1 + X_m·beta) + X_a·beta``, with the trend in the form of ``prophet.stan``."""
    after = (problem.t[:, None] >= problem.changes).astype(np.float64)
    slope = parameters.k + after @ parameters.delta
    level = parameters.m + after @ (-problem.changes * parameters.delta)
    trend = slope * problem.t + level
    multiplied, added = _effects(problem, parameters)
    return trend * (1.0 + multiplied) + added


def objective(problem: FitProblem, parameters: Parameters) -> float:
    """Minus the log density of ``prophet.stan`` as CmdStan optimises it, without constants and Jacobian.

    ::

        ½(k/5)² + ½(m/5)² + Σ|delta|/tau + ½Σ(beta/sigmas)² + ½(s/½)² + n·log s + ½·RSS/s²
    """
    residual = problem.y - fitted(problem, parameters)
    sigma = parameters.sigma
    prior = 0.5 * (parameters.k**2 + parameters.m**2) / LEVEL_SD**2
    prior += float(np.abs(parameters.delta).sum()) / problem.tau
    prior += 0.5 * float(((parameters.beta / problem.sigmas) ** 2).sum())
    prior += 0.5 * (sigma / SIGMA_SD) ** 2
    return float(prior + residual.size * np.log(sigma) + 0.5 * (residual @ residual) / sigma**2)


def stationarity(problem: FitProblem, parameters: Parameters) -> dict[str, float]:
    """How far each group of parameters is from the first-order conditions of a mode; 0 means exactly met.

    For k, m, beta and log sigma: the largest absolute derivative of `objective`. For delta: the distance of
    the smooth part's derivative g from the subdifferential, ``|g + sign(delta)/tau|`` where delta is not 0
    and ``max(|g| - 1/tau, 0)`` where it is 0 (Tibshirani 1996, "Regression shrinkage and selection via the
    lasso").
    """
    sigma = parameters.sigma
    residual = problem.y - fitted(problem, parameters)
    multiplied, _ = _effects(problem, parameters)
    pull = residual * (1.0 + multiplied) / sigma**2
    after = np.maximum(problem.t[:, None] - problem.changes, 0.0)
    smooth = -after.T @ pull
    kinked = np.abs(smooth + np.sign(parameters.delta) / problem.tau)
    flat = np.maximum(np.abs(smooth) - 1.0 / problem.tau, 0.0)
    line = problem.t * parameters.k + parameters.m + after @ parameters.delta
    columns = problem.x * np.where(problem.multiplicative, line[:, None], 1.0)
    beta = parameters.beta / problem.sigmas**2 - columns.T @ residual / sigma**2
    noise = (sigma / SIGMA_SD) ** 2 + residual.size - (residual @ residual) / sigma**2
    return {
        "k": abs(float(parameters.k / LEVEL_SD**2 - problem.t @ pull)),
        "m": abs(float(parameters.m / LEVEL_SD**2 - pull.sum())),
        "delta": float(np.where(parameters.delta != 0, kinked, flat).max(initial=0.0)),
        "beta": float(np.abs(beta).max(initial=0.0)),
        "sigma": abs(float(noise)),
    }


def _effects(problem: FitProblem, parameters: Parameters) -> tuple[FloatArray, FloatArray]:
    chosen = problem.multiplicative
    return problem.x @ np.where(chosen, parameters.beta, 0.0), problem.x @ np.where(
        chosen, 0.0, parameters.beta
    )
