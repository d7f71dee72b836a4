"""The posterior mode where terms multiply the trend: bilinear, so by proximal Newton steps."""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from forecasting.engines.conventions import FloatArray
from forecasting.engines.prophet import additive
from forecasting.engines.prophet.additive import FIRST_VARIANCES
from forecasting.engines.prophet.lasso import eliminate, lasso
from forecasting.engines.prophet.problem import (
    FEW_DAYS,
    LEAST_VARIANCE,
    LEVEL_SD,
    NO_NOISE,
    SIGMA_SD,
    Parameters,
    Problem,
    best_sigma,
    noise_value,
    ramps,
    trend,
)
from forecasting.engines.prophet.valley import Valley

TOLERANCE = 1e-9
"""Decrease of the objective a step must promise to be worth taking."""

MAX_ROUNDS = 100
"""Rounds after which the search ends where it is; 5 to 8 are usual."""

SUFFICIENT = 1e-4
"""Share of the promised decrease a step must keep (Armijo's rule; Nocedal & Wright 2006, section 3.1)."""

SMALLEST_STEP = 2.0**-30
"""Step length at which the search gives up: nothing nearby is better."""

CUT_OFF = 0.1
"""Step length below which the next step is damped."""

LEAST_DAMPING = 1e-4
"""Damping that is begun with, and the least that is kept."""

LEAST_TREND = 0.05
"""Mean trend, as a share of the highest demand, below which there is next to none to multiply."""

