"""Not used by the product yet: the posterior mode when terms multiply the trend.

The model is then bilinear, so the mode is found by proximal Newton steps.
"""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from forecasting.core.day_arrays import FloatArray
from forecasting.engines.prophet import additive
from forecasting.engines.prophet.additive import FIRST_VARIANCES
from forecasting.engines.prophet.lasso import eliminate, lasso
from forecasting.engines.prophet.problem import (
    FEW_DAYS,
    LEAST_VARIANCE,
    LEVEL_SD,
    NO_NOISE,
    SIGMA_SD,
    FitProblem,
    Parameters,
    best_sigma,
    noise_value,
    ramps,
    trend,
)
from forecasting.engines.prophet.valley import ScaleValley

TOLERANCE = 1e-9
"""Smallest predicted decrease of the objective for which a step is taken."""

MAX_ROUNDS = 100
"""Most rounds of the search; 5 to 8 are usual."""

SUFFICIENT = 1e-4
"""Share of the predicted decrease that a step must achieve (Armijo's rule; Nocedal & Wright 2006, *Numerical
Optimization*, section 3.1)."""

SMALLEST_STEP = 2.0**-30
"""Step length at which the search gives up, because nothing nearby is better."""

CUT_OFF = 0.1
"""Step length below which the next step is damped."""

LEAST_DAMPING = 1e-4
"""First damping, and the smallest that is not rounded to none."""

LEAST_TREND = 0.05
"""Mean trend, as a share of the highest demand, below which there is almost no trend to multiply."""

LINE_ENDS = (-0.3, -0.03, 0.03, 0.3)
"""First and last levels of the trends of further starts, as shares of the highest demand."""


@dataclass(frozen=True, slots=True)
class SearchPoint:
    """Parameters of the search, with the values computed from them.

    Attributes
    ----------
    theta
        (p,) k, m, beta, delta.
    trend, gain, added
        (n,) trend, ``1 + X_m·beta`` and ``X_a·beta``.
    residual
        (n,) y minus the fitted values.
    sigma
        The best noise for these residuals.
    value
        The objective.
    """

    theta: FloatArray
    trend: FloatArray
    gain: FloatArray
    added: FloatArray
    residual: FloatArray
    sigma: float
    value: float


