from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.core.error_sums import ErrorSums

FIGURES = ("wape", "bias", "wql", "coverage", "mase", "rmspe")

SUMS = ErrorSums(
    days=10,
    sold=200.0,
    missed=30.0,
    over=-20.0,
    loss=25.0,
    inside=7,
    scaled=6.0,
    scaled_days=8,
    squared=0.36,
    squared_days=9,
)

counts = st.integers(0, 1000)
sums = st.builds(
    ErrorSums,
    days=counts,
    sold=counts.map(float),
    missed=counts.map(float),
    over=st.integers(-1000, 1000).map(float),
    loss=counts.map(float),
    inside=counts,
    scaled=counts.map(float),
    scaled_days=counts,
    squared=counts.map(float),
    squared_days=counts,
)


def test_the_figures_of_a_hand_calculated_case() -> None:
    """30 of 200 missed, 20 too few, 7 of 10 days inside, errors of 6 / 8 of a week's change and of 20%."""
    found = {name: getattr(SUMS, name) for name in FIGURES}
    expected = {"wape": 0.15, "bias": -0.1, "wql": 0.125, "coverage": 0.7, "mase": 0.75, "rmspe": 0.2}
    assert found == pytest.approx(expected)


def test_without_days_no_ratio_is_defined() -> None:
    """None, not a 0 that would look like a perfect forecast."""
    assert [getattr(ErrorSums(), name) for name in FIGURES] == [None] * 6


def test_without_sales_only_the_coverage_is_defined() -> None:
    """Ten days without sales: the share inside is defined, an error per unit sold is not."""
    silent = ErrorSums(days=10, missed=4.0, over=3.0, loss=2.0, inside=10)
    assert [getattr(silent, name) for name in FIGURES] == [None, None, None, 1.0, None, None]


def test_a_figure_may_be_zero() -> None:
    """A perfect forecast has an error of 0."""
    perfect = ErrorSums(days=2, sold=9.0, inside=2, scaled_days=2, squared_days=2)
    assert [getattr(perfect, name) for name in FIGURES] == [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]


@given(st.lists(sums, max_size=6))
def test_parts_add_up_in_any_order(parts: list[ErrorSums]) -> None:
    """Field by field; adding nothing gives 0."""
    total = ErrorSums.total(parts)
    assert total == ErrorSums.total(reversed(parts))
    assert astuple(total) == tuple(
        sum(values) for values in zip(astuple(ErrorSums()), *(astuple(part) for part in parts), strict=True)
    )


def test_the_ratio_of_a_sum_weighs_its_parts_by_their_sales() -> None:
    """It is not the mean of the parts' ratios."""
    large, small = ErrorSums(sold=900.0, missed=90.0), ErrorSums(sold=100.0, missed=50.0)
    assert (large + small).wape == pytest.approx(0.14)
