import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from forecasting.evaluation import metrics

SOLD = np.array([10.0, 0.0, 30.0])


def test_wape_is_the_sum_of_misses_over_the_sum_of_sales() -> None:
    """(2 + 1 + 5) / 40."""
    assert metrics.wape(SOLD, np.array([8.0, 1.0, 35.0])) == pytest.approx(0.2)


def test_quantile_loss_of_a_hand_calculated_case() -> None:
    """Median: 2 · ½ · 8 / 40; a high quantile below the truth costs 0.9 a unit, above it 0.1."""
    low = np.array([8.0, 1.0, 35.0])
    assert metrics.weighted_quantile_loss(SOLD, {0.5: low}) == pytest.approx(0.2)
    high = 2 * (0.9 * 2 + 0.1 * 1 + 0.1 * 5) / 40
    assert metrics.weighted_quantile_loss(SOLD, {0.9: low}) == pytest.approx(high)


def test_coverage_counts_days_inside_with_their_edges() -> None:
    """Two of three."""
    assert metrics.coverage(SOLD, np.array([10.0, 1.0, 0.0]), np.array([10.0, 2.0, 99.0])) == pytest.approx(
        2 / 3
    )


def test_an_undefined_metric_is_none_and_never_0() -> None:
    """Nothing sold, or no day at all."""
    none, zeros = np.array([]), np.zeros(3)
    assert metrics.wape(zeros, SOLD) is None
    assert metrics.wape(none, none) is None
    assert metrics.weighted_quantile_loss(zeros, {0.5: SOLD}) is None
    assert metrics.coverage(none, none, none) is None


@given(npst.arrays(np.float64, 8, elements=st.floats(0, 1e6)), st.floats(0.01, 0.99))
def test_the_truth_itself_has_no_loss(sold: np.ndarray, level: float) -> None:
    """Every metric is 0 at the truth, and only where something was sold."""
    sold[0] = 1.0
    assert metrics.wape(sold, sold) == 0
    assert metrics.weighted_quantile_loss(sold, {level: sold}) == 0
    assert metrics.coverage(sold, sold, sold) == 1
