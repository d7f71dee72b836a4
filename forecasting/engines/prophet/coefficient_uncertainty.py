"""What is not known of the coefficients themselves: the posterior's curvature at its mode."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpotrs, dtrtrs

from forecasting.core.day_arrays import FloatArray
from forecasting.core.errors import FitFailed
from forecasting.engines.prophet.additive import NormalEquations
from forecasting.engines.prophet.lasso import cholesky
from forecasting.engines.prophet.predict import Fitted

MOST_SHARE = 0.5
"""Share of the days that the effective parameters take up at most, so that some always speak of noise."""


@dataclass(frozen=True, slots=True)
class CoefficientUncertainty:
    """Laplace approximation of level, slope and additive coefficients, given the noise and the slope changes.

    The precision is ``rows'·rows / sigma² + diag(prior precision)`` with rows ``t, 1, x`` (Bishop 2006,
    *Pattern Recognition and Machine Learning*, section 3.3: Bayesian linear regression). A Prophet forecast
    leaves it out (``mcmc_samples=0``), and so is too sure of itself where a column has been seen seldom,
    such as Christmas.

    Attributes
    ----------
    factor
        (K + 2, K + 2) lower Cholesky factor of the precision, in scaled units.
    freedom
        Effective number of parameters: the trace of ``precision⁻¹ · rows'·rows / sigma²``.
    scale
        Fitted units per scaled unit.
    noise
        Standard deviation of the noise in fitted units, ``√(RSS / (n - freedom))``: that of the mode is what
        is left after the parameters have been fitted to the noise as well.
    """

    factor: FloatArray
    freedom: float
    scale: float
    noise: float

    def variance(self, t: FloatArray, x: FloatArray) -> FloatArray:
        """(n,) variance that doubt about the parameters adds, in fitted units squared.

        Parameters
        ----------
        t
            (n,) scaled time; beyond the history the doubt about the slope grows no further, as the trend's
            own uncertainty takes over.
        x
            (n, K) columns.
        """
        return np.asarray((self._whitened(t, x) ** 2).sum(axis=0))

    def draw(self, t: FloatArray, x: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
        """(count, n) draws of what the parameters may add, in fitted units; its variance is `variance`."""
        whitened = self._whitened(t, x)
        return np.asarray(rng.standard_normal((count, len(whitened))) @ whitened)

    def _whitened(self, t: FloatArray, x: FloatArray) -> FloatArray:
        """(K + 2, n) what independent standard normals are weighted with in each row."""
        rows = _rows(np.minimum(t, 1.0), x)
        solved, _ = dtrtrs(self.factor, rows.T, lower=1)
        return np.asarray(solved * self.scale)


def estimate_uncertainty(equations: NormalEquations, fitted: Fitted) -> CoefficientUncertainty:
    """The doubt about a fit.

    Parameters
    ----------
    equations
        What it was found from.

    Raises
    ------
    FitFailed
        If the curvature is not positive definite.
    """
    free, n = equations.precision.size, equations.y.size
    evidence = equations.gram[:free, :free] / fitted.parameters.sigma**2
    precision = evidence.copy()
    precision.flat[:: free + 1] += equations.precision
    factor = cholesky(precision, jitter=True)
    if factor is None:
        raise FitFailed("prophet: expected a posterior with a mode, found none")
    shrunk, _ = dpotrs(factor, evidence, lower=1)
    freedom = float(np.clip(np.trace(shrunk), 0.0, min(n, free)))  # where sigma is tiny, rounding strays
    return CoefficientUncertainty(factor, freedom, fitted.design.y_scale, _noise(fitted, n, freedom))


def _noise(fitted: Fitted, n: int, freedom: float) -> float:
    """The mode's sigma squared is about ``RSS / n``: the days the parameters have used up are taken off."""
    left = 1.0 - min(freedom / n, MOST_SHARE)
    return fitted.sigma / float(np.sqrt(left))


def _rows(t: FloatArray, x: FloatArray) -> FloatArray:
    return np.column_stack([t, np.ones_like(t), x])
