from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.core.pooled_priors import PooledPrior
from forecasting.evaluation.empirical_bayes import FLOOR, LEAST_SERIES, MAD_TO_SD, SHRINK, estimate_prior

CUTOFF = date(2019, 1, 31)


def pooled(fits: list[dict[str, float]]) -> PooledPrior:
    """The prior estimated from enough series."""
    prior = estimate_prior("101", CUTOFF, fits)
    assert prior is not None
    return prior


def test_the_prior_is_the_median_and_a_share_of_the_robust_spread() -> None:
    """Of .1 to .9 and one far off: median .5, deviations 0 .1 .1 .2 .2 .3 .3 .4 and 8.5, their median .2."""
    values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 9.0]
    prior = pooled([{"promo": value} for value in values])
    assert (prior.item, prior.cutoff, prior.series) == ("101", CUTOFF, 9)
    mean, sd, share = prior.coefficients["promo"]
    assert (mean, sd, share) == pytest.approx((0.5, SHRINK * MAD_TO_SD * 0.2 + FLOOR, 1.0))


def test_series_that_agree_still_leave_some_uncertainty() -> None:
    """A standard deviation of 0 would be no prior."""
    assert pooled([{"promo": 0.3}] * LEAST_SERIES).coefficients["promo"] == (0.3, FLOOR, 1.0)


@pytest.mark.parametrize("size", [0, 1, LEAST_SERIES - 1])
def test_few_series_give_no_prior(size: int) -> None:
    """Eight are needed."""
    assert estimate_prior("101", CUTOFF, [{"promo": 0.3}] * size) is None


def test_a_column_that_few_series_have_is_left_out() -> None:
    """Other columns have the share of series with that column."""
    fits = [{"promo": 0.3}] * 8 + [{"promo": 0.3, "december:24": 0.1}] * 7 + [{"holiday:Epiphany": 0.2}] * 8
    shares = {name: each.share for name, each in pooled(fits).coefficients.items()}
    assert shares == pytest.approx({"promo": 15 / 23, "holiday:Epiphany": 8 / 23})


@given(st.lists(st.floats(-5, 5), min_size=LEAST_SERIES, max_size=30), st.randoms())
def test_the_order_of_series_does_not_matter(values: list[float], chance: Random) -> None:
    """The mean lies within the range of the series."""
    shuffled = values.copy()
    chance.shuffle(shuffled)
    one, other = (pooled([{"promo": value} for value in each]) for each in (values, shuffled))
    assert one == other
    assert min(values) <= one.coefficients["promo"].mean <= max(values)


@given(st.lists(st.floats(-5, 5), min_size=31, max_size=31), st.floats(-1e6, 1e6))
def test_one_outlier_does_not_move_the_prior_far(values: list[float], wild: float) -> None:
    """With any coefficient of one series, the prior stays within the range of the others."""
    coefficient = pooled([{"promo": value} for value in [*values, wild]]).coefficients["promo"]
    assert min(values) <= coefficient.mean <= max(values)
    assert coefficient.sd <= SHRINK * MAD_TO_SD * (max(values) - min(values)) + FLOOR + 1e-9
