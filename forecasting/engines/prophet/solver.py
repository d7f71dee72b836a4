"""Solve the additive model, and check every mode that a solver finds."""

from collections.abc import Callable

import numpy as np

from forecasting.core.errors import FitFailed
from forecasting.engines.prophet import additive
from forecasting.engines.prophet.additive import NormalEquations
from forecasting.engines.prophet.problem import FitProblem, Parameters


def solve_additive(problem: FitProblem, variance: float) -> tuple[Parameters, NormalEquations]:
    """Find the posterior mode of a problem in which every term adds to the trend.

    Parameters
    ----------
    variance
        Rough noise variance of such problems, in scaled units: where the search starts.

    Returns
    -------
    tuple
        The mode, and the normal equations it was found from; the uncertainty of the coefficients is
        computed from them.

    Raises
    ------
    FitFailed
        If the problem can't be fitted (`FitProblem.require_fit`), or no finite mode was found.
    """
    problem.require_fit()
    equations = NormalEquations.of(problem)
    return checked_mode(lambda: additive.solve_equations(equations, problem.tau, variance)), equations


def checked_mode(search: Callable[[], Parameters]) -> Parameters:
    """Run a search for the mode and require finite parameters.

    Raises
    ------
    FitFailed
        If the search breaks down numerically, or a parameter is not finite.
    """
    try:
        mode = search()
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise FitFailed(f"prophet: expected a mode of the posterior, found: {error}") from error
    if not all(np.isfinite(part).all() for part in (mode.k, mode.m, mode.delta, mode.beta, mode.sigma)):
        raise FitFailed("prophet: expected finite parameters, found others")
    return mode
