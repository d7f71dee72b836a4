"""A fitted series checks its engine's promises, and explains the forecast if the engine does not."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import SeriesKey
from forecasting.core.errors import FitFailed, InvalidFrame
from forecasting.core.explanation import LEVEL, Explanation, Origin
from forecasting.engines.seasonal_naive import SeasonalNaive
from forecasting.evaluation.series_fit import SeriesFit, from_history
from tests.fakes import FlatEngine, FlatFit
from tests.series import WEEKDAY_FACTORS, as_days, daily_series, split

KEY = SeriesKey("1", "101")
PAST, FUTURE = (as_days(frame) for frame in split(daily_series(200, noise=0, promo=1.0, holiday=1.0), 28))


@dataclass
class BoastingFit(FlatFit):
    """Attributes everything to the promotion."""

    def explain(self, future: SeriesDays) -> Explanation:
        """On every day, whether there is one or not."""
        mean = self.forecast(future).mean
        return Explanation(Origin.MODEL, {LEVEL: 0 * mean, "promotion": mean})


class BoastingEngine(FlatEngine):
    """A custom engine that breaks its promises."""

    def fit(self, past: SeriesDays) -> FlatFit:
        """The mean of all."""
        return BoastingFit(float(past.y.mean()), 0.2)


def test_a_fit_that_fails_names_its_series() -> None:
    """With the engine's own words."""
    with pytest.raises(FitFailed, match=r"^store 1, product 101: expected more$"):
        SeriesFit.of(FlatEngine(failure="expected more"), PAST, KEY)


def test_an_engine_that_breaks_its_promises_is_named() -> None:
    """In its forecast, and in its explanation."""
    with pytest.raises(InvalidFrame, match=r"^flat forecast of store 1, product 101: expected q10 ≤ q50"):
        SeriesFit.of(FlatEngine(spread=-0.1), PAST, KEY).forecast(FUTURE)
    fit = SeriesFit.of(BoastingEngine(), PAST, KEY)
    with pytest.raises(
        InvalidFrame, match=r"^flat explanation of store 1, product 101: expected no promotion step"
    ):
        fit.explanation(FUTURE, fit.forecast(FUTURE).mean)


def test_the_explanation_of_an_engine_is_used() -> None:
    """It adds up to the mean to the last bit."""
    fit = SeriesFit.of(SeasonalNaive(), PAST, KEY)
    mean = fit.forecast(FUTURE).mean
    made = fit.explanation(FUTURE, mean)
    assert made.origin is Origin.AVERAGES
    np.testing.assert_allclose(made.total, mean, rtol=1e-12)


def test_other_engines_are_explained_by_recent_sales() -> None:
    """Level and weekday are facts of the last eight weeks; the rest is the engine's step."""
    fit = SeriesFit.of(FlatEngine(factor=1.5), PAST, KEY)
    mean = fit.forecast(FUTURE).mean
    made = fit.explanation(FUTURE, mean).require(FUTURE, mean, "flat")
    assert made.origin is Origin.HISTORY
    opened, factors = FUTURE.is_open, WEEKDAY_FACTORS[:6]
    np.testing.assert_allclose(made.steps[LEVEL][opened], 200 * factors.mean(), rtol=0.02)
    np.testing.assert_allclose(
        (made.steps[LEVEL] + made.steps["weekday"])[opened],
        np.round(200 * factors)[FUTURE.weekday[opened]],
        rtol=0.01,
    )
    np.testing.assert_allclose(made.total, mean, rtol=1e-12)


def test_recent_holidays_count_only_if_there_are_no_other_days() -> None:
    """They do not show the usual level."""
    some = (PAST.days % 9 == 0).astype(np.int64)
    odd = replace(PAST, holiday=some, kinds=("", "x"), y=np.where(some > 0, 1e6, PAST.y))
    mean = np.zeros(28)
    assert from_history(odd, FUTURE, mean).steps[LEVEL].max() < 300
    assert from_history(replace(odd, holiday=np.ones_like(some)), FUTURE, mean).steps[LEVEL].max() > 10_000


def test_missing_weekdays_and_recent_sales_give_steps_of_zero() -> None:
    """As when a plan opens on a Sunday, or a store was closed for long."""
    made = from_history(PAST, replace(FUTURE, is_open=np.ones(28, dtype=bool)), np.zeros(28))
    assert not made.steps["weekday"][FUTURE.weekday == 6].any()
    closed = replace(PAST, is_open=np.zeros(len(PAST), dtype=bool))
    assert not from_history(closed, FUTURE, np.zeros(28)).steps[LEVEL].any()