class NewtonSearch:
    """Proximal Newton steps for one problem, with the matrices that every step needs."""

    def __init__(self, problem: FitProblem) -> None:
        self.problem = problem
        chosen = problem.multiplicative
        self.free = 2 + chosen.size
        self.line = np.column_stack([problem.t, np.ones_like(problem.t), ramps(problem.t, problem.changes)])
        self.factors = problem.x * chosen
        self.terms = problem.x * ~chosen
        self.precision = np.concatenate([np.full(2, LEVEL_SD**-2), problem.sigmas**-2])
        self.on_line = np.concatenate([[0, 1], np.arange(self.free, self.free + problem.changes.size)])

    def at(self, theta: FloatArray) -> SearchPoint:
        """The point with these parameters."""
        beta = theta[2 : self.free]
        return self.point(
            theta, self.line @ theta[self.on_line], 1.0 + self.factors @ beta, self.terms @ beta
        )

    def point(self, theta: FloatArray, trend: FloatArray, gain: FloatArray, added: FloatArray) -> SearchPoint:
        """The point with these parameters and these parts of its fitted values."""
        residual = self.problem.y - trend * gain - added
        rss, n = float(residual @ residual), residual.size
        sigma = best_sigma(rss, n)
        value = noise_value(sigma, rss, n) + self.prior(theta)
        return SearchPoint(theta, trend, gain, added, residual, sigma, value)

    def prior(self, theta: FloatArray) -> float:
        """Minus the log prior of all but the noise."""
        u, delta = theta[: self.free], theta[self.free :]
        return float(0.5 * (self.precision * u) @ u + np.abs(delta).sum() / self.problem.tau)

    def direction(self, here: SearchPoint, damping: float) -> tuple[FloatArray, float]:
        """The proximal Newton step, and the decrease it predicts.

        It minimises the quadratic model of the smooth part plus the L1 norm exactly. The log of the noise is
        one more variable of the model, so that all variables converge quadratically. If the exact Hessian is
        not positive definite, half of the curvature of the fitted values is left out, then all of it together
        with the noise: that is Gauss-Newton, which always descends (Lee, Sun & Saunders 2014, "Proximal
        Newton-type methods for minimizing composite functions"). With `damping` above 0 the step is
        Gauss-Newton at once, its diagonal raised by that share (Marquardt 1963, "An algorithm for
        least-squares estimation of nonlinear parameters"), which shortens the step and turns it downhill.
        """
        gram, slope = self._curvature(here)
        gradient = -slope / here.sigma**2
        gradient[: self.free] += self.precision * here.theta[: self.free]
        step = None
        for share in (1.0, 0.5) if damping == 0 else ():
            step = self._newton(here, self._bent(here, gram, share), slope, gradient)
            if step is not None and self._predicted_decrease(here, gradient, step) < 0:
                break
        else:
            step = self._gauss_newton(here, gram, gradient, damping)
        return step, self._predicted_decrease(here, gradient, step)

    def _predicted_decrease(self, here: SearchPoint, gradient: FloatArray, step: FloatArray) -> float:
        before, after = here.theta[self.free :], here.theta[self.free :] + step[self.free :]
        return float(gradient @ step + (np.abs(after).sum() - np.abs(before).sum()) / self.problem.tau)

    def _curvature(self, here: SearchPoint) -> tuple[FloatArray, FloatArray]:
        """``J'J`` and ``J'r``, J the Jacobian of the fitted values."""
        jacobian = np.empty((here.trend.size, here.theta.size))
        jacobian[:, self.on_line] = self.line * here.gain[:, None]
        jacobian[:, 2 : self.free] = self.factors * here.trend[:, None] + self.terms
        return jacobian.T @ jacobian, jacobian.T @ here.residual

    def _bent(self, here: SearchPoint, gram: FloatArray, share: float) -> FloatArray:
        """``J'J - share·Σ r·∇²fitted``; only products of trend and factor have second derivatives."""
        bent = gram.copy()
        cross = share * (self.line * here.residual[:, None]).T @ self.factors
        columns = np.arange(2, self.free)
        bent[self.on_line[:, None], columns] -= cross
        bent[columns[:, None], self.on_line] -= cross.T
        return bent

    def _newton(
        self, here: SearchPoint, bent: FloatArray, slope: FloatArray, gradient: FloatArray
    ) -> FloatArray | None:
        """The step with the log of the noise as first variable; None if the Hessian is indefinite."""
        size = 1 + here.theta.size
        hessian = np.empty((size, size))
        hessian[1:, 1:] = bent / here.sigma**2
        hessian.flat[size + 1 : (self.free + 1) * (size + 1) : size + 1] += self.precision
        rss = float(here.residual @ here.residual)
        hessian[0, 0] = 2.0 * rss / here.sigma**2 + 2.0 * (here.sigma / SIGMA_SD) ** 2
        hessian[0, 1:] = hessian[1:, 0] = 2.0 * slope / here.sigma**2
        linear = hessian[:, 1:] @ here.theta
        linear[1:] -= gradient
        return self._minimum(here, hessian, linear, jitter=False)

    def _gauss_newton(
        self, here: SearchPoint, gram: FloatArray, gradient: FloatArray, damping: float
    ) -> FloatArray:
        """The step at the current noise, with linearised fitted values; zero if rounding prevents a step."""
        hessian = gram / here.sigma**2
        hessian.flat[: self.free * len(hessian) : len(hessian) + 1] += self.precision
        hessian.flat[:: len(hessian) + 1] *= 1.0 + damping
        step = self._minimum(here, hessian, hessian @ here.theta - gradient, jitter=True)
        return np.zeros_like(here.theta) if step is None else step

    def _minimum(
        self, here: SearchPoint, hessian: FloatArray, linear: FloatArray, *, jitter: bool
    ) -> FloatArray | None:
        """The step to the minimum of a quadratic plus the L1 norm."""
        reduced = eliminate(hessian, linear, len(hessian) - self.problem.changes.size, jitter=jitter)
        if reduced is None:
            return None
        before = here.theta[self.free :]
        delta = lasso(reduced.hessian, reduced.linear, 1.0 / self.problem.tau, before, jitter=jitter)
        if delta is None:
            return None
        return np.concatenate([(reduced.offset - reduced.slope @ delta)[-self.free :], delta]) - here.theta

    def walk(self, here: SearchPoint, step: FloatArray, predicted: float) -> tuple[SearchPoint, float] | None:
        """The first point at 1, 1/2, 1/4 … of a step that decreases the objective enough, and its length.

        None if there is no such point.
        """
        trend = self.line @ step[self.on_line]
        beta = step[2 : self.free]
        gain, added = self.factors @ beta, self.terms @ beta
        share = 1.0
        while share > SMALLEST_STEP:
            there = self.point(
                here.theta + share * step,
                here.trend + share * trend,
                here.gain + share * gain,
                here.added + share * added,
            )
            if there.value <= here.value + SUFFICIENT * share * predicted:
                return there, share
            share /= 2.0
        return None


