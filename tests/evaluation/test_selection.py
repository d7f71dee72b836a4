from dataclasses import replace

import numpy as np
import pytest

from forecasting.core.domain import SeriesChoice
from forecasting.core.errors import EngineUnavailable, InvalidFrame
from forecasting.engines.empirical import Empirical
from forecasting.evaluation.candidate_engines import CandidateEngines
from forecasting.evaluation.selection import choose, intermittent
from forecasting.training.forecast_task import forecast_series
from tests.evaluation.selection_cases import HORIZON, chosen, fitted, inputs, naive
from tests.fakes import FlatEngine, engines
from tests.series import as_days, daily_series


def test_the_configured_engine_is_used_unless_the_challenger_is_clearly_better() -> None:
    """Equal accuracy keeps the configured engine; the scores of both are stored."""
    choice = chosen(inputs(), "flat", FlatEngine(), naive())
    assert choice.engine == "flat"
    assert choice.reason == "at least as accurate over the last 16 weeks"
    assert [score.engine for score in choice.scores] == ["flat", "seasonal_naive"]
    assert all(score.wape is not None and score.days == 4 * 24 for score in choice.scores)


def test_scores_are_kept_by_week_ahead_over_all_windows() -> None:
    """Four windows of four weeks: each week ahead has 24 open days."""
    choice = chosen(inputs(), "flat", FlatEngine(), naive())
    for score in choice.scores:
        assert [week.days for week in score.weeks] == [24] * 4
        assert score.horizon == HORIZON
        assert len(score.cutoffs) == 4
        assert list(score.cutoffs) == sorted(score.cutoffs)


def test_a_clearly_better_challenger_is_used_and_named() -> None:
    """A refresh never makes it worse."""
    choice = chosen(inputs(), "flat", FlatEngine(factor=3.0), naive())
    assert choice.engine == "seasonal_naive"
    assert choice.reason == "more accurate over the last 16 weeks"


def test_a_challenger_that_is_hardly_better_is_not_used() -> None:
    """Noise does not change the choice: two percent are needed."""
    asked, rival = FlatEngine(spread=0.2), naive(spread=0.21)
    scores = {score.engine: score.wql for score in chosen(inputs(), "flat", asked, rival).scores}
    ratio = scores["seasonal_naive"] / scores["flat"]  # type: ignore[operator] # something was sold
    assert 0.98 < ratio < 1
    assert chosen(inputs(), "flat", asked, rival).engine == "flat"


def test_all_windows_count() -> None:
    """An engine that is better in the newest window and much worse before is not used."""
    series = inputs(200)
    ended = replace(series.past, y=np.where(np.arange(200) < 172, series.past.y, 0.0))
    choice = chosen(replace(series, past=ended), "flat", FlatEngine(), naive(factor=0.5))
    own, other = choice.scores
    assert other.weeks[0].loss > own.weeks[0].loss
    assert choice.engine == "flat"


def test_an_engine_that_cannot_fit_leaves_the_series_to_the_challenger_with_the_reason() -> None:
    """The reason is the engine's own message, and the engine has no figures."""
    choice = chosen(inputs(), "flat", FlatEngine(failure="expected 99 days, found 3"), naive())
    assert choice.engine == "seasonal_naive"
    assert choice.reason == "store 1, product 101: expected 99 days, found 3"
    failed = choice.score_of("flat")
    assert failed is not None
    assert (failed.wape, failed.weeks) == (None, ())
    assert failed.failure == choice.reason


def test_an_engine_that_fails_in_one_window_has_no_figures() -> None:
    """Three windows of four can't be compared with four."""
    series = inputs(200)
    late = replace(series.past, is_open=series.past.is_open & (np.arange(200) >= 90))
    choice = chosen(replace(series, past=late), "flat", FlatEngine(), naive())
    assert choice.scores[0].failure == "store 1, product 101: flat: expected an open day, found none"
    assert choice.scores[0].weeks == ()


def test_the_engine_is_used_if_no_challenger_can_be_fitted() -> None:
    """The reason says so."""
    choice = chosen(inputs(), "flat", FlatEngine(), naive(failure="no"))
    assert (choice.engine, choice.reason) == ("flat", "no other engine could be fitted")


