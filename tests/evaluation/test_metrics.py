from dataclasses import astuple
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from forecasting.core.day_arrays import SeriesForecast, day_of
from forecasting.core.error_sums import ErrorSums
from forecasting.evaluation.metrics import error_sums, week_sums, week_to_week_scale
from forecasting.evaluation.windows import Window
from tests.series import as_days, daily_series

START = 17_000
SIZE = 20
ALL = np.ones(SIZE, dtype=bool)


def forecast(q50: np.ndarray, q10: float = 0.5, q90: float = 2.0, mean: float = 1.1) -> SeriesForecast:
    """A forecast from `START` on; its other values are given as factors of the median."""
    days = START + np.arange(q50.size)
    return SeriesForecast(days, mean * q50, q10 * q50, q50, q90 * q50)


demand = npst.arrays(np.float64, SIZE, elements=st.integers(0, 10**6).map(float))
flags = npst.arrays(np.bool_, SIZE)


def test_sums_of_a_hand_calculated_case() -> None:
    """Three open days and a closed one that does not count.

    ==== === === === ====  ======  ====  ========================================
    y    q10 q50 q90 mean  missed  over  mean of 2·max(τ(y - q), (τ - 1)(y - q))
    ==== === === === ====  ======  ====  ========================================
    10   5   8   12  9     2       -1    ⅓·2·(.1·5 + .5·2 + .1·2)      = 3.4 / 3
    0    0   1   3   2     1       2     ⅓·2·(0 + .5·1 + .1·3)         = 1.6 / 3
    30   20  25  28  26    5       -4    ⅓·2·(.1·10 + .5·5 + .9·2)     = 10.6 / 3
    ==== === === === ====  ======  ====  ========================================
    """
    values = {
        "mean": [9.0, 2, 26, 99],
        "q10": [5.0, 0, 20, 99],
        "q50": [8.0, 1, 25, 99],
        "q90": [12.0, 3, 28, 99],
    }
    made = SeriesForecast(np.arange(4), **{name: np.array(each) for name, each in values.items()})
    opened = np.array([True, True, True, False])
    sums = error_sums(np.array([10.0, 0, 30, 0]), made, opened, 4.0)
    assert (sums.days, sums.inside, sums.scaled_days, sums.squared_days) == (3, 2, 3, 2)
    assert (sums.sold, sums.missed, sums.over) == (40, 8, -3)
    assert sums.loss == pytest.approx(15.6 / 3)
    assert sums.scaled == pytest.approx(2)
    assert sums.squared == pytest.approx(0.2**2 + (5 / 30) ** 2)
    assert sums.wape == pytest.approx(0.2)
    assert sums.mase == pytest.approx(2 / 3)


def test_the_edges_of_the_band_are_inside() -> None:
    """A day at q10 or at q90 is covered."""
    truth = np.array([10.0, 20.0, 9.9, 20.1])
    sums = error_sums(truth, forecast(np.full(4, 10.0), q10=1.0), np.ones(4, dtype=bool), None)
    assert (sums.days, sums.inside) == (4, 2)


def test_without_a_scale_nothing_is_scaled() -> None:
    """No day counts towards MASE, which is None then."""
    sums = error_sums(np.ones(SIZE), forecast(np.ones(SIZE)), ALL, None)
    assert (sums.scaled, sums.scaled_days, sums.mase) == (0, 0, None)


def test_without_sales_the_ratios_are_none() -> None:
    """Never 0; without open days the coverage is None too."""
    sums = error_sums(np.zeros(SIZE), forecast(np.ones(SIZE)), ALL, 1.0)
    assert (sums.wape, sums.wql, sums.bias, sums.rmspe) == (None, None, None, None)
    assert sums.coverage == 0
    assert error_sums(np.ones(SIZE), forecast(np.ones(SIZE)), ~ALL, 1.0) == ErrorSums()


@given(demand, flags)
def test_the_truth_itself_has_no_error(truth: np.ndarray, opened: np.ndarray) -> None:
    """Every sum of misses is 0, every day is inside."""
    sums = error_sums(truth, forecast(truth, 1.0, 1.0, 1.0), opened, 3.0)
    assert (sums.missed, sums.over, sums.loss, sums.scaled, sums.squared) == (0, 0, 0, 0, 0)
    assert sums.inside == sums.days == opened.sum()
    assert sums.sold == truth[opened].sum()


