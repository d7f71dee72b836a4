import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.engines.prophet.lasso import eliminate, lasso


def quadratic(seed: int, size: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """``A'A`` and ``A'b`` of a random problem with strongly correlated columns."""
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(rows, size)).cumsum(axis=1)
    return columns.T @ columns, columns.T @ rng.normal(size=rows)


def broken(hessian: np.ndarray, linear: np.ndarray, penalty: float, delta: np.ndarray) -> float:
    """The worst breach of the subgradient conditions."""
    gradient = hessian @ delta - linear
    kinked = np.abs(gradient + penalty * np.sign(delta))
    return float(np.where(delta != 0, kinked, np.maximum(np.abs(gradient) - penalty, 0)).max())


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 25), share=st.floats(1e-4, 1.5))
def test_the_answer_meets_the_conditions_of_the_minimum(seed: int, size: int, share: float) -> None:
    """Starting from 0 and from a wrong guess leads to the same point."""
    hessian, linear = quadratic(seed, size, 60)
    penalty = share * float(np.abs(linear).max())
    wrong = np.random.default_rng(seed).normal(size=size)
    found = [lasso(hessian, linear, penalty, start, jitter=True) for start in (np.zeros(size), wrong)]
    for each in found:
        assert each is not None
        assert broken(hessian, linear, penalty, each) <= 1e-8 * penalty + 1e-9 * np.abs(linear).max()
    assert found[0] == pytest.approx(found[1], abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_singular_quadratic_is_minimised_too(seed: int) -> None:
    """With more variables than data, no neighbour of the answer has a lower value."""
    hessian, linear = quadratic(seed, 25, 8)
    penalty = 0.05 * float(np.abs(linear).max())

    def value(delta: np.ndarray) -> float:
        return float(0.5 * delta @ hessian @ delta - linear @ delta + penalty * np.abs(delta).sum())

    found = lasso(hessian, linear, penalty, np.zeros(25), jitter=True)
    assert found is not None
    rng = np.random.default_rng(seed)
    for size in (1e-1, 1e-3, 1e-5):
        assert value(found) <= value(found + size * rng.normal(size=25)) + 1e-9 * abs(value(found))


def test_a_large_penalty_makes_all_variables_zero() -> None:
    """They are exactly 0 above the largest correlation."""
    hessian, linear = quadratic(1, 10, 60)
    found = lasso(hessian, linear, 1.01 * float(np.abs(linear).max()), np.ones(10), jitter=True)
    assert found is not None
    assert (found == 0).all()


def test_an_indefinite_quadratic_has_no_solution_without_jitter() -> None:
    """The result is None, so that the caller can take another step."""
    saddle = np.array([[1.0, 2.0], [2.0, 1.0]])
    assert lasso(saddle, np.array([5.0, -5.0]), 0.1, np.zeros(2), jitter=False) is None
    assert eliminate(-np.eye(3), np.ones(3), 2, jitter=False) is None


def test_eliminating_gives_the_same_minimum() -> None:
    """Solved in one go and with the first variables eliminated."""
    hessian, linear = quadratic(2, 6, 60)
    reduced = eliminate(hessian, linear, 4, jitter=False)
    assert reduced is not None
    last = np.linalg.solve(reduced.hessian, reduced.linear)
    both = np.concatenate([reduced.offset - reduced.slope @ last, last])
    assert both == pytest.approx(np.linalg.solve(hessian, linear))
