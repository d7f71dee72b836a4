from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from forecasting.core.day_arrays import SeriesForecast, number_of
from forecasting.core.pooled_priors import PooledSpread
from forecasting.evaluation.calibration import (
    LEAST_POOLED,
    NARROWEST,
    WIDEST,
    ConformityScores,
    pooled_spread,
    widen,
    width_factors,
)

CUTOFF = date(2019, 1, 6)
FIRST = number_of(CUTOFF) + 1
Z90 = 1.2815515655446004
HORIZON = 28


def forecast(q50: np.ndarray, sd: np.ndarray | float = 0.2) -> SeriesForecast:
    """A forecast of the days after the cutoff; its band is that of a normal distribution of the logs."""
    middle = np.log1p(q50)
    low, high = (np.expm1(np.maximum(middle + z * sd, 0.0)) for z in (-Z90, Z90))
    return SeriesForecast(FIRST + np.arange(q50.size), 1.02 * q50, low, q50, high)


def scores(values: list[float] | np.ndarray, ahead: int = 1, cutoff: date = CUTOFF) -> ConformityScores:
    """Scores of days some days ahead of a cutoff."""
    size = len(values)
    days = np.full(size, number_of(cutoff) + ahead)
    return ConformityScores(days, np.full(size, ahead), np.asarray(values, dtype=float))


def normal_scores(size: int, truth_sd: float, sd: float = 0.2, seed: int = 0) -> ConformityScores:
    """Scores of a series whose logs vary around q50 by `truth_sd`; the band is made for `sd`."""
    rng = np.random.default_rng(seed)
    q50 = np.full(size, 1000.0)
    truth = np.expm1(np.log1p(q50) + truth_sd * rng.standard_normal(size))
    made = ConformityScores.of(truth, forecast(q50, sd), np.ones(size, dtype=bool), CUTOFF)
    return ConformityScores(made.days, (made.ahead - 1) % HORIZON + 1, made.scores)


demands = npst.arrays(np.float64, HORIZON, elements=st.one_of(st.just(0.0), st.floats(0.01, 1e6)))
factors = st.lists(st.floats(NARROWEST, WIDEST), min_size=1, max_size=6)


def test_a_score_is_the_distance_in_half_widths_of_the_same_side() -> None:
    """On the log scale: 0 at q50, 1 at the edges, 2 at twice the distance; closed days have none."""
    made = forecast(np.full(6, 99.0))
    edge = 0.2 * Z90
    truth = np.expm1(np.log1p(99.0) + np.array([edge, -edge, 0.0, 2 * edge, -edge / 2, 7.0]))
    found = ConformityScores.of(truth, made, np.arange(6) != 5, CUTOFF)
    assert found.scores == pytest.approx([1, 1, 0, 2, 0.5])
    assert found.days.tolist() == (FIRST + np.arange(5)).tolist()
    assert found.ahead.tolist() == [1, 2, 3, 4, 5]


def test_an_asymmetric_band_is_measured_on_the_side_of_the_miss() -> None:
    """From 99 up to 399 and down to 49 score 1 each: a factor of four and a factor of two."""
    made = SeriesForecast(FIRST + np.arange(3), *(np.full(3, each) for each in (120.0, 49.0, 99.0, 399.0)))
    found = ConformityScores.of(np.array([199.0, 399.0, 24.0]), made, np.ones(3, dtype=bool), CUTOFF)
    assert found.scores == pytest.approx([0.5, 1, 2])


@given(demands, demands, npst.arrays(np.bool_, HORIZON))
def test_a_day_inside_the_band_scores_at_most_one(
    truth: np.ndarray, q50: np.ndarray, opened: np.ndarray
) -> None:
    """A day outside scores more."""
    made = forecast(q50)
    inside = ((truth >= made.q10) & (truth <= made.q90))[opened]
    found = ConformityScores.of(truth, made, opened, CUTOFF).scores
    assert (found[inside] <= 1 + 1e-6).all()
    assert (found[~inside] >= 1 - 1e-6).all()


