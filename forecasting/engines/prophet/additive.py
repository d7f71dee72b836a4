"""The posterior mode of the additive model. Given the noise the model is linear, so the solution is exact."""

from dataclasses import dataclass

import numpy as np

from forecasting.core.day_arrays import FloatArray
from forecasting.engines.prophet.lasso import eliminate, lasso
from forecasting.engines.prophet.problem import (
    FEW_DAYS,
    LEAST_VARIANCE,
    LEVEL_SD,
    NO_NOISE,
    FitProblem,
    Parameters,
    best_sigma,
    noise_value,
    ramps,
)

FIRST_VARIANCES = (1e-2, 1e-3, 1e-4, 1e-5)
"""Noise variances the search starts from, in scaled units; the first is the square of a tenth of the highest
demand."""

TOLERANCE = 1e-9
"""Relative change of the noise variance at which the search ends. The error of the objective is of the order
of its square."""

FLATTEST, STEEPEST = 0.05, 1.5
"""Range of slopes of the gap, in absolute value, for which a secant step is taken."""

MAX_ROUNDS = 30
"""Most rounds of the search; 4 or 5 are usual."""


@dataclass(frozen=True, slots=True)
class NormalEquations:
    """Everything the search needs from the data.

    Attributes
    ----------
    rows
        (n, p) columns t, 1, x, ramps; all but the last S have normal priors.
    y
        (n,) scaled demand.
    gram, moment
        (p, p) and (p,): ``rows'·rows`` and ``rows'·y``.
    precision
        (p - S,) inverse prior variances.
    """

    rows: FloatArray
    y: FloatArray
    gram: FloatArray
    moment: FloatArray
    precision: FloatArray

    @classmethod
    def of(cls, problem: FitProblem) -> "NormalEquations":
        """Build them from a problem; this is the only expensive pass over the data."""
        free = 2 + problem.sigmas.size
        rows = np.empty((problem.y.size, free + problem.changes.size))
        rows[:, 0] = problem.t
        rows[:, 1] = 1.0
        rows[:, 2:free] = problem.x
        rows[:, free:] = ramps(problem.t, problem.changes)
        precision = np.concatenate([np.full(2, LEVEL_SD**-2), problem.sigmas**-2])
        return cls(rows, problem.y, rows.T @ rows, rows.T @ problem.y, precision)

    def solve(self, variance: float, tau: float, start: FloatArray) -> FloatArray:
        """(p,) exact minimiser for a noise variance v, with the (S,) slope changes `start` as first guess.

        The objective times v is ``½|y - rows·θ|² + ½v·Σ precision·u² + (v/tau)·Σ|delta|``.

        Raises
        ------
        ArithmeticError
            If the normal equations are not positive definite.
        """
        free = self.precision.size
        hessian = self.gram.copy()
        hessian.flat[: free * len(hessian) : len(hessian) + 1] += variance * self.precision
        reduced = eliminate(hessian, self.moment, free, jitter=True)
        if reduced is None:
            raise ArithmeticError("normal equations that are not positive definite")
        delta = lasso(reduced.hessian, reduced.linear, variance / tau, start, jitter=True)
        if delta is None:
            raise ArithmeticError("normal equations that are not positive definite")
        return np.concatenate([reduced.offset - reduced.slope @ delta, delta])

    def rss(self, theta: FloatArray) -> float:
        """Residual sum of squares, from residuals: the Gram matrix loses digits on a near-perfect fit."""
        residual = self.y - self.rows @ theta
        return float(residual @ residual)


def solve(problem: FitProblem) -> Parameters:
    """Find the mode: an exact lasso for a given noise, and a secant search for the noise.

    With ``theta(v)`` the minimiser for noise variance v, a mode satisfies the fixed point
    ``v = best_sigma(RSS(theta(v)), n)²``. A short series may have several: there the search also starts from
    less noise, and takes the best mode with noise above `NO_NOISE`.
    """
    return solve_equations(NormalEquations.of(problem), problem.tau)


def solve_equations(
    equations: NormalEquations, tau: float, variance: float = FIRST_VARIANCES[0]
) -> Parameters:
    """As `solve`, from normal equations.

    Parameters
    ----------
    variance
        Where the search starts if the series is not short; a closer start needs fewer rounds.
    """
    starts = FIRST_VARIANCES if equations.y.size < FEW_DAYS else (variance,)
    found = [_search(equations, tau, start) for start in starts]
    noisy = [each for each in found if each.sigma > NO_NOISE]
    if len(noisy) < 2:  # noqa: PLR2004 - nothing to choose from
        return (noisy or found)[0]
    return min(noisy, key=lambda each: _value(equations, tau, each))


def _search(equations: NormalEquations, tau: float, variance: float) -> Parameters:
    """The fixed point reached from a noise variance."""
    size, n = equations.precision.size, equations.y.size
    theta = np.zeros(equations.moment.size)
    least = float(np.log(LEAST_VARIANCE * equations.gram.diagonal().max()))
    here, before, sigma = float(np.log(variance)), None, 0.0
    for _ in range(MAX_ROUNDS):
        theta = equations.solve(float(np.exp(here)), tau, theta[size:])
        sigma = best_sigma(equations.rss(theta), n)
        gap = 2.0 * float(np.log(sigma)) - here
        if abs(gap) < TOLERANCE or (here <= least and gap < 0):
            break
        step = gap if before is None else _secant(before, (here, gap))
        before, here = (here, gap), max(here + step, least)
    return Parameters(float(theta[0]), float(theta[1]), theta[size:], theta[2:size], sigma)


def _value(equations: NormalEquations, tau: float, found: Parameters) -> float:
    """The objective at a mode."""
    u = np.concatenate([[found.k, found.m], found.beta])
    rss = equations.rss(np.concatenate([u, found.delta]))
    prior = 0.5 * (equations.precision * u) @ u + np.abs(found.delta).sum() / tau
    return float(prior + noise_value(found.sigma, rss, equations.y.size))


def _secant(before: tuple[float, float], now: tuple[float, float]) -> float:
    """Step to where the line through two (position, gap) pairs is 0.

    The slope of the gap lies between -1 (the residuals do not depend on the noise) and 0 (they depend on it
    completely). If the line has another slope, the step is the gap itself.
    """
    slope = (now[1] - before[1]) / (now[0] - before[0])
    return -now[1] / slope if -STEEPEST < slope < -FLATTEST else now[1]