@given(demand, demand, flags, st.integers(0, SIZE))
def test_parts_add_up_to_the_whole(
    truth: np.ndarray, median: np.ndarray, opened: np.ndarray, cut: int
) -> None:
    """For any split of the days."""
    whole = error_sums(truth, forecast(median), opened, 3.0)
    parts = [
        error_sums(truth[rows], forecast(median[rows]), opened[rows], 3.0)
        for rows in (slice(cut), slice(cut, None))
    ]
    assert astuple(ErrorSums.total(parts)) == pytest.approx(astuple(whole), rel=1e-9, abs=1e-6)


@given(demand, demand, flags, st.sampled_from([1e-3, 7.0, 1e4]))
def test_ratios_do_not_depend_on_the_unit_of_demand(
    truth: np.ndarray, median: np.ndarray, opened: np.ndarray, unit: float
) -> None:
    """In pieces or in pallets."""
    one = error_sums(truth, forecast(median), opened, 3.0)
    other = error_sums(unit * truth, forecast(unit * median), opened, unit * 3.0)
    for figure in ("wape", "bias", "wql", "mase", "rmspe"):
        found, expected = getattr(other, figure), getattr(one, figure)
        assert (found is None) == (expected is None), figure
        if expected is not None:
            assert found == pytest.approx(expected, rel=1e-6, abs=1e-9), figure


@given(demand, demand, flags, st.integers(0, 5), st.integers(1, 40))
def test_weeks_ahead_are_counted_from_the_cutoff(
    truth: np.ndarray, median: np.ndarray, opened: np.ndarray, gap: int, horizon: int
) -> None:
    """Days 1 to 7 are the first week even if some are missing; an incomplete week counts."""
    size = max(0, min(SIZE, horizon - gap))
    truth, made, opened = truth[:size], forecast(median[:size]), opened[:size]
    window = Window(day_of(START - 1 - gap), horizon)
    weeks = week_sums(truth, made, opened, 3.0, window)
    assert len(weeks) == -(-horizon // 7)
    for number, sums in enumerate(weeks):
        rows = (np.arange(size) + gap) // 7 == number
        expected = error_sums(truth, made, opened & rows, 3.0)
        assert astuple(sums) == pytest.approx(astuple(expected), rel=1e-9, abs=1e-6)


def test_the_scale_is_the_mean_change_to_the_week_before() -> None:
    """Over pairs of open days: up 3, down 1; a closed or missing day is in no pair."""
    frame = daily_series(14, closed=(6,)).assign(y=[10.0, 10, 10, 10, 10, 10, 0, 13, 9, 10, 10, 10, 10, 99])
    assert week_to_week_scale(as_days(frame)) == pytest.approx(4 / 6)
    assert week_to_week_scale(as_days(frame.drop(index=[2, 11]))) == pytest.approx(4 / 4)


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(daily_series(0), id="no day"),
        pytest.param(daily_series(7), id="one week"),
        pytest.param(daily_series(50).assign(is_open=False), id="closed"),
        pytest.param(daily_series(50).assign(y=4.0), id="no change"),
    ],
)
def test_there_is_no_scale_without_a_change(frame: object) -> None:
    """It is None, so nothing is divided by 0."""
    assert week_to_week_scale(as_days(frame)) is None  # type: ignore[arg-type]


@given(st.integers(8, 100), st.sampled_from([1e-3, 1e5]))
def test_the_scale_has_the_unit_of_demand(length: int, unit: float) -> None:
    """1,000 times the demand has 1,000 times the scale."""
    frame = daily_series(length)
    one, other = (week_to_week_scale(as_days(each)) for each in (frame, frame.assign(y=frame["y"] * unit)))
    assert (one is None) == (other is None)
    if one is not None:
        assert other == pytest.approx(one * unit)


def test_a_scale_does_not_depend_on_days_after_the_cutoff() -> None:
    """It depends only on the days up to it."""
    days = as_days(daily_series(100))
    early = days.up_to(days.first + timedelta(days=49))
    assert week_to_week_scale(early) == week_to_week_scale(as_days(daily_series(50)))
