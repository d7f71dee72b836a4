import numpy as np
import pytest

from forecasting.engines.prophet.intervals import demand_mean, demand_quantiles, predictive_sd


def simulated_trends(ahead: float, delta: np.ndarray, paths: int) -> np.ndarray:
    """Prophet's future trend minus its mean, path by path, as described in its paper."""
    rng = np.random.default_rng(7)
    size = np.abs(delta).mean()
    ends = np.zeros(paths)
    for path, changes in enumerate(rng.poisson(len(delta) * ahead, paths)):
        at = rng.uniform(0, ahead, changes)
        ends[path] = (rng.laplace(0, size, changes) * (ahead - at)).sum()
    return ends


@pytest.mark.parametrize("ahead", [0.05, 0.3, 1.0])
def test_the_closed_form_agrees_with_a_simulation_of_the_trend(ahead: float) -> None:
    """The standard deviation is that of 40,000 simulated futures."""
    delta = np.random.default_rng(3).laplace(0, 0.4, 25)
    noise = np.random.default_rng(4).normal(0, 0.05, 40_000)
    simulated = (simulated_trends(ahead, delta, 40_000) + noise).std()
    assert predictive_sd(np.array([ahead]), 0.05, delta)[0] == pytest.approx(simulated, rel=0.04)


def test_the_band_within_the_history_is_that_of_the_noise() -> None:
    """The trend is certain until the end of the history."""
    sd = predictive_sd(np.array([-0.5, 0.0]), 0.2, np.full(25, 0.3))
    assert sd.tolist() == [0.2, 0.2]


def test_mean_and_quantiles_agree_with_a_simulation_of_demand() -> None:
    """On the scale of demand they are those of a million draws."""
    mu, sd = np.array([4.0]), np.array([0.5])
    draws = np.expm1(np.random.default_rng(5).normal(mu, sd, 1_000_000))
    assert demand_mean(mu, sd, 1e6)[0] == pytest.approx(draws.mean(), rel=0.01)
    simulated = np.quantile(draws, (0.1, 0.5, 0.9))
    assert np.concatenate(demand_quantiles(mu, sd, 1e6)) == pytest.approx(simulated, rel=0.01)


def test_values_are_capped_before_they_overflow() -> None:
    """Values stay between 0 and the ceiling, however far a trend runs."""
    mu, sd = np.array([-5.0, 5000.0]), np.array([0.1, 200.0])
    assert demand_mean(mu, sd, 70.0) == pytest.approx([0, 70])
    assert [values.tolist() for values in demand_quantiles(mu, sd, 70.0)] == [
        pytest.approx([0, 70]) for _ in range(3)
    ]
