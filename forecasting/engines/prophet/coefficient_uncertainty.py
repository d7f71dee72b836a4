"""Uncertainty of the coefficients, from the curvature of the posterior at its mode."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dpotrs, dtrtrs

from forecasting.core.day_arrays import FloatArray
from forecasting.core.errors import FitFailed
from forecasting.engines.prophet.additive import NormalEquations
from forecasting.engines.prophet.fitted_model import FittedModel
from forecasting.engines.prophet.lasso import cholesky

MOST_SHARE = 0.5
"""Largest share of the days that the effective parameters may use up, so that some are left to estimate the
noise from."""


@dataclass(frozen=True, slots=True)
class CoefficientUncertainty:
    """Laplace approximation of slope, level and additive coefficients, given the noise and the slope changes.

    The precision matrix is ``rows'·rows / sigma² + diag(prior precision)`` with rows ``t, 1, x`` (Bishop
    2006, *Pattern Recognition and Machine Learning*, section 3.3: Bayesian linear regression). Prophet leaves
    this uncertainty out (``mcmc_samples=0``), so its band is too narrow on days like Christmas whose columns
    were rarely seen.

    Attributes
    ----------
    factor
        (K + 2, K + 2) lower Cholesky factor of the precision matrix, in scaled units.
    effective_parameters
        Effective number of parameters: the trace of ``precision⁻¹ · rows'·rows / sigma²``.
    scale
        Units of the fitted values per scaled unit.
    noise
        Standard deviation of the noise in the units of the fitted values,
        ``√(RSS / (n - effective_parameters))``. The sigma at the mode is smaller: it is what is left after
        the parameters have fitted some of the noise.
    """

    factor: FloatArray
    effective_parameters: float
    scale: float
    noise: float

    def variance(self, t: FloatArray, x: FloatArray) -> FloatArray:
        """(n,) variance that the coefficients' uncertainty adds, in squared units of the fitted values.

        Parameters
        ----------
        t
            (n,) scaled time. Beyond the history the uncertainty of the slope stops growing: from there on the
            uncertainty of the trend itself takes its place.
        x
            (n, K) columns.
        """
        return np.asarray((self.whitened(t, x) ** 2).sum(axis=0))

    def whitened(self, t: FloatArray, x: FloatArray) -> FloatArray:
        """(K + 2, n) weights W: for z standard normal, ``z·W`` has the covariance of the coefficient errors.

        Parameters are those of `variance`.
        """
        rows = np.column_stack([np.minimum(t, 1.0), np.ones_like(t), x])
        solved, _ = dtrtrs(self.factor, rows.T, lower=1)
        return np.asarray(solved * self.scale)


def estimate_uncertainty(equations: NormalEquations, model: FittedModel) -> CoefficientUncertainty:
    """Estimate the uncertainty of a fit's coefficients.

    Parameters
    ----------
    equations
        The normal equations that the fit was found from.

    Raises
    ------
    FitFailed
        If the curvature is not positive definite.
    """
    free, n = equations.precision.size, equations.y.size
    evidence = equations.gram[:free, :free] / model.parameters.sigma**2
    precision = evidence.copy()
    precision.flat[:: free + 1] += equations.precision
    factor = cholesky(precision, jitter=True)
    if factor is None:
        raise FitFailed("prophet: expected a posterior with a mode, found none")
    shrunk, _ = dpotrs(factor, evidence, lower=1)
    # rounding can push the trace out of its range where sigma is tiny
    effective = float(np.clip(np.trace(shrunk), 0.0, min(n, free)))
    return CoefficientUncertainty(factor, effective, model.design.y_scale, _noise(model, n, effective))


def _noise(model: FittedModel, n: int, effective_parameters: float) -> float:
    """Correct the mode's sigma for degrees of freedom: its square is about ``RSS / n``."""
    left = 1.0 - min(effective_parameters / n, MOST_SHARE)
    return model.sigma / float(np.sqrt(left))
