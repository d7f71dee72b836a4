"""One door to the two solvers."""

import numpy as np

from forecasting.engines.prophet import additive, multiplicative
from forecasting.engines.prophet.problem import SIGMA_FLOOR, Parameters, Problem
from forecasting.errors import FitFailed


def solve(problem: Problem) -> Parameters:
    """Find a mode of the posterior of Prophet's model with linear growth.

    A constant series gets what Prophet gives it without asking Stan (`Prophet.fit`): a level, no noise to
    speak of, and nothing else.

    Raises
    ------
    FitFailed
        If the problem can't be fitted (`Problem.require_fit`), or no finite mode was found.
    """
    problem.require_fit()
    if problem.y.min() == problem.y.max():
        nothing = np.zeros(problem.changes.size), np.zeros(problem.sigmas.size)
        return Parameters(0.0, float(problem.y[0]), *nothing, SIGMA_FLOOR)
    search = multiplicative.solve if problem.multiplicative.any() else additive.solve
    try:
        found = search(problem)
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise FitFailed(f"prophet: expected a mode of the posterior, found: {error}") from error
    if not all(np.isfinite(part).all() for part in (found.k, found.m, found.delta, found.beta, found.sigma)):
        raise FitFailed("prophet: expected finite parameters, found others")
    return found