def solve(problem: FitProblem) -> Parameters:
    """Find a mode by proximal Newton steps, each followed by a move along the scale valley.

    The search starts from the additive mode, with its effects converted into factors of the mean trend. On
    short series, and on those with almost no trend to multiply, the posterior has several modes. There the
    search starts from many points and keeps the best result, preferring results with noise above `NO_NOISE`.
    """
    search, valley = NewtonSearch(problem), ScaleValley.of(problem)
    mode = additive.solve(replace(problem, multiplicative=np.zeros_like(problem.multiplicative)))
    level = float(trend(mode, problem.t, problem.changes).mean())
    starts = [_from_additive_mode(search, mode, level)] if abs(level) >= LEAST_TREND else []
    if abs(level) < LEAST_TREND or problem.y.size < FEW_DAYS:
        starts += [_from_straight_trend(search, *ends) for ends in product(LINE_ENDS, repeat=2)]
    ends = [_descend(search, valley, start) for start in starts]
    best = min(ends, key=lambda point: (point.sigma <= NO_NOISE, point.value))
    theta, free = best.theta, search.free
    return Parameters(float(theta[0]), float(theta[1]), theta[free:], theta[2:free], best.sigma)


def _from_additive_mode(search: NewtonSearch, mode: Parameters, level: float) -> FloatArray:
    """Parameters of the additive mode, with its effects converted into factors of the mean trend."""
    beta = np.where(search.problem.multiplicative, mode.beta / level, mode.beta)
    return np.concatenate([[mode.k, mode.m], beta, mode.delta])


def _from_straight_trend(search: NewtonSearch, first: float, last: float) -> FloatArray:
    """Parameters of a straight trend, with coefficients from a ridge regression."""
    problem = search.problem
    line = first + (last - first) * problem.t
    columns = search.factors * line[:, None] + search.terms
    matrix = columns.T @ columns + np.diag(FIRST_VARIANCES[0] * search.precision[2:])
    beta = np.linalg.solve(matrix, columns.T @ (problem.y - line))
    return np.concatenate([[last - first, first], beta, np.zeros(problem.changes.size)])


def _descend(search: NewtonSearch, valley: ScaleValley, start: FloatArray) -> SearchPoint:
    """Descend from a start to a mode."""
    here, damping = search.at(start), 0.0
    for _ in range(MAX_ROUNDS):
        if here.sigma**2 < LEAST_VARIANCE * search.problem.y.size:
            break
        step, predicted = search.direction(here, damping)
        if predicted > -TOLERANCE:
            break
        walked = search.walk(here, step, predicted)
        if walked is None:
            break
        there, share = walked
        here = _lowest_along_valley(valley, search, there)
        damping = _next_damping(damping, share)
    return here


def _next_damping(damping: float, share: float) -> float:
    """Increase the damping after a step that was cut short, reduce it after a full one."""
    if share < CUT_OFF:
        return max(damping * 10.0, LEAST_DAMPING)
    if share < 1.0 or damping == 0:
        return damping
    return damping / 10.0 if damping > LEAST_DAMPING else 0.0


def _lowest_along_valley(valley: ScaleValley, search: NewtonSearch, here: SearchPoint) -> SearchPoint:
    """The lowest point of the scale valley through `here`, which may be `here` itself."""
    scale = valley.best_scale(here.theta, here.trend, here.residual, here.sigma)
    moved = search.at(valley.moved(here.theta, scale))
    return moved if moved.value < here.value - TOLERANCE else here
