import numpy as np
import pytest

from forecasting.engines.prophet.objective import fitted, objective, stationarity
from forecasting.engines.prophet.problem import FitProblem, Parameters, best_sigma, ramps


def problem(*, multiplicative: bool) -> FitProblem:
    """Three days, one changepoint, one column."""
    return FitProblem(
        y=np.array([0.5, 0.8, 1.0]),
        t=np.array([0.0, 0.5, 1.0]),
        changes=np.array([0.5]),
        x=np.array([[1.0], [0.0], [2.0]]),
        sigmas=np.array([10.0]),
        multiplicative=np.array([multiplicative]),
        tau=0.05,
    )


PARAMETERS = Parameters(k=0.4, m=0.5, delta=np.array([-0.2]), beta=np.array([0.1]), sigma=0.2)


@pytest.mark.parametrize(
    ("multiplicative", "expected"), [(False, [0.6, 0.7, 1.0]), (True, [0.55, 0.7, 0.96])]
)
def test_the_fitted_values_are_those_of_the_formula(
    multiplicative: bool,  # noqa: FBT001 - a parameter
    expected: list[float],
) -> None:
    """Trend 0.5, 0.7, 0.8; the column adds 0.1, 0, 0.2 or multiplies by 1.1, 1, 1.2."""
    assert fitted(problem(multiplicative=multiplicative), PARAMETERS) == pytest.approx(expected)


def test_the_objective_is_that_of_the_formula() -> None:
    """Term by term, by hand: priors 0.0082 + 4 + 0.00005 + 0.08, residuals -0.1, 0.1, 0."""
    by_hand = 0.5 * (0.08**2 + 0.1**2) + 0.2 / 0.05 + 0.5 * 0.01**2 + 0.5 * 0.4**2
    by_hand += 3 * np.log(0.2) + 0.5 * 0.02 / 0.2**2
    assert objective(problem(multiplicative=False), PARAMETERS) == pytest.approx(by_hand, abs=1e-12)


@pytest.mark.parametrize("multiplicative", [False, True])
@pytest.mark.parametrize("name", ["k", "m", "beta", "sigma", "delta"])
def test_the_reported_distances_are_derivatives_of_the_objective(
    name: str,
    multiplicative: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Each reported distance is the absolute numerical derivative (sigma: in its log)."""
    given, step = problem(multiplicative=multiplicative), 1e-6

    def at(shift: float) -> float:
        values = {each: getattr(PARAMETERS, each) for each in ("k", "m", "delta", "beta", "sigma")}
        values[name] = values[name] * np.exp(shift) if name == "sigma" else values[name] + shift
        return objective(given, Parameters(**values))

    numerical = abs(at(step) - at(-step)) / (2 * step)
    assert stationarity(given, PARAMETERS)[name] == pytest.approx(numerical, rel=1e-5)


def test_a_slope_change_of_zero_may_have_any_derivative_within_the_penalty() -> None:
    """Its subgradient condition is an interval, not a point."""
    still = Parameters(k=0.4, m=0.5, delta=np.zeros(1), beta=np.array([0.1]), sigma=0.2)
    assert stationarity(problem(multiplicative=False), still)["delta"] == 0


@pytest.mark.parametrize(("rss", "n"), [(1e-12, 5), (0.3, 40), (900.0, 7)])
def test_the_best_sigma_is_where_its_derivative_is_zero(rss: float, n: int) -> None:
    """``4s + n/s - rss/s³`` vanishes, relative to its parts."""
    sigma = best_sigma(rss, n)
    assert 4 * sigma + n / sigma == pytest.approx(rss / sigma**3, rel=1e-12)


def test_ramps_begin_at_their_changepoint() -> None:
    """``max(t - c, 0)``."""
    assert ramps(np.array([0.0, 0.5, 1.0]), np.array([0.25, 0.5])).tolist() == [
        [0, 0],
        [0.25, 0],
        [0.75, 0.5],
    ]
