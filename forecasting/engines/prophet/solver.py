"""One door to the two solvers."""

from collections.abc import Callable

import numpy as np

from forecasting.core.errors import FitFailed
from forecasting.engines.prophet import additive, multiplicative
from forecasting.engines.prophet.additive import NormalEquations
from forecasting.engines.prophet.problem import SIGMA_FLOOR, Parameters, Problem


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
    return _found(lambda: search(problem))


def solve_additive(problem: Problem, variance: float) -> tuple[Parameters, NormalEquations]:
    """As `solve` where every term adds; also returns the normal equations, which tell the doubt about them.

    Parameters
    ----------
    variance
        About the noise variance of such problems, where the search starts.

    Raises
    ------
    FitFailed
        As for `solve`.
    """
    problem.require_fit()
    equations = NormalEquations.of(problem)
    return _found(lambda: additive.solve_equations(equations, problem.tau, variance)), equations


def _found(search: Callable[[], Parameters]) -> Parameters:
    try:
        found = search()
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise FitFailed(f"prophet: expected a mode of the posterior, found: {error}") from error
    if not all(np.isfinite(part).all() for part in (found.k, found.m, found.delta, found.beta, found.sigma)):
        raise FitFailed("prophet: expected finite parameters, found others")
    return found