LINE_ENDS = (-0.3, -0.03, 0.03, 0.3)
"""Levels the trends of further starts begin and end at, as shares of the highest demand."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where the search stands, and what follows from it.

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


class Search:
    """The parts of a problem every step needs."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        chosen = problem.multiplicative
        self.free = 2 + chosen.size
        self.line = np.column_stack([problem.t, np.ones_like(problem.t), ramps(problem.t, problem.changes)])
        self.factors = problem.x * chosen
        self.terms = problem.x * ~chosen
        self.precision = np.concatenate([np.full(2, LEVEL_SD**-2), problem.sigmas**-2])
        self.on_line = np.concatenate([[0, 1], np.arange(self.free, self.free + problem.changes.size)])

    def at(self, theta: FloatArray) -> Point:
        """The point with these parameters."""
        beta = theta[2 : self.free]
        return self.point(
            theta, self.line @ theta[self.on_line], 1.0 + self.factors @ beta, self.terms @ beta
        )

    def point(self, theta: FloatArray, trend: FloatArray, gain: FloatArray, added: FloatArray) -> Point:
        """The point whose parts are known."""
        residual = self.problem.y - trend * gain - added
        rss, n = float(residual @ residual), residual.size
        sigma = best_sigma(rss, n)
        value = noise_value(sigma, rss, n) + self.prior(theta)
        return Point(theta, trend, gain, added, residual, sigma, value)

    def prior(self, theta: FloatArray) -> float:
        """Minus the log prior of all but the noise."""
        u, delta = theta[: self.free], theta[self.free :]
        return float(0.5 * (self.precision * u) @ u + np.abs(delta).sum() / self.problem.tau)

    def direction(self, here: Point, damping: float) -> tuple[FloatArray, float]:
        """The proximal Newton step, and the decrease it promises.

        The quadratic model of the smooth part plus the L1 norm, minimised exactly; the log of the noise is
        one more variable of it, so that the steps converge quadratically in all of them. Where the exact
        Hessian is not positive definite half of the fitted values' bend is left out, then all of it and the
        noise: Gauss-Newton, always a way down (Lee, Sun & Saunders 2014, "Proximal Newton-type methods for
        minimizing composite functions"). With `damping` above 0 it is Gauss-Newton at once, its diagonal
        raised by that share (Marquardt 1963), which shortens steps and bends them downhill.
        """
        gram, slope = self._curvature(here)
        gradient = -slope / here.sigma**2
        gradient[: self.free] += self.precision * here.theta[: self.free]
        step = None
        for share in (1.0, 0.5) if damping == 0 else ():
            step = self._newton(here, self._bent(here, gram, share), slope, gradient)
            if step is not None and self._promised(here, gradient, step) < 0:
                break
        else:
            step = self._gauss_newton(here, gram, gradient, damping)
        return step, self._promised(here, gradient, step)

    def _promised(self, here: Point, gradient: FloatArray, step: FloatArray) -> float:
        before, after = here.theta[self.free :], here.theta[self.free :] + step[self.free :]
        return float(gradient @ step + (np.abs(after).sum() - np.abs(before).sum()) / self.problem.tau)

    def _curvature(self, here: Point) -> tuple[FloatArray, FloatArray]:
        """``J'J`` and ``J'r``, J the Jacobian of the fitted values."""
        jacobian = np.empty((here.trend.size, here.theta.size))
        jacobian[:, self.on_line] = self.line * here.gain[:, None]
        jacobian[:, 2 : self.free] = self.factors * here.trend[:, None] + self.terms
        return jacobian.T @ jacobian, jacobian.T @ here.residual

    def _bent(self, here: Point, gram: FloatArray, share: float) -> FloatArray:
        """``J'J - share·Σ r·∇²fitted``; only products of a trend and a factor have second derivatives."""
        bent = gram.copy()
        cross = share * (self.line * here.residual[:, None]).T @ self.factors
        columns = np.arange(2, self.free)
        bent[self.on_line[:, None], columns] -= cross
        bent[columns[:, None], self.on_line] -= cross.T
        return bent

    def _newton(
        self, here: Point, bent: FloatArray, slope: FloatArray, gradient: FloatArray
    ) -> FloatArray | None:
        """With the log of the noise as first variable; None where the Hessian is not positive definite."""
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
        self, here: Point, gram: FloatArray, gradient: FloatArray, damping: float
    ) -> FloatArray:
        """At the present noise, as if the fitted values were linear; no step where rounding allows none."""
        hessian = gram / here.sigma**2
        hessian.flat[: self.free * len(hessian) : len(hessian) + 1] += self.precision
        hessian.flat[:: len(hessian) + 1] *= 1.0 + damping
        step = self._minimum(here, hessian, hessian @ here.theta - gradient, jitter=True)
        return np.zeros_like(here.theta) if step is None else step

    def _minimum(
        self, here: Point, hessian: FloatArray, linear: FloatArray, *, jitter: bool
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

    def walk(self, here: Point, step: FloatArray, promised: float) -> tuple[Point, float] | None:
        """The first point at 1, 1/2, 1/4 … of a step that keeps a share of what it promised, and how far.

        None if none does.
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
            if there.value <= here.value + SUFFICIENT * share * promised:
                return there, share
            share /= 2.0
        return None


def solve(problem: Problem) -> Parameters:
    """Find a mode by proximal Newton steps, with a move along the scale valley after each.

    Starts from the additive mode, its effects turned into factors of the mean trend. On short series, and
    where there is next to no trend to multiply, the posterior has several modes: there the best of many
    starts is taken, of those that end with any noise if some do.
    """
    search, valley = Search(problem), Valley.of(problem)
    mode = additive.solve(replace(problem, multiplicative=np.zeros_like(problem.multiplicative)))
    level = float(trend(mode, problem.t, problem.changes).mean())
    starts = [_turned(search, mode, level)] if abs(level) >= LEAST_TREND else []
    if abs(level) < LEAST_TREND or problem.y.size < FEW_DAYS:
        starts += [_on_line(search, *ends) for ends in product(LINE_ENDS, repeat=2)]
    ends = [_descend(search, valley, start) for start in starts]
    best = min(ends, key=lambda point: (point.sigma <= NO_NOISE, point.value))
    theta, free = best.theta, search.free
    return Parameters(float(theta[0]), float(theta[1]), theta[free:], theta[2:free], best.sigma)


def _turned(search: Search, mode: Parameters, level: float) -> FloatArray:
    """The additive mode, its effects turned into factors of a mean trend."""
    beta = np.where(search.problem.multiplicative, mode.beta / level, mode.beta)
    return np.concatenate([[mode.k, mode.m], beta, mode.delta])


def _on_line(search: Search, first: float, last: float) -> FloatArray:
    """A straight trend, and the coefficients a ridge regression gives it."""
    problem = search.problem
    line = first + (last - first) * problem.t
    columns = search.factors * line[:, None] + search.terms
    matrix = columns.T @ columns + np.diag(FIRST_VARIANCES[0] * search.precision[2:])
    beta = np.linalg.solve(matrix, columns.T @ (problem.y - line))
    return np.concatenate([[last - first, first], beta, np.zeros(problem.changes.size)])


def _descend(search: Search, valley: Valley, start: FloatArray) -> Point:
    """From a start down to a mode."""
    here, damping = search.at(start), 0.0
    for _ in range(MAX_ROUNDS):
        if here.sigma**2 < LEAST_VARIANCE * search.problem.y.size:
            break
        step, promised = search.direction(here, damping)
        if promised > -TOLERANCE:
            break
        walked = search.walk(here, step, promised)
        if walked is None:
            break
        there, share = walked
        here = _along(valley, search, there)
        damping = _next_damping(damping, share)
    return here


def _next_damping(damping: float, share: float) -> float:
    """More after a step that was mostly cut off, less after a whole one."""
    if share < CUT_OFF:
        return max(damping * 10.0, LEAST_DAMPING)
    if share < 1.0 or damping == 0:
        return damping
    return damping / 10.0 if damping > LEAST_DAMPING else 0.0


def _along(valley: Valley, search: Search, here: Point) -> Point:
    """The lowest point of the scale valley through `here`, or `here` if that is it."""
    scale = valley.best_scale(here.theta, here.trend, here.residual, here.sigma)
    moved = search.at(valley.moved(here.theta, scale))
    return moved if moved.value < here.value - TOLERANCE else here
