"""Sample paths against the closed form of the forecast, and against draws made one by one."""

import numpy as np
import pytest

from forecasting.core.day_arrays import SeriesDays
from forecasting.engines.prophet.fitted_model import FittedModel
from forecasting.engines.prophet.intervals import predictive_sd
from forecasting.engines.prophet.plain_prophet import predict
from forecasting.engines.prophet.problem import Parameters
from forecasting.engines.prophet.prophet_engine import FittedProphet, ProphetEngine
from forecasting.engines.prophet.sample_paths import (
    coefficient_paths,
    demand_paths,
    plain_paths,
    slope_change_paths,
)
from tests.engines.prophet import peer
from tests.engines.prophet.test_coefficient_uncertainty import dense, uncertainty_of
from tests.engines.prophet.test_coefficient_uncertainty import fitted as fitted_level
from tests.engines.prophet.test_plain_prophet import fitted
from tests.series import as_days, daily_series, day_numbers, split

SERIES = next(iter(peer.sample(1).values()))


def fitted_engine(**traits: float) -> tuple[FittedProphet, SeriesDays]:
    """A fit of 400 days of a series, without the last 28, and those 28 days."""
    history, future = (as_days(frame) for frame in split(daily_series(400, **traits), 28))
    made = ProphetEngine().fit(history)
    assert isinstance(made, FittedProphet)
    return made, future


def test_paths_have_the_band_of_the_forecast_and_keep_its_promises() -> None:
    """Their daily quantiles are those of the forecast; closed days and unknown weekdays are 0."""
    fitted, future = fitted_engine()
    made = fitted.forecast(future)
    drawn = demand_paths(fitted, future, 20_000, np.random.default_rng(0))
    assert drawn.shape == (20_000, 28)
    assert (drawn >= 0).all()
    assert (drawn[:, made.mean == 0] == 0).all()
    assert drawn.mean(axis=0) == pytest.approx(made.mean, rel=0.02)
    assert np.quantile(drawn, 0.9, axis=0) == pytest.approx(made.q90, rel=0.02)
    assert np.array_equal(drawn, demand_paths(fitted, future, 20_000, np.random.default_rng(0)))


def test_a_sum_over_days_is_narrower_than_the_sum_of_quantiles() -> None:
    """Independent errors of the days cancel out in part."""
    fitted, future = fitted_engine()
    total = demand_paths(fitted, future, 5000, np.random.default_rng(0)).sum(axis=1)
    made = fitted.forecast(future)
    assert np.quantile(total, 0.9) - np.quantile(total, 0.1) < 0.6 * (made.q90 - made.q10).sum()


def test_coefficient_draws_have_the_variance_and_are_shared_by_the_days_of_a_path() -> None:
    """Over 40,000 paths; their covariance is that of the dense formula."""
    problem, made = fitted_level()
    uncertainty = uncertainty_of(problem, made)
    t, x = problem.t[50:70], problem.x[50:70]
    drawn = coefficient_paths(uncertainty, t, x, 40_000, np.random.default_rng(0))
    rows = np.column_stack([np.ones(t.size), t, x])
    covariance = rows @ dense(problem, made) @ rows.T * made.design.y_scale**2
    assert drawn.shape == (40_000, 20)
    assert drawn.std(axis=0) == pytest.approx(np.sqrt(uncertainty.variance(t, x)), rel=0.02)
    assert np.cov(drawn.T) == pytest.approx(covariance, abs=0.03 * covariance.max())
    assert np.abs(drawn.mean(axis=0)).max() < 5 * drawn.std() / 200


@pytest.mark.parametrize("multiplicative", [False, True])
def test_paths_have_the_mean_and_spread_of_the_closed_form(multiplicative: bool) -> None:  # noqa: FBT001 - a parameter
    """Day by day over 20,000 paths."""
    series = SERIES
    made = fitted(series, multiplicative=multiplicative)
    days = int(day_numbers(series)[-1]) + np.arange(1, 200, 20)
    prediction = predict(made, days, {})
    paths = plain_paths(made, prediction, 20_000, np.random.default_rng(0))
    assert paths.shape == (20_000, days.size)
    assert paths.mean(axis=0) == pytest.approx(prediction.yhat, abs=4 * prediction.sd.max() / 20_000**0.5)
    assert paths.std(axis=0) == pytest.approx(prediction.sd, rel=0.04)


def test_paths_add_up_to_more_spread_than_independent_days() -> None:
    """A slope change moves all later days of its path."""
    design = fitted(SERIES).design
    steep = Parameters(
        0.1, 0.5, np.full(design.changes.size, 0.5), np.zeros(len(design.multiplicative)), 0.01
    )
    made = FittedModel(design, steep)
    prediction = predict(made, design.last + np.arange(1, 201), {})
    total = plain_paths(made, prediction, 4000, np.random.default_rng(1)).sum(axis=1)
    assert total.std() > 3 * np.sqrt((prediction.sd**2).sum())


def test_slope_changes_are_those_of_the_process_they_are_drawn_from() -> None:
    """Spread by day and of the sum, against paths drawn one by one from the definition."""
    ahead, rng = np.array([0.02, 0.1, 0.25]), np.random.default_rng(2)
    drawn = slope_change_paths(ahead, 25, 0.3, 20_000, rng)
    one_by_one = np.zeros((20_000, 3))
    for path, changes in enumerate(rng.poisson(25 * 0.25, len(one_by_one))):
        for when in rng.uniform(0, 0.25, changes):
            one_by_one[path] += rng.laplace(0, 0.3) * np.maximum(ahead - when, 0)
    assert drawn.std(axis=0) == pytest.approx(one_by_one.std(axis=0), rel=0.05)
    assert drawn.sum(axis=1).std() == pytest.approx(one_by_one.sum(axis=1).std(), rel=0.05)
    assert drawn.std(axis=0) == pytest.approx(predictive_sd(ahead, 0.0, np.full(25, 0.3)), rel=0.05)


def test_paths_do_not_depend_on_the_order_of_days() -> None:
    """Equal generators give equal draws for equal days."""
    ahead = np.linspace(0, 0.5, 40)
    order = np.random.default_rng(3).permutation(40)
    sorted_, mixed = (
        slope_change_paths(each, 25, 0.3, 50, np.random.default_rng(4)) for each in (ahead, ahead[order])
    )
    assert mixed == pytest.approx(sorted_[:, order])


def test_days_of_the_history_have_no_future_slope_changes() -> None:
    """The draws are 0 there."""
    assert (slope_change_paths(np.zeros(5), 25, 0.3, 10, np.random.default_rng(0)) == 0).all()
    assert slope_change_paths(np.zeros(0), 25, 0.3, 10, np.random.default_rng(0)).shape == (10, 0)


def test_paths_sell_nothing_as_often_as_the_history() -> None:
    """About 3 open days in 10 have no sale; mean and quantiles remain those of the forecast."""
    history, future = split(daily_series(400, zeros=0.3, closed=(), noise=0.15), 28)
    fitted, days = ProphetEngine().fit(as_days(history)), as_days(future)
    made, drawn = fitted.forecast(days), demand_paths(fitted, days, 20_000, np.random.default_rng(0))
    assert (drawn == 0).mean(axis=0) == pytest.approx(fitted.zero_share, abs=0.015)
    assert drawn.mean(axis=0) == pytest.approx(made.mean, rel=0.03)
    for level, quantile in ((0.5, made.q50), (0.9, made.q90)):
        assert np.quantile(drawn, level, axis=0) == pytest.approx(quantile, rel=0.03)
