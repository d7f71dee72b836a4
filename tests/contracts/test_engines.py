"""The promises of every local engine; the tests run for each name in the registry."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from forecasting.core import schema
from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import SeriesKey
from forecasting.core.errors import FitFailed
from forecasting.core.explanation import PROMOTION, ROUNDING, Explanation
from forecasting.core.pooled_priors import CoefficientPrior, PooledPrior
from forecasting.core.ports import ExplainableSeries, FittedSeries, LocalEngine
from forecasting.engines.registry import NAMES, engine
from forecasting.evaluation.series_fit import SeriesFit
from tests.series import as_days, daily_series, split

HORIZON = 28


@pytest.fixture(params=NAMES)
def local(request: pytest.FixtureRequest) -> LocalEngine:
    """Each engine of the registry in turn."""
    return engine(request.param)


def forecast(local: LocalEngine, series: pd.DataFrame, horizon: int = HORIZON) -> pd.DataFrame:
    """Fit all but the last days of a series, forecast those, and check the promises."""
    history, future = split(series, horizon)
    return forecast_of(local.fit(as_days(history)), future)


def forecast_of(fitted: FittedSeries, future: pd.DataFrame) -> pd.DataFrame:
    """Forecast some days and check the promises."""
    days = as_days(future)
    return fitted.forecast(days).require(days, "forecast").frame()


def forecast_or_refusal(local: LocalEngine, series: pd.DataFrame) -> pd.DataFrame | str:
    """As `forecast`, or the message of the refusal."""
    try:
        return forecast(local, series)
    except FitFailed as failure:
        return str(failure)


SHAPES = {
    "a year and a bit": daily_series(400),
    "ten weeks": daily_series(70 + HORIZON),
    "growing": daily_series(500, growth=0.8),
    "shrinking": daily_series(500, growth=-0.6),
    "mostly zero": daily_series(200, zeros=0.7, level=3),
    "tiny": daily_series(200, level=0.6),
    "huge": daily_series(200, level=5e8),
    "constant": daily_series(200, noise=0, promo=1, holiday=1, closed=()).assign(y=100.0),
    "one day huge": daily_series(200).assign(y=lambda days: days["y"].where(days.index != 150, 1e6)),
    "closed half a year": daily_series(500).drop(index=range(150, 330)),
    "closed days left out": daily_series(300).loc[lambda days: days["is_open"]],
    "always open": daily_series(300, closed=()),
    "never promoted": daily_series(300).assign(promo=False, holiday="", school_holiday=False),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_keeps_every_promise_of_a_forecast(local: LocalEngine, shape: str) -> None:
    """Complete horizon, finite values, none negative, ordered quantiles, closed days exactly 0."""
    made = forecast(local, SHAPES[shape])
    assert len(made) == HORIZON
    assert made["mean"].sum() > 0


@pytest.mark.parametrize("days", [1, 2, 6, 7, 8, 13, 16, 17, 20, 27, 28, 29, 60])
def test_a_short_series_is_forecast_or_refused_in_words(local: LocalEngine, days: int) -> None:
    """A series of any length has a forecast that keeps the promises, or a message."""
    outcome = forecast_or_refusal(local, daily_series(days + HORIZON))
    if isinstance(outcome, str):
        assert re.search(f"{local.name}: expected .*, found {days - days // 7}$", outcome)
    else:
        assert outcome["mean"].sum() > 0


@pytest.mark.parametrize(
    "history",
    [
        pytest.param(daily_series(0), id="empty"),
        pytest.param(daily_series(200).assign(is_open=False, y=0.0), id="all closed"),
        pytest.param(daily_series(200).assign(y=np.inf), id="infinite"),
        pytest.param(daily_series(200).assign(y=-1.0), id="negative"),
    ],
)
def test_refuses_a_history_without_usable_days(local: LocalEngine, history: pd.DataFrame) -> None:
    """The message says what was expected and what was found."""
    with pytest.raises(FitFailed, match=f"{local.name}: expected .* found "):
        local.fit(as_days(history))


def test_two_fits_give_equal_numbers(local: LocalEngine) -> None:
    """Even if something else is fitted between."""
    first = forecast(local, daily_series(400))
    forecast(local, daily_series(400, seed=1))
    assert_frame_equal(forecast(local, daily_series(400)), first, check_exact=True)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(factor=st.floats(0, 100), seed=st.integers(0, 3))
def test_never_looks_ahead(local: LocalEngine, factor: float, seed: int) -> None:
    """Changing y after the cutoff never changes the forecast, even if the days ahead have a y."""
    series = daily_series(150, seed=seed)
    history, future = split(series, HORIZON)
    after = series["y"].iloc[-HORIZON:].to_numpy()
    fitted = local.fit(as_days(history))
    true, changed = (forecast_of(fitted, future.assign(y=y)) for y in (after, after * factor + 1))
    assert_frame_equal(true, changed, check_exact=True)
    assert_frame_equal(true, forecast_of(local.fit(as_days(history)), future), check_exact=True)


def test_does_not_change_its_inputs(local: LocalEngine) -> None:
    """Past and future are read-only here, because windows share their arrays."""
    past, future = (as_days(frame) for frame in split(daily_series(200), HORIZON))
    for days in (past, future):
        for values in (days.days, days.y, days.is_open, days.promo, days.school_holiday, days.holiday):
            values.setflags(write=False)
    made = local.fit(past).forecast(future)
    assert len(made) == HORIZON


def test_a_slice_of_a_longer_history_has_the_same_forecast(local: LocalEngine) -> None:
    """As a series of its own."""
    history, future = split(daily_series(200), HORIZON)
    cut = as_days(daily_series(200)).up_to(as_days(history).last)
    assert_frame_equal(
        forecast_of(local.fit(cut), future),
        forecast_of(local.fit(as_days(history)), future),
        check_exact=True,
    )


def test_every_engine_accepts_a_pooled_prior(local: LocalEngine) -> None:
    """Whether it uses the prior or not."""
    history, future = split(daily_series(200), HORIZON)
    prior = PooledPrior("all", as_days(history).first, 3, {"promo": CoefficientPrior(0.3, 0.1)})
    forecast_of(engine(local.name, prior).fit(as_days(history)), future)


@pytest.mark.parametrize("horizon", [0, 1, 90])
def test_forecasts_the_requested_number_of_days(local: LocalEngine, horizon: int) -> None:
    """No day, one day, a quarter."""
    history, _ = split(daily_series(300), 0)
    _, future = split(daily_series(300 + horizon), horizon)
    made = forecast_of(local.fit(as_days(history)), future)
    assert len(made) == horizon


def test_scales_with_demand(local: LocalEngine) -> None:
    """1,000 times the demand gives about 1,000 times the forecast."""
    series = daily_series(400)
    small = forecast(local, series)
    large = forecast(local, series.assign(y=series["y"] * 1000))
    opened = small["mean"] > 0
    for column in schema.VALUES:
        ratio = large.loc[opened, column] / small.loc[opened, column]
        assert ratio.between(950, 1050).all(), column


def test_is_accurate_on_an_easy_series(local: LocalEngine) -> None:
    """With little noise, the mean is within a few percent and the band contains most days."""
    series = daily_series(400, noise=0.05)
    made, truth = forecast(local, series), series.tail(HORIZON).reset_index(drop=True)
    plain = truth["is_open"] & (truth["holiday"] == "")
    error = (made["mean"] - truth["y"])[plain].abs().sum() / truth["y"][plain].sum()
    inside = ((truth["y"] >= made["q10"]) & (truth["y"] <= made["q90"]))[plain].mean()
    assert error < 0.08
    assert 0.5 < inside < 1.0


def test_promotions_raise_the_forecast(local: LocalEngine) -> None:
    """The same day is forecast higher with a promotion than without."""
    history, future = split(daily_series(400, promo=1.6), HORIZON)
    fitted = local.fit(as_days(history))
    with_promo, without = (forecast_of(fitted, future.assign(promo=promo)) for promo in (True, False))
    weekdays = future["is_open"] & (future["ds"].dt.day_of_week < 5)
    lift = with_promo.loc[weekdays, "mean"] / without.loc[weekdays, "mean"]
    assert lift.between(1.4, 1.8).all()


def test_holidays_do_not_lower_ordinary_days(local: LocalEngine) -> None:
    """Holidays in the history do not lower the forecast of ordinary days."""
    history, future = split(daily_series(400, noise=0.02), HORIZON)
    every_week = history["ds"].isin(history["ds"].iloc[-28:-7:7])
    named = history.assign(
        holiday=history["holiday"].mask(every_week, "Some holiday"),
        y=history["y"].mask(every_week, history["y"] * 0.5),
    )
    ordinary = future["holiday"] == ""
    plain, with_holidays = (
        forecast_of(local.fit(as_days(days)), future)["mean"] for days in (history, named)
    )
    difference = (with_holidays - plain)[ordinary].abs().sum() / plain[ordinary].sum()
    assert difference < 0.05


def test_a_weekday_that_is_never_open_is_zero(local: LocalEngine) -> None:
    """Even if the plan opens the store on a Sunday for the first time."""
    history, future = split(daily_series(200, closed=(6,)), HORIZON)
    made = forecast_of(local.fit(as_days(history)), future.assign(is_open=True))
    sundays = future["ds"].dt.day_of_week == 6
    assert (made.loc[sundays, list(schema.VALUES)] == 0).all(axis=None)
    assert (made.loc[~sundays, "q10"] > 0).all()


def test_a_runaway_trend_stays_finite_and_sane(local: LocalEngine) -> None:
    """Demand that doubles every week for ten weeks does not give absurd numbers a year ahead."""
    grown = daily_series(70, noise=0).assign(y=lambda days: 2.0 ** (days.index / 7))
    _, future = split(daily_series(70 + 365), 365)
    made = forecast_of(local.fit(as_days(grown)), future)
    assert made["q90"].max() <= 10.01 * grown["y"].max()


def explained(local: LocalEngine, series: pd.DataFrame, horizon: int = HORIZON) -> Explanation:
    """Explain the forecast of the last days, and check the promises."""
    past, future = (as_days(frame) for frame in split(series, horizon))
    return explanation_of(SeriesFit.of(local, past, SeriesKey("1")), future)


def explanation_of(fit: SeriesFit, future: SeriesDays) -> Explanation:
    """Explain a forecast, and check the promises."""
    mean = fit.forecast(future).mean
    made = fit.explanation(future, mean)
    values = np.vstack(list(made.steps.values()))
    assert (np.abs(values.sum(axis=0) - mean) <= ROUNDING * (1 + np.abs(values).max(axis=0, initial=0))).all()
    assert not values[:, ~future.is_open].any()
    assert not made.steps.get(PROMOTION, np.zeros(len(future)))[~future.promo].any()
    return made


@pytest.mark.parametrize("shape", SHAPES)
def test_explains_its_forecast(local: LocalEngine, shape: str) -> None:
    """The steps add up to the mean; closed days have none, days without a promotion no promotion step."""
    history, _ = split(SHAPES[shape], HORIZON)
    assert isinstance(local.fit(as_days(history)), ExplainableSeries)
    assert explained(local, SHAPES[shape]).steps["level"].max() > 0


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    days=st.integers(30, 420),
    seed=st.integers(0, 9),
    level=st.floats(0.5, 1e7),
    promo=st.floats(0.2, 5),
    zeros=st.floats(0, 0.9),
    noise=st.floats(0, 1),
)
def test_the_steps_of_any_fit_add_up(
    local: LocalEngine, days: int, seed: int, level: float, promo: float, zeros: float, noise: float
) -> None:
    """For any series, and also if the plan of the days is inverted."""
    series = daily_series(days + HORIZON, seed=seed, level=level, promo=promo, zeros=zeros, noise=noise)
    past, future = (as_days(frame) for frame in split(series, HORIZON))
    try:
        fit = SeriesFit.of(local, past, SeriesKey("1"))
    except FitFailed:
        return
    for promoted in (True, False):
        turned = np.full(len(future), promoted)
        explanation_of(fit, replace(future, promo=turned, is_open=future.is_open ^ (future.promo & promoted)))


@pytest.mark.parametrize("horizon", [0, 1, 90])
def test_explains_the_requested_number_of_days(local: LocalEngine, horizon: int) -> None:
    """No day, one day, a quarter."""
    assert len(explained(local, daily_series(300 + horizon), horizon).total) == horizon


def test_a_promotion_step_is_the_difference_to_the_same_day_without(local: LocalEngine) -> None:
    """On days without a later step."""
    history, future = split(daily_series(400, promo=1.6).assign(school_holiday=False, holiday=""), HORIZON)
    fit = SeriesFit.of(local, as_days(history), SeriesKey("1"))
    on, off = (as_days(future.assign(promo=promo)) for promo in (True, False))
    made = explanation_of(fit, on)
    others = [name for name in ("holiday", "school_holiday", "around") if name in made.steps]
    alone = on.is_open & ~np.any([made.steps[name] != 0 for name in others] or [np.zeros(HORIZON)], axis=0)
    without = fit.forecast(off).mean
    assert alone.sum() > 5
    np.testing.assert_allclose(made.steps[PROMOTION][alone], (made.total - without)[alone], rtol=1e-9)
