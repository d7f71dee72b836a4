"""Not used by the product yet: the scale of a multiplicative model, which the data hardly determine."""

import math
from dataclasses import dataclass

import numpy as np

from forecasting.core.day_arrays import FloatArray
from forecasting.engines.prophet.problem import LEVEL_SD, FitProblem

STEPS, LONGEST = 6, 0.5
"""Newton steps in the log of the scale per move, and the longest step."""

RIDGE = 1e-6
"""Ridge penalty, per day, of the regression that finds the coefficients of a constant."""


@dataclass(frozen=True, slots=True)
class ScaleValley:
    """Moves along the valley ``trend·c, (1 + X_m·beta)/c`` of the objective.

    If a combination of the columns is constant on the fitted days (weekly terms, when one weekday is never
    open), such a move does not change the fitted values, and only the priors determine where along it the
    mode lies. The valley is curved, so straight Newton steps would need dozens to follow it.

    Attributes
    ----------
    unit
        (K,) coefficients b with ``X_m·b`` as close to 1 as possible (ridge regression).
    missed
        (n,) ``1 - X_m·b``.
    """

    problem: FitProblem
    unit: FloatArray
    missed: FloatArray

    @classmethod
    def of(cls, problem: FitProblem) -> "ScaleValley":
        """Find `unit` for a problem."""
        chosen = problem.multiplicative
        columns = problem.x[:, chosen]
        matrix = columns.T @ columns
        matrix.flat[:: len(matrix) + 1] += RIDGE * problem.y.size
        unit = np.zeros(chosen.size)
        unit[chosen] = np.linalg.solve(matrix, columns.sum(axis=0))
        return cls(problem, unit, 1.0 - problem.x @ unit)

    def best_scale(self, theta: FloatArray, trend: FloatArray, residual: FloatArray, sigma: float) -> float:
        """The c with the lowest objective at fixed noise, by Newton's method on log c.

        With ``beta(c) = beta/c + (1/c - 1)·unit`` the residual is ``r - (c - 1)·trend·missed``, so the
        objective is a polynomial in c and 1/c.

        Parameters
        ----------
        theta
            (p,) k, m, beta, delta.
        trend, residual
            (n,) trend and residuals there.
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
