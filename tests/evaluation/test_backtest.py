from dataclasses import astuple, replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from forecasting.core.day_arrays import SeriesDays, SeriesForecast, number_of
from forecasting.core.domain import BacktestScore, SeriesKey
from forecasting.core.error_sums import ErrorSums
from forecasting.core.errors import FitFailed, InvalidFrame
from forecasting.core.pooled_priors import PooledSpread
from forecasting.core.ports import LocalEngine
from forecasting.engines.seasonal_naive import SeasonalNaive
from forecasting.evaluation.backtest import Backtest, backtest, fit_and_forecast
from forecasting.evaluation.calibration import ConformityScores, widen, width_factors
from forecasting.evaluation.metrics import week_sums, week_to_week_scale
from forecasting.evaluation.windows import Window, backtest_windows
from tests.fakes import FlatEngine
from tests.series import as_days, daily_series

KEY = SeriesKey("1", "101")
HORIZON = 28


def history(days: int = 200, **traits: float) -> SeriesDays:
    """A series of some length."""
    return as_days(daily_series(days, **traits))  # type: ignore[arg-type] # by name


def backtested(past: SeriesDays, engine: LocalEngine | None = None, horizon: int = HORIZON) -> Backtest:
    """A backtest on all windows; the default engine's band is far too narrow."""
    made = engine or FlatEngine(spread=0.1)
    return backtest("asked", lambda _cutoff: made, KEY, past, backtest_windows(past, horizon))


def first(made: Backtest, count: int) -> Backtest:
    """Only the oldest windows of a backtest."""
    results = made.results[:count]
    return replace(made, results=results, scores=ConformityScores.joined([each.scores() for each in results]))


def nothing_pooled(_cutoff: date) -> None:
    """No pooled spread is known."""


def errors(past: SeriesDays, window: Window, forecast: SeriesForecast) -> tuple[ErrorSums, ...]:
    """The errors of a forecast of one window."""
    opened, scale = window.future(past).is_open, week_to_week_scale(window.past(past))
    return week_sums(window.truth(past), forecast, opened, scale, window)


def test_every_window_is_forecast_from_earlier_days() -> None:
    """With the engine as of its cutoff, under the name by which it was requested."""
    past, asked_at, engine = history(), list[date](), FlatEngine()

    def engine_at(cutoff: date) -> LocalEngine:
        asked_at.append(cutoff)
        return engine

    windows = backtest_windows(past, HORIZON)
    made = backtest("shop.engine:make", engine_at, KEY, past, windows)
    assert made.engine == made.judge(nothing_pooled).engine == "shop.engine:make"
    assert asked_at == [window.cutoff for window in windows] == [seen.last for seen in engine.seen]
    assert [each.window for each in made.results] == list(windows)
    for each in made.results:
        days = [number_of(each.window.cutoff) + ahead for ahead in range(1, 29)]
        assert each.forecast.days.tolist() == days
        at = np.searchsorted(past.days, days)
        assert each.truth.tolist() == past.y[at].tolist()
        assert each.opened.tolist() == past.is_open[at].tolist()
        assert each.scale == week_to_week_scale(past.up_to(each.window.cutoff))


def test_a_fit_that_fails_and_a_broken_promise_name_the_series() -> None:
    """In any window."""
    with pytest.raises(FitFailed, match="store 1, product 101: expected more"):
        backtested(history(), FlatEngine(failure="expected more"))
    with pytest.raises(InvalidFrame, match="flat forecast of store 1, product 101: expected q10 ≤ q50 ≤ q90"):
        fit_and_forecast(FlatEngine(spread=-0.1), history(56), history()[56:84], KEY)


def test_each_window_has_scores_of_its_open_days() -> None:
    """With their days ahead; each is known on its own day."""
    past = history()
    made = backtested(past)
    assert len(made.results) == 4
    for each in made.results:
        scores, window = each.scores(), each.window
        opened = window.future(past).is_open
        expected = ConformityScores.of(window.truth(past), each.forecast, opened, window.cutoff)
        assert scores.days.tolist() == each.forecast.days[opened].tolist()
        assert scores.ahead.tolist() == (scores.days - number_of(window.cutoff)).tolist()
        assert scores.scores.tolist() == expected.scores.tolist()
    same_scores(made.scores, ConformityScores.joined([each.scores() for each in made.results]))


def test_the_first_window_has_the_engines_band_and_the_last_a_wider_one() -> None:
    """At first nothing is known about the narrow band; before the last window, three others have shown it."""
    past = history()
    made = backtested(past)
    oldest, newest = made.results[0], made.results[3]
    alone = first(made, 1).judge(nothing_pooled)
    plain = errors(past, oldest.window, oldest.forecast)
    assert oldest.week_sums(()) == plain
    for judged, raw in zip(alone.weeks, plain, strict=True):
        assert astuple(judged) == pytest.approx(astuple(raw), rel=1e-12)
    factors = width_factors(first(made, 3).scores, None, HORIZON)
    last = errors(past, newest.window, widen(newest.forecast, factors))
    assert newest.week_sums(factors) == last
    together = made.judge(nothing_pooled)
    before = first(made, 3).judge(nothing_pooled)
    for whole, part, latest in zip(together.weeks, before.weeks, last, strict=True):
        assert whole == part + latest
    raw = ErrorSums.total(errors(past, newest.window, newest.forecast))
    last_window = ErrorSums.total(last)
    assert last_window.inside > raw.inside
    assert last_window.loss < raw.loss
    assert (last_window.missed, last_window.over) == (raw.missed, raw.over)


