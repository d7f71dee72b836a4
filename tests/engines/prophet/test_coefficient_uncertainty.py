from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.engines.prophet import plain_solver
from forecasting.engines.prophet.additive import NormalEquations
from forecasting.engines.prophet.coefficient_uncertainty import CoefficientUncertainty, estimate_uncertainty
from forecasting.engines.prophet.design import ProphetSettings, Regressor, prepare
from forecasting.engines.prophet.fitted_model import FittedModel, fitted_model
from forecasting.engines.prophet.problem import LEVEL_SD, FitProblem

START = 17_000
SETTINGS = ProphetSettings(
    changepoints=5,
    weekly=1,
    yearly=0,
    regressors=(Regressor("promo", standardize=False), Regressor("christmas", standardize=False)),
)


def fitted(size: int = 120, noise: float = 0.1, seed: int = 0) -> tuple[FitProblem, FittedModel]:
    """A fit of a noisy level near 6 with a promotion every other week and Christmas once."""
    rng, day = np.random.default_rng(seed), np.arange(size)
    columns = {"promo": (day // 7 % 2).astype(float), "christmas": (day == size // 2).astype(float)}
    y = 6 + 0.3 * columns["promo"] + 0.5 * columns["christmas"] + noise * rng.standard_normal(size)
    design, problem = prepare(START + day, y, columns, SETTINGS)
    problem = replace(problem, sigmas=np.array([0.5, 0.5, 0.3, 0.3]) / design.y_scale)
    return problem, fitted_model(design, plain_solver.solve(problem))


def uncertainty_of(problem: FitProblem, made: FittedModel) -> CoefficientUncertainty:
    """The uncertainty of a fit's coefficients."""
    return estimate_uncertainty(NormalEquations.of(problem), made)


def dense(problem: FitProblem, made: FittedModel) -> np.ndarray:
    """The covariance of level, slope and coefficients in scaled units: the precision, inverted."""
    rows = np.column_stack([np.ones(problem.t.size), problem.t, problem.x])
    prior = np.concatenate([[LEVEL_SD, LEVEL_SD], problem.sigmas])
    return np.linalg.inv(rows.T @ rows / made.parameters.sigma**2 + np.diag(prior**-2))


def row(**on: float) -> tuple[np.ndarray, np.ndarray]:
    """Half-way through the history, with some columns."""
    names = ("sin", "cos", "promo", "christmas")
    return np.array([0.5]), np.array([[on.get(name, 0.0) for name in names]])


def test_the_variance_is_that_of_the_inverse_precision() -> None:
    """Day by day, against the dense formula."""
    problem, made = fitted()
    covariance = dense(problem, made)
    rows = np.column_stack([np.ones(problem.t.size), problem.t, problem.x])
    expected = np.einsum("ni,ij,nj->n", rows, covariance, rows) * made.design.y_scale**2
    assert uncertainty_of(problem, made).variance(problem.t, problem.x) == pytest.approx(expected, rel=1e-8)


def test_a_column_seen_once_is_less_certain_than_one_seen_often() -> None:
    """Christmas came once: nearly as uncertain as the noise of one day, more than 60 promotions."""
    problem, made = fitted()
    uncertainty = uncertainty_of(problem, made)
    plain, promo, christmas = (
        uncertainty.variance(*row(**on))[0] for on in ({}, {"promo": 1.0}, {"christmas": 1.0})
    )
    assert plain < 0.002
    assert promo < 0.002
    assert christmas == pytest.approx(0.1**2, rel=0.3)


def test_a_column_never_seen_has_the_variance_of_its_prior() -> None:
    """The data say nothing about it."""
    problem, made = fitted()
    silent = replace(problem, x=np.where(np.arange(4) == 3, 0.0, problem.x))
    uncertainty = uncertainty_of(silent, made)
    added = uncertainty.variance(*row(christmas=1.0))[0] - uncertainty.variance(*row())[0]
    assert added == pytest.approx(0.3**2, rel=1e-6)


def test_the_uncertainty_of_the_slope_stops_growing_at_the_end_of_the_history() -> None:
    """The trend's own uncertainty takes over there."""
    problem, made = fitted()
    uncertainty = uncertainty_of(problem, made)
    _, x = row(promo=1.0)
    last, later = (uncertainty.variance(np.array([t]), x)[0] for t in (1.0, 3.0))
    assert later == last


@given(st.integers(2, 60), st.sampled_from([1e-9, 1e-3, 0.1, 3.0]), st.integers(0, 3))
def test_the_effective_parameters_use_up_some_days_but_never_all(size: int, noise: float, seed: int) -> None:
    """Their effective number lies between 0 and their count; the noise is at least that of the mode."""
    problem, made = fitted(size, noise, seed)
    uncertainty = uncertainty_of(problem, made)
    assert 0 <= uncertainty.effective_parameters <= 6 + 1e-6
    assert uncertainty.effective_parameters <= size + 1e-6
    assert made.sigma <= uncertainty.noise <= made.sigma * 2**0.5 * (1 + 1e-12)
    assert np.isfinite(uncertainty.variance(problem.t, problem.x)).all()


def test_the_noise_is_larger_than_that_of_the_mode() -> None:
    """On average over fits of few days it is the true noise."""
    found = [
        (uncertainty_of(*each).noise, each[1].sigma) for each in (fitted(60, 0.1, seed) for seed in range(40))
    ]
    unbiased, mode = np.sqrt((np.array(found) ** 2).mean(axis=0))
    assert mode < 0.097
    assert unbiased == pytest.approx(0.1, rel=0.04)


def test_uncertainty_is_in_the_units_of_the_fitted_values() -> None:
    """Twice the scale has four times the variance, and twice the weights."""
    problem, made = fitted()
    one = uncertainty_of(problem, made)
    two = CoefficientUncertainty(one.factor, one.effective_parameters, 2 * one.scale, one.noise)
    t, x = problem.t, problem.x
    assert two.variance(t, x) == pytest.approx(4 * one.variance(t, x))
    assert two.whitened(t, x) == pytest.approx(2 * one.whitened(t, x))
