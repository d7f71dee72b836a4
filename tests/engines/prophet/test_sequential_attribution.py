"""The attribution of the recipe's forecast to the facts of a day."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.explanation import Explanation, Origin
from forecasting.engines.prophet.prophet_engine import FittedProphet, ProphetEngine
from tests.series import WEEKDAY_FACTORS, as_days, daily_series, split

HORIZON = 56
FACTORS = WEEKDAY_FACTORS[:6]


def fitted(**traits: object) -> tuple[FittedProphet, SeriesDays]:
    """A fit of two years of a series, and the days after it."""
    series = daily_series(730 + HORIZON, **({"noise": 0.02} | traits))  # type: ignore[arg-type] # by name
    history, future = split(series, HORIZON)
    made = ProphetEngine().fit(as_days(history))
    assert isinstance(made, FittedProphet)
    return made, as_days(future)


def explained(**traits: object) -> tuple[Explanation, SeriesDays]:
    """The explanation of its forecast."""
    made, future = fitted(**traits)
    return made.explain(future), future


def test_the_steps_recover_how_a_series_was_made() -> None:
    """For a series made from level, weekday and promotion."""
    made, future = explained(level=200.0, promo=1.4)
    assert made.origin is Origin.MODEL
    opened = future.is_open
    level = made.steps["level"][opened]
    np.testing.assert_allclose(level, 200 * np.exp(np.log(FACTORS).mean()), rtol=0.05)
    shape = 1 + made.steps["weekday"][opened] / level
    assert abs(np.log(shape[:6]).mean()) < 0.003  # a week from its average: no weekday is the usual one
    np.testing.assert_allclose(
        shape, (FACTORS / np.exp(np.log(FACTORS).mean()))[future.weekday[opened]], rtol=0.05
    )
    promoted = opened & future.promo
    others = ("level", "weekday", "season", "month")
    before = np.sum([made.steps[name] for name in others], axis=0)[promoted]
    np.testing.assert_allclose(made.steps["promotion"][promoted] / before, 0.4, atol=0.06)


def test_a_holiday_is_the_difference_to_the_same_day_without() -> None:
    """If the store is open on it."""
    made, future = fitted(holiday=0.5, closed=())
    on = future.holiday > 0
    assert on.any()
    steps = made.explain(future).steps
    without = made.forecast(replace(future, holiday=np.zeros_like(future.holiday))).mean
    np.testing.assert_allclose(steps["holiday"][on], (made.forecast(future).mean - without)[on], rtol=1e-9)
    assert (steps["holiday"][on] < 0).all()
    assert not steps["holiday"][~on].any()


def test_the_season_is_separated_from_the_level() -> None:
    """Summers sell half as much again."""
    series = daily_series(1200, noise=0.02, promo=1.0, holiday=1.0)
    wave = np.exp(0.4 * np.cos(2 * np.pi * (np.arange(1200) - 200) / 365.25))
    history, future = split(series.assign(y=series["y"] * wave), 120)
    made = ProphetEngine().fit(as_days(history)).explain(as_days(future)).steps  # type: ignore[attr-defined]
    opened = future["is_open"].to_numpy()
    true = wave[-120:][opened]
    seen = 1 + made["season"][opened] / (made["level"] + made["weekday"])[opened]
    assert np.abs(seen / seen.mean() - true / true.mean()).max() < 0.06


@pytest.mark.parametrize("flag", [True, False])
def test_a_standing_promotion_is_a_step_of_its_own(*, flag: bool) -> None:
    """It started within the history, and does not count as a promotion of the day."""
    history, future = split(daily_series(730 + HORIZON, noise=0.02, promo=1.0), HORIZON)
    begun = history.index >= 500
    past = SeriesDays.from_frame(
        history.assign(y=history["y"] * np.where(begun, 1.3, 1.0)), "past", {"promo2": begun}
    )
    days = SeriesDays.from_frame(future.drop(columns="assumed"), "future", {"promo2": np.full(HORIZON, flag)})
    steps = ProphetEngine().fit(past).explain(days).steps  # type: ignore[attr-defined] # of Prophet
    assert ("standing" in steps) is flag
    if flag:
        assert (steps["standing"][days.is_open] > 0).all()


def test_days_before_a_closure_are_a_step_of_their_own() -> None:
    """Days before a closed day sell half as much again."""
    series = daily_series(800, noise=0.02, promo=1.0, closed=())
    closed = pd.Series(series.index % 35 == 21)
    before = closed.shift(-1, fill_value=False)
    shaped = series.assign(
        is_open=~closed, y=(series["y"] * np.where(before, 1.5, 1.0)).where(~closed, 0.0), holiday=""
    )
    history, future = split(shaped, 40)
    steps = ProphetEngine().fit(as_days(history)).explain(as_days(future)).steps  # type: ignore[attr-defined]
    beside = before.tail(40).to_numpy()
    assert beside.any()
    assert (steps["around"][beside] > 50).all()


def test_steps_add_up_at_the_ceiling() -> None:
    """Demand that doubles every week is capped at ten times the highest value."""
    grown = daily_series(70, noise=0).assign(y=lambda days: 2.0 ** (days.index / 7))
    _, future = split(daily_series(70 + 365), 365)
    made, days = ProphetEngine().fit(as_days(grown)), as_days(future)
    mean = made.forecast(days).mean
    made.explain(days).require(days, mean, "prophet")  # type: ignore[attr-defined] # of Prophet
    assert np.isclose(mean.max(), 10 * grown["y"][grown["is_open"]].max())