@pytest.mark.parametrize("horizon", [7, 28, 42])
def test_each_window_is_calibrated_with_days_known_at_its_cutoff_only(horizon: int) -> None:
    """Also if windows overlap, so that one has not ended at the next cutoff."""
    past = history(300)
    made = backtested(past, horizon=horizon)
    joined = ConformityScores.joined([each.scores() for each in made.results])
    weeks = []
    for at, each in enumerate(made.results):
        known = joined.days <= number_of(each.window.cutoff)
        assert known.any() == (at > 0) or horizon > 28
        own = ConformityScores(joined.days[known], joined.ahead[known], joined.scores[known])
        weeks.append(errors(past, each.window, widen(each.forecast, width_factors(own, None, horizon))))
    expected = tuple(ErrorSums.total(each) for each in zip(*weeks, strict=True))
    assert made.judge(nothing_pooled).weeks == expected


def test_the_pooled_spread_is_looked_up_at_each_cutoff() -> None:
    """It also widens the first window, about which nothing else is known."""
    past, asked_at = history(), list[date]()
    made = backtested(past)
    oldest = made.results[0]

    def spread_at(cutoff: date) -> PooledSpread:
        asked_at.append(cutoff)
        return PooledSpread("101", cutoff, 8, (1.0, 1.5, 2.0, 3.0))

    score = first(made, 1).judge(spread_at)
    assert score.weeks == errors(past, oldest.window, widen(oldest.forecast, (1.0, 1.5, 2.0, 3.0)))
    made.judge(spread_at)
    assert asked_at == [oldest.window.cutoff, *(each.window.cutoff for each in made.results)]


def test_a_score_names_its_windows_and_weeks() -> None:
    """24 open days in four weeks, of four windows."""
    made = backtested(history())
    score = made.judge(nothing_pooled)
    assert score == BacktestScore(
        "asked", tuple(each.window.cutoff for each in made.results), HORIZON, score.weeks
    )
    assert [week.days for week in score.weeks] == [24] * 4


def test_the_next_forecast_is_widened_by_the_scores_of_all_windows() -> None:
    """Including the newest window, and by the pooled spread if there is one."""
    past = history()
    made = backtested(past)
    every = ConformityScores.joined([each.scores() for each in made.results])
    assert made.width_factors(None) == width_factors(every, None, HORIZON)
    assert all(width > 1 for width in made.width_factors(None))
    pooled = PooledSpread("101", past.last, 8, (1.0, 1.5, 2.0, 3.0))
    assert made.width_factors(pooled) == width_factors(every, pooled, HORIZON)
    assert made.width_factors(None) != first(made, 3).width_factors(None)


def test_windows_with_closed_days_only_leave_the_band_unchanged() -> None:
    """They have no scores."""
    past = history()
    opened = np.arange(200) < 200 - 4 * HORIZON
    closed = replace(past, is_open=past.is_open & opened, y=past.y * opened)
    made = backtested(closed)
    assert [each.scores().scores.size for each in made.results] == [0] * 4
    assert made.scores.scores.size == 0
    assert made.width_factors(None) == (1.0,) * 4
    assert made.judge(nothing_pooled).days == 0


# -- no look-ahead -------------------------------------------------------------------------------------

DAYS = 300


@given(
    st.sampled_from([7, 28, 42]),
    st.integers(1, 3),
    npst.arrays(np.float64, DAYS, elements=st.floats(0, 1e6)),
    npst.arrays(np.bool_, (2, DAYS)),
    st.sampled_from([FlatEngine(spread=0.1), SeasonalNaive()]),
)
def test_later_days_change_no_window_that_has_ended(
    horizon: int, count: int, y: np.ndarray, covariates: np.ndarray, engine: LocalEngine
) -> None:
    """Neither its forecast nor its errors depend on later demand and covariates."""
    past = history(DAYS)
    ended = backtest_windows(past, horizon)[count - 1].cutoff + timedelta(days=horizon)
    later = past.days > number_of(ended)
    other = replace(
        past,
        y=np.where(later, y, past.y),
        promo=np.where(later, covariates[0], past.promo),
        is_open=np.where(later, covariates[1], past.is_open),
    )
    windows = backtest_windows(past, horizon)[:count]
    cut = backtest("asked", lambda _cutoff: engine, KEY, past.up_to(ended), windows)
    for whole in (past, other):
        made = first(backtested(whole, engine, horizon), count)
        for found, expected in zip(made.results, cut.results, strict=True):
            same(found.forecast, expected.forecast)
            np.testing.assert_array_equal(found.truth, expected.truth)
            assert found.scale == expected.scale
        same_scores(made.scores, cut.scores)
        assert made.judge(nothing_pooled) == cut.judge(nothing_pooled)
        assert made.width_factors(None) == cut.width_factors(None)


@given(npst.arrays(np.float64, DAYS, elements=st.floats(0, 1e6)))
def test_demand_after_a_cutoff_changes_neither_its_forecast_nor_its_calibration(y: np.ndarray) -> None:
    """For the last window, which is scored with that demand."""
    past = history(DAYS)
    cutoff = past.last - timedelta(days=HORIZON)
    later = past.days > number_of(cutoff)
    bands = []
    for whole in (past, replace(past, y=np.where(later, y, past.y))):
        made = backtested(whole)
        known = made.scores.known_at(cutoff)
        bands.append(widen(made.results[3].forecast, width_factors(known, None, HORIZON)))
    same(*bands)


def same(one: SeriesForecast, other: SeriesForecast) -> None:
    """All numbers are equal."""
    for name in ("days", "mean", "q10", "q50", "q90"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)


def same_scores(one: ConformityScores, other: ConformityScores) -> None:
    """All scores and their days are equal."""
    for name in ("days", "ahead", "scores"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