def test_seasonal_naive_has_no_challenger_on_an_ordinary_series() -> None:
    """It is still scored."""
    choice = chosen(inputs(), "seasonal_naive", naive())
    assert (choice.engine, choice.reason) == ("seasonal_naive", "as configured")
    assert choice.scores[0].wape is not None


@pytest.mark.parametrize(
    ("zeros", "expected"), [pytest.param(0.4, False, id="fewer"), pytest.param(0.6, True, id="more")]
)
def test_a_series_is_intermittent_if_most_open_days_sold_nothing(zeros: float, expected: bool) -> None:  # noqa: FBT001 - a parameter
    """In the last half year; closed days do not count."""
    assert intermittent(as_days(daily_series(300, zeros=zeros, closed=(5, 6)))) is expected


def test_an_intermittent_past_long_gone_does_not_count() -> None:
    """After half a year of sales the series is ordinary."""
    frame = daily_series(400)
    assert not intermittent(as_days(frame.assign(y=frame["y"].where(frame.index >= 400 - 182, 0.0))))
    assert not intermittent(as_days(frame.iloc[:0]))
    assert not intermittent(as_days(frame.assign(is_open=False, y=0.0)))


@pytest.mark.parametrize("asked", ["flat", "seasonal_naive"])
def test_an_intermittent_series_uses_its_own_quantiles_if_they_are_better(asked: str) -> None:
    """A band of ±20% around the mean can't have a median of 0; all three scores are stored."""
    choice = chosen(inputs(zeros=0.7), asked, FlatEngine(), naive(), Empirical())
    assert (choice.engine, choice.reason) == ("empirical", "more accurate over the last 16 weeks")
    assert [score.engine for score in choice.scores] == list(
        dict.fromkeys([asked, "seasonal_naive", "empirical"])
    )


def test_the_best_engine_that_fits_is_used_if_the_configured_one_does_not_fit() -> None:
    """Not the first that fits."""
    series = inputs(zeros=0.7)
    choice = chosen(series, "flat", FlatEngine(failure="no"), naive(), Empirical())
    assert (choice.engine, choice.reason) == ("empirical", "store 1, product 101: no")


@pytest.mark.parametrize(("days", "windows"), [(35, 1), (48, 1), (49, 2), (83, 2)])
def test_a_short_series_has_shorter_windows(days: int, windows: int) -> None:
    """Two weeks each, after three weeks of history; weekday quantiles are among the challengers."""
    choice = chosen(inputs(days), "flat", FlatEngine(), naive(), Empirical())
    assert [score.engine for score in choice.scores] == ["flat", "seasonal_naive", "empirical"]
    assert {(len(score.cutoffs), score.horizon) for score in choice.scores} == {(windows, 14)}
    best = min(choice.scores, key=lambda score: score.total.loss)
    own = choice.scores[0]
    assert choice.engine == (best.engine if best.total.loss < 0.98 * own.total.loss else "flat")
    assert choice.reason.endswith(f"over the last {2 * windows} weeks")


def test_a_short_series_that_the_configured_engine_cannot_fit_uses_the_best_that_can() -> None:
    """The reason says so."""
    choice = chosen(inputs(60), "flat", FlatEngine(failure="no"), naive(factor=3.0), Empirical())
    assert (choice.engine, choice.reason) == ("empirical", "store 1, product 101: no")


@pytest.mark.parametrize(
    ("days", "length"), [(1, "1 day"), (13, "13 days"), (14, "2 weeks"), (34, "4 weeks")]
)
def test_a_young_series_is_forecast_from_its_own_quantiles(days: int, length: str) -> None:
    """For any configured engine; the reason says so."""
    choice = chosen(inputs(days), "flat", FlatEngine(), naive(), Empirical())
    assert choice.engine == "empirical"
    assert choice.reason == f"only {length} of sales so far: the range of those days is used"


def test_a_young_series_keeps_seasonal_naive_if_it_is_configured() -> None:
    """It can forecast from one day."""
    choice = chosen(inputs(20), "seasonal_naive", naive(), Empirical())
    assert (choice.engine, choice.reason) == ("seasonal_naive", "as configured")