def test_a_miss_of_a_band_without_width_scores_infinity() -> None:
    """A hit scores 0, and the factor stays within its limits."""
    made = forecast(np.array([10.0, 10.0, 0.0]), 0.0)
    found = ConformityScores.of(np.array([10.0, 11.0, 3.0]), made, np.ones(3, dtype=bool), CUTOFF)
    assert found.scores.tolist() == [0, np.inf, np.inf]
    assert 1 < width_factors(found, None, HORIZON)[0] <= WIDEST
    endless = pooled_spread("101", CUTOFF + timedelta(days=7), [scores([np.inf] * LEAST_POOLED)], 7)
    assert endless is not None
    assert endless.factors == (WIDEST,)


def test_without_open_days_there_are_no_scores() -> None:
    """The band stays as it is."""
    empty = ConformityScores.of(np.ones(3), forecast(np.ones(3)), np.zeros(3, dtype=bool), CUTOFF)
    assert empty.scores.size == 0
    for each in (
        empty,
        ConformityScores.joined([]),
        ConformityScores.joined([empty, empty]),
        empty.known_at(CUTOFF),
    ):
        assert width_factors(each, None, HORIZON) == (1.0,) * 4
        assert width_factors(each, PooledSpread("101", CUTOFF, 9, (1.1, 1.2)), 21) == (1.1, 1.2, 1.2)
    assert pooled_spread("101", CUTOFF, [empty], HORIZON) is None


@given(st.lists(st.integers(1, 60), max_size=40), st.integers(-5, 70))
def test_scores_of_later_days_are_left_out(ahead: list[int], known: int) -> None:
    """A score is known from its day on."""
    days = number_of(CUTOFF) + np.array(ahead, dtype=np.int64)
    made = ConformityScores(days, np.array(ahead, dtype=np.int64), np.array(ahead, dtype=float))
    found = made.known_at(CUTOFF + timedelta(days=known))
    assert found.ahead.tolist() == found.scores.tolist() == [each for each in ahead if each <= known]


@given(st.floats(0, 100))
def test_a_pooled_factor_uses_only_known_scores(later: float) -> None:
    """Scores after the cutoff change nothing."""
    cutoff = CUTOFF + timedelta(days=7)
    early, late = scores([1.5] * LEAST_POOLED), scores([later] * 10 * LEAST_POOLED, 1, cutoff)
    found = pooled_spread("101", cutoff, [early, late], 7)
    assert found is not None
    assert (found.item, found.cutoff, found.series, found.factors) == ("101", cutoff, 2, (1.5,))


def test_a_pooled_factor_is_the_eighty_percent_quantile_of_its_week() -> None:
    """Days 1 to 7 are the first week, 8 to 14 the second; it is at least 1 and at most its limit."""
    known = CUTOFF + timedelta(days=60)
    ramp = np.arange(1, 251) / 100
    series = [scores(ramp, 7), scores(ramp / 5, 8), scores(10 * ramp, 15), scores(ramp, 22)]
    found = pooled_spread("101", known, series, HORIZON)
    assert found is not None
    assert found.factors == pytest.approx((2.0, 1.0, WIDEST, 2.0))


@pytest.mark.parametrize(("size", "found"), [(LEAST_POOLED - 1, False), (LEAST_POOLED, True)])
def test_too_few_days_of_one_week_give_no_pooled_spread(size: int, found: bool) -> None:  # noqa: FBT001 - a parameter
    """No matter how many days the other weeks have."""
    series = [scores([1.0] * 500, 1), scores([1.0] * size, 8)]
    assert (pooled_spread("101", CUTOFF + timedelta(days=60), series, 14) is not None) is found


def test_the_widths_of_a_calibrated_series_tend_to_one() -> None:
    """With many days of a normal series whose band has the right width."""
    assert width_factors(normal_scores(50_000, 0.2), None, HORIZON) == pytest.approx((1.0,) * 4, rel=0.02)


@pytest.mark.parametrize("truth_sd", [0.12, 0.3, 0.5])
def test_a_wrong_band_gets_the_intended_coverage(truth_sd: float) -> None:
    """Too narrow or much too wide: with many scores, 80% of other days lie inside."""
    found = width_factors(normal_scores(50_000, truth_sd), None, HORIZON)
    rng = np.random.default_rng(1)
    made = widen(forecast(np.full(10_000, 1000.0)), found)
    truth = np.expm1(np.log1p(1000.0) + truth_sd * rng.standard_normal(10_000))
    assert ((truth >= made.q10) & (truth <= made.q90)).mean() == pytest.approx(0.8, abs=0.02)


