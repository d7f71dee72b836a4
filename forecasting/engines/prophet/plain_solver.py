"""Not used by the product yet: solve Prophet's model whether its terms add to the trend or multiply it."""

import numpy as np

from forecasting.engines.prophet import additive, multiplicative
from forecasting.engines.prophet.problem import SIGMA_FLOOR, FitProblem, Parameters
from forecasting.engines.prophet.solver import checked_mode


def solve(problem: FitProblem) -> Parameters:
    """Find a mode of the posterior of Prophet's model with linear growth.

    A constant series gets what `Prophet.fit` gives it without calling Stan: a level, almost no noise, and
    nothing else.

    Raises
    ------
    FitFailed
        If the problem can't be fitted (`FitProblem.require_fit`), or no finite mode was found.
    """
    problem.require_fit()
    if problem.y.min() == problem.y.max():
        nothing = np.zeros(problem.changes.size), np.zeros(problem.sigmas.size)
        return Parameters(0.0, float(problem.y[0]), *nothing, SIGMA_FLOOR)
    search = multiplicative.solve if problem.multiplicative.any() else additive.solve
    return checked_mode(lambda: search(problem))