def test_a_series_without_a_day_is_a_result_with_its_reason() -> None:
    """It does not end the run."""
    result = fitted(inputs(0), FlatEngine(), naive(), Empirical())
    assert result.failure.startswith("store 1, product 101: expected at least one day of history")
    assert (result.choice, result.forecast) == (None, None)


def test_the_final_fit_sees_all_history() -> None:
    """The backtest hides days, the published forecast does not."""
    engine = FlatEngine()
    series = inputs()
    result = fitted(series, engine, naive())
    assert [len(seen) for seen in engine.seen] == [200 - each * HORIZON for each in (4, 3, 2, 1, 0)]
    assert result.forecast is not None
    assert result.forecast.days.tolist() == series.future.days.tolist()


def test_forecasting_again_fits_the_chosen_engine_once() -> None:
    """The choice is kept: no backtest, no challenger."""
    flat, other = FlatEngine(), naive()
    kept = SeriesChoice("101", "seasonal_naive", "better")
    result = fitted(inputs(), flat, other, kept=kept)
    assert result.choice is kept
    assert (len(flat.seen), len(other.seen)) == (0, 1)


def test_a_series_that_no_engine_can_fit_is_a_result_with_its_reason() -> None:
    """One series does not end the run of its store."""
    result = fitted(inputs(), FlatEngine(failure="no"), naive(failure="all closed"))
    assert result.forecast is None
    assert result.failure == "store 1, product 101: all closed"


def test_a_missing_engine_ends_the_run() -> None:
    """Nothing replaces a missing engine silently."""
    with pytest.raises(EngineUnavailable):
        forecast_series(CandidateEngines("aws_forecast", engines(naive())), inputs(), None)


def test_an_engine_that_breaks_its_promises_is_refused() -> None:
    """A forecast with q10 above q90 is never published."""
    with pytest.raises(InvalidFrame, match="flat forecast of store 1, product 101: expected q10 ≤ q50 ≤ q90"):
        fitted(inputs(), FlatEngine(spread=-0.1), naive())


def test_a_score_on_closed_days_alone_is_not_available() -> None:
    """Without open days there are no figures, and the configured engine is used."""
    series = inputs()
    opened = np.arange(200) < 200 - 4 * HORIZON
    past = replace(series.past, is_open=series.past.is_open & opened, y=series.past.y * opened)
    choice = chosen(replace(series, past=past), "flat", FlatEngine(), naive())
    assert choice.reason == "no sales in the test period to compare with"
    assert [score.wape for score in choice.scores] == [None, None]


def test_an_engine_is_compared_under_the_name_by_which_it_was_requested() -> None:
    """An operator's ``module:factory`` has to beat the challenger like any other."""
    own = FlatEngine("my own", factor=3.0)
    candidates = CandidateEngines(
        "shop.engine:make", lambda name, _prior: naive() if name == "seasonal_naive" else own
    )
    choice = choose(candidates, inputs())
    assert choice.engine == "seasonal_naive"
    assert choice.score_of("shop.engine:make") is not None


def test_a_choice_that_no_longer_fits_is_made_again() -> None:
    """The chosen engine can't be fitted to the newest inputs; another engine can."""
    kept = SeriesChoice("101", "flat", "as configured")
    result = fitted(inputs(), FlatEngine(failure="expected more"), naive(), kept=kept)
    assert result.choice is not None
    assert (result.choice.engine, result.choice.reason) == (
        "seasonal_naive",
        "store 1, product 101: expected more",
    )
    assert result.forecast is not None


def test_a_result_has_the_last_days_of_its_history_and_the_days_ahead() -> None:
    """With or without a forecast."""
    series = inputs()
    for failure in ("", "no"):
        result = fitted(series, FlatEngine(failure=failure), naive(failure=failure))
        assert result.recent.days.tolist() == series.past.days[-35:].tolist()
        assert result.recent.y.tolist() == series.past.y[-35:].tolist()
        assert (result.future, result.assumed) == (series.future, series.assumed)