def test_few_days_have_little_weight() -> None:
    """A factor of 2 is raised to n / (n + 100)."""
    for size in (1, 10, 100, 900):
        expected = 2.0 ** (size / (size + 100))
        assert width_factors(scores([2.0] * size), None, 7) == pytest.approx((expected,))
    assert width_factors(scores([2.0]), None, 7)[0] < 1.01


def test_a_series_own_factor_multiplies_the_pooled_one() -> None:
    """Scores equal to the pooled factors change nothing, and lower scores reduce them."""
    chain = PooledSpread("101", CUTOFF, 9, (1.2, 1.6))
    usual = ConformityScores.joined([scores([1.2] * 50, 3), scores([1.6] * 50, 10)])
    assert width_factors(usual, chain, 14) == pytest.approx((1.2, 1.6))
    calm = ConformityScores(usual.days, usual.ahead, usual.scores * 0.64)
    assert width_factors(calm, chain, 14) == pytest.approx((1.2 * 0.8, 1.6 * 0.8))


@given(
    st.lists(st.floats(0, 1e9) | st.just(np.inf), max_size=300),
    st.none() | st.lists(st.floats(1, WIDEST), min_size=1, max_size=6).map(tuple),
    st.integers(1, 90),
)
def test_there_is_one_limited_factor_per_week(
    values: list[float], chain: tuple[float, ...] | None, horizon: int
) -> None:
    """For any scores."""
    pooled = None if chain is None else PooledSpread("101", CUTOFF, 9, chain)
    found = width_factors(scores(values, 80), pooled, horizon)
    assert len(found) == -(-horizon // 7)
    assert all(NARROWEST <= factor <= WIDEST for factor in found)


@given(demands, st.floats(0, 1), factors)
def test_a_widened_forecast_keeps_its_middle_and_its_promises(
    q50: np.ndarray, sd: float, by: list[float]
) -> None:
    """Mean and q50 stay the same, quantiles keep their order and sign, closed days stay 0."""
    made = forecast(q50, np.where(q50 > 0, sd, 0.0))
    found = widen(made, by)
    assert (found.days is made.days, found.mean is made.mean, found.q50 is made.q50) == (True, True, True)
    assert (found.q10 >= 0).all()
    assert (found.q10 <= found.q50).all()
    assert (found.q50 <= found.q90).all()
    assert (found.q10[q50 == 0] == 0).all()
    assert (found.q90[q50 == 0] == 0).all()


@given(demands, st.floats(0, 1))
def test_a_factor_of_one_keeps_the_band(q50: np.ndarray, sd: float) -> None:
    """Up to rounding; without factors the same object is returned."""
    made = forecast(q50, sd)
    found = widen(made, (1.0,))
    np.testing.assert_allclose(found.q10, made.q10, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.q90, made.q90, rtol=1e-9, atol=1e-9)
    assert widen(made, ()) is made


def test_half_widths_are_multiplied_week_by_week() -> None:
    """On the log scale; the last factor also applies to later weeks."""
    made = forecast(np.full(HORIZON, 500.0))
    found = widen(made, (0.5, 2.0, 1.5))
    expected = np.repeat([0.5, 2.0, 1.5, 1.5], 7)
    middle, half = np.log1p(500.0), 0.2 * Z90
    assert (np.log1p(found.q90) - middle) / half == pytest.approx(expected)
    assert (middle - np.log1p(found.q10)) / half == pytest.approx(expected)


def test_widening_by_the_score_of_a_miss_puts_the_day_on_the_edge() -> None:
    """Scores and factors have the same unit."""
    made = forecast(np.array([500.0, 500.0]))
    truth = np.array([900.0, 300.0])
    found = ConformityScores.of(truth, made, np.ones(2, dtype=bool), CUTOFF).scores
    assert widen(made, (found[0],)).q90[0] == pytest.approx(900)
    assert widen(made, (found[1],)).q10[1] == pytest.approx(300)
