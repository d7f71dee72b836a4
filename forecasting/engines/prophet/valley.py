"""The direction in which a multiplicative model hardly notices where it stands: its scale."""

import math
from dataclasses import dataclass

import numpy as np

from forecasting.engines.conventions import FloatArray
from forecasting.engines.prophet.problem import LEVEL_SD, Problem

STEPS, LONGEST = 6, 0.5
"""Newton steps in the log of the scale that one move takes, and how long each may be."""

RIDGE = 1e-6
"""Weight of the prior in finding the coefficients that make a constant, against the data."""


@dataclass(frozen=True, slots=True)
class Valley:
    """Moves ``trend·c, (1 + X_m·beta)/c``.

    Where the columns can make a constant on the days seen (weekly terms, when a weekday is never open), such
    a move leaves the fitted values as they are, and the priors alone say where on it the mode lies. The way
    is curved, so Newton's steps, which are straight, need dozens to follow it.

    Attributes
    ----------
    unit
        (K,) coefficients b with ``X_m·b`` as near 1 as the columns get (ridge regression).
    missed
        (n,) ``1 - X_m·b``.
    """

    problem: Problem
    unit: FloatArray
    missed: FloatArray

    @classmethod
    def of(cls, problem: Problem) -> "Valley":
        """Find `unit`."""
        chosen = problem.multiplicative
        columns = problem.x[:, chosen]
        matrix = columns.T @ columns
        matrix.flat[:: len(matrix) + 1] += RIDGE * problem.y.size
        unit = np.zeros(chosen.size)
        unit[chosen] = np.linalg.solve(matrix, columns.sum(axis=0))
        return cls(problem, unit, 1.0 - problem.x @ unit)

    def best_scale(self, theta: FloatArray, trend: FloatArray, residual: FloatArray, sigma: float) -> float:
        """The c with the lowest objective at fixed noise, by Newton's method on log c.

        With ``beta(c) = beta/c + (1/c - 1)·unit`` the residual is ``r - (c - 1)·trend·missed``, and the
        objective a polynomial in c and 1/c.
        """
        free = 2 + self.unit.size
        beta = np.where(self.problem.multiplicative, theta[2:free], 0.0)
        extra = trend * self.missed
        weights = self.problem.sigmas**-2
        both = beta + self.unit
        square, cross = float(extra @ extra) / sigma**2, float(extra @ residual) / sigma**2
        level = float(theta[0] ** 2 + theta[1] ** 2) / LEVEL_SD**2
        kink = float(np.abs(theta[free:]).sum()) / self.problem.tau
        far, near = float(weights * both @ both), float(weights * both @ self.unit)

        at = 0.0
        for _ in range(STEPS):
            c = math.exp(at)
            slope = (square * (c - 1.0) - cross) * c + level * c**2 + kink * c - far / c**2 + near / c
            bend = (square * (2.0 * c - 1.0) - cross) * c + 2.0 * level * c**2 + kink * c
            bend += 2.0 * far / c**2 - near / c
            step = slope / bend if bend > 0 else math.copysign(LONGEST, slope)
            at -= min(max(step, -LONGEST), LONGEST)
        return math.exp(at)

    def moved(self, theta: FloatArray, scale: float) -> FloatArray:
        """(p,) parameters after the move."""
        free = 2 + self.unit.size
        moved = theta * scale
        beta = theta[2:free]
        turned = beta / scale + (1.0 / scale - 1.0) * self.unit
        moved[2:free] = np.where(self.problem.multiplicative, turned, beta)
        return moved
