from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from forecasting.calendar.inputs import SeriesInputs
from forecasting.core.day_arrays import SeriesDays, SeriesForecast
from forecasting.core.domain import SeriesChoice, SeriesKey
from forecasting.core.errors import EngineUnavailable, InvalidFrame
from forecasting.core.pooled_priors import ChainPriors, PooledPrior, PooledSpread
from forecasting.core.ports import FittedSeries, LocalEngine
from forecasting.engines import registry
from forecasting.engines.empirical import Empirical
from forecasting.evaluation.calibration import widen
from forecasting.evaluation.candidate_engines import CandidateEngines, EngineNamed
from forecasting.evaluation.selection import choose, intermittent
from forecasting.training.forecast_task import SeriesResult, forecast_series
from tests.fakes import FlatEngine, engines
from tests.series import as_days, daily_series

HORIZON = 28
KEY = SeriesKey("1", "101")


def inputs(days: int = 200, **traits: float) -> SeriesInputs:
    """A series with a future like its past."""
    whole = as_days(daily_series(days + HORIZON, **traits))  # type: ignore[arg-type] # by name
    future = whole[days:]
    withheld = replace(future, y=np.full(HORIZON, np.nan))
    return SeriesInputs(KEY, whole[:days], withheld, np.zeros(HORIZON, dtype=np.bool_))


def naive(**traits: object) -> FlatEngine:
    """A challenger of known skill."""
    return FlatEngine("seasonal_naive", **traits)  # type: ignore[arg-type]


def chosen(series: SeriesInputs, asked: str, *known: LocalEngine) -> SeriesChoice:
    """The choice between engines."""
    return choose(CandidateEngines(asked, engines(*known)), series)


def fitted(series: SeriesInputs, *known: LocalEngine, kept: SeriesChoice | None = None) -> SeriesResult:
    """What becomes of a series where the flat engine was asked for."""
    return forecast_series(CandidateEngines("flat", engines(*known)), series, kept)


def forecast_with(candidates: CandidateEngines, series: SeriesInputs, choice: SeriesChoice) -> SeriesForecast:
    """The forecast of a series with a given choice."""
    forecast = forecast_series(candidates, series, choice).forecast
    assert forecast is not None
    return forecast


def test_the_asked_for_engine_serves_unless_the_challenger_is_clearly_better() -> None:
    """Equal skill keeps the asked-for engine; the scores of both are kept."""
    choice = chosen(inputs(), "flat", FlatEngine(), naive())
    assert choice.engine == "flat"
    assert choice.reason == "as good or better over the last 16 weeks"
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


def test_a_clearly_better_challenger_serves_and_is_named() -> None:
    """A refresh never makes it worse."""
    choice = chosen(inputs(), "flat", FlatEngine(factor=3.0), naive())
    assert choice.engine == "seasonal_naive"
    assert choice.reason == "better over the last 16 weeks"


def test_a_challenger_that_is_hardly_better_does_not_serve() -> None:
    """Noise does not flip the choice: two percent are needed."""
    asked, rival = FlatEngine(spread=0.2), naive(spread=0.21)
    scores = {score.engine: score.wql for score in chosen(inputs(), "flat", asked, rival).scores}
    ratio = scores["seasonal_naive"] / scores["flat"]  # type: ignore[operator] # something was sold
    assert 0.98 < ratio < 1
    assert chosen(inputs(), "flat", asked, rival).engine == "flat"


def test_all_windows_count_and_not_the_newest_alone() -> None:
    """An engine that is better over the last weeks and much worse before does not serve."""
    series = inputs(200)
    ended = replace(series.past, y=np.where(np.arange(200) < 172, series.past.y, 0.0))
    choice = chosen(replace(series, past=ended), "flat", FlatEngine(), naive(factor=0.5))
    own, other = choice.scores
    assert other.weeks[0].loss > own.weeks[0].loss
    assert choice.engine == "flat"


def test_an_engine_that_cannot_fit_leaves_the_series_to_the_challenger_with_the_reason() -> None:
    """Not silently: the reason is the engine's own, and it has no figures."""
    choice = chosen(inputs(), "flat", FlatEngine(failure="expected 99 days, found 3"), naive())
    assert choice.engine == "seasonal_naive"
    assert choice.reason == "store 1, product 101: expected 99 days, found 3"
    failed = choice.score_of("flat")
    assert failed is not None
    assert (failed.wape, failed.weeks) == (None, ())
    assert failed.failure == choice.reason


def test_an_engine_that_fails_in_one_window_has_no_figures() -> None:
    """Three good windows of four do not make a score that can be compared."""
    series = inputs(200)
    late = replace(series.past, is_open=series.past.is_open & (np.arange(200) >= 90))
    choice = chosen(replace(series, past=late), "flat", FlatEngine(), naive())
    assert choice.scores[0].failure == "store 1, product 101: flat: expected an open day, found none"
    assert choice.scores[0].weeks == ()


def test_the_engine_stays_where_no_challenger_can_be_fitted() -> None:
    """With that as the reason."""
    choice = chosen(inputs(), "flat", FlatEngine(), naive(failure="no"))
    assert (choice.engine, choice.reason) == ("flat", "the only one that could be fitted")


def test_seasonal_naive_has_no_challenger_on_an_ordinary_series() -> None:
    """It is scored all the same."""
    choice = chosen(inputs(), "seasonal_naive", naive())
    assert (choice.engine, choice.reason) == ("seasonal_naive", "as configured")
    assert choice.scores[0].wape is not None


@pytest.mark.parametrize(
    ("zeros", "expected"), [pytest.param(0.4, False, id="fewer"), pytest.param(0.6, True, id="more")]
)
def test_a_series_is_intermittent_where_most_open_days_sold_nothing(zeros: float, expected: bool) -> None:  # noqa: FBT001 - a parameter
    """Of the last half year; closed days are no sign of it."""
    assert intermittent(as_days(daily_series(300, zeros=zeros, closed=(5, 6)))) is expected


def test_an_intermittent_past_long_gone_does_not_count() -> None:
    """Half a year of sales makes an ordinary series of it."""
    frame = daily_series(400)
    assert not intermittent(as_days(frame.assign(y=frame["y"].where(frame.index >= 400 - 182, 0.0))))
    assert not intermittent(as_days(frame.iloc[:0]))
    assert not intermittent(as_days(frame.assign(is_open=False, y=0.0)))


@pytest.mark.parametrize("asked", ["flat", "seasonal_naive"])
def test_an_intermittent_series_is_served_by_its_own_quantiles_where_they_are_better(asked: str) -> None:
    """A median of 0 is what a mean ± 20% can't give; all three scores are kept."""
    choice = chosen(inputs(zeros=0.7), asked, FlatEngine(), naive(), Empirical())
    assert (choice.engine, choice.reason) == ("empirical", "better over the last 16 weeks")
    assert [score.engine for score in choice.scores] == list(
        dict.fromkeys([asked, "seasonal_naive", "empirical"])
    )


def test_the_best_of_those_that_fit_serves_where_the_asked_for_engine_does_not() -> None:
    """Not just any."""
    series = inputs(zeros=0.7)
    choice = chosen(series, "flat", FlatEngine(failure="no"), naive(), Empirical())
    assert (choice.engine, choice.reason) == ("empirical", "store 1, product 101: no")


@pytest.mark.parametrize(("days", "windows"), [(35, 1), (48, 1), (49, 2), (83, 2)])
def test_a_short_series_is_tried_on_shorter_windows(days: int, windows: int) -> None:
    """Two weeks each, after three weeks of history; weekday quantiles are among the challengers."""
    choice = chosen(inputs(days), "flat", FlatEngine(), naive(), Empirical())
    assert [score.engine for score in choice.scores] == ["flat", "seasonal_naive", "empirical"]
    assert {(len(score.cutoffs), score.horizon) for score in choice.scores} == {(windows, 14)}
    best = min(choice.scores, key=lambda score: score.total.loss)
    own = choice.scores[0]
    assert choice.engine == (best.engine if best.total.loss < 0.98 * own.total.loss else "flat")
    assert choice.reason.endswith(f"over the last {2 * windows} weeks")


def test_a_short_series_the_asked_for_engine_cannot_fit_goes_to_the_best_that_can() -> None:
    """With that as the reason."""
    choice = chosen(inputs(60), "flat", FlatEngine(failure="no"), naive(factor=3.0), Empirical())
    assert (choice.engine, choice.reason) == ("empirical", "store 1, product 101: no")


@pytest.mark.parametrize(
    ("days", "length"), [(1, "1 day"), (13, "13 days"), (14, "2 weeks"), (34, "4 weeks")]
)
def test_a_young_series_is_forecast_from_its_own_quantiles(days: int, length: str) -> None:
    """Whatever was asked for, in words."""
    choice = chosen(inputs(days), "flat", FlatEngine(), naive(), Empirical())
    assert choice.engine == "empirical"
    assert choice.reason == f"{length} of history: too short for more than its own quantiles"


def test_seasonal_naive_stays_on_a_young_series_where_it_was_asked_for() -> None:
    """It knows what to do with one."""
    choice = chosen(inputs(20), "seasonal_naive", naive(), Empirical())
    assert (choice.engine, choice.reason) == ("seasonal_naive", "as configured")


def test_a_series_without_a_day_is_a_result_with_its_reason() -> None:
    """Nothing was ever sold, and nothing breaks."""
    result = fitted(inputs(0), FlatEngine(), naive(), Empirical())
    assert result.failure.startswith("store 1, product 101: expected at least one day of history")
    assert (result.choice, result.forecast) == (None, None)


def test_the_final_fit_sees_all_history() -> None:
    """The backtest holds days back, the published forecast does not."""
    engine = FlatEngine()
    series = inputs()
    result = fitted(series, engine, naive())
    assert [len(seen) for seen in engine.seen] == [200 - each * HORIZON for each in (4, 3, 2, 1, 0)]
    assert result.forecast is not None
    assert result.forecast.days.tolist() == series.future.days.tolist()


def test_forecasting_again_fits_the_chosen_engine_once() -> None:
    """Selection is kept: no backtest, no challenger."""
    flat, other = FlatEngine(), naive()
    kept = SeriesChoice("101", "seasonal_naive", "better")
    result = fitted(inputs(), flat, other, kept=kept)
    assert result.choice is kept
    assert (len(flat.seen), len(other.seen)) == (0, 1)


def test_a_series_nobody_can_fit_is_a_result_with_its_reason() -> None:
    """One series does not end the run of its store."""
    result = fitted(inputs(), FlatEngine(failure="no"), naive(failure="all closed"))
    assert result.forecast is None
    assert result.failure == "store 1, product 101: all closed"


def test_a_missing_engine_ends_the_run() -> None:
    """No fallback for an engine that is not there."""
    with pytest.raises(EngineUnavailable):
        forecast_series(CandidateEngines("aws_forecast", engines(naive())), inputs(), None)


def test_an_engine_that_breaks_its_promises_is_refused() -> None:
    """A band upside down is never published."""
    with pytest.raises(InvalidFrame, match="flat forecast of store 1, product 101: expected q10 ≤ q50 ≤ q90"):
        fitted(inputs(), FlatEngine(spread=-0.1), naive())


def test_a_score_on_closed_days_alone_is_not_available() -> None:
    """No open day, no figure; the asked-for engine stays."""
    series = inputs()
    opened = np.arange(200) < 200 - 4 * HORIZON
    past = replace(series.past, is_open=series.past.is_open & opened, y=series.past.y * opened)
    choice = chosen(replace(series, past=past), "flat", FlatEngine(), naive())
    assert choice.reason == "no sales in the backtest to compare by"
    assert [score.wape for score in choice.scores] == [None, None]


def test_an_engine_that_calls_itself_otherwise_is_compared_under_the_name_it_was_asked_by() -> None:
    """An operator's ``module:factory`` has to beat the challenger like any other."""
    own = FlatEngine("my own", factor=3.0)
    candidates = CandidateEngines(
        "shop.engine:make", lambda name, _prior: naive() if name == "seasonal_naive" else own
    )
    choice = choose(candidates, inputs())
    assert choice.engine == "seasonal_naive"
    assert choice.score_of("shop.engine:make") is not None


def test_a_choice_that_does_not_fit_any_more_is_made_anew() -> None:
    """What served so far can't be fitted to the newest inputs; another engine can."""
    kept = SeriesChoice("101", "flat", "as configured")
    result = fitted(inputs(), FlatEngine(failure="expected more"), naive(), kept=kept)
    assert result.choice is not None
    assert (result.choice.engine, result.choice.reason) == (
        "seasonal_naive",
        "store 1, product 101: expected more",
    )
    assert result.forecast is not None


def test_a_result_has_the_last_days_of_its_history_and_those_to_come() -> None:
    """Whether there is a forecast or not."""
    series = inputs()
    for failure in ("", "no"):
        result = fitted(series, FlatEngine(failure=failure), naive(failure=failure))
        assert result.recent.days.tolist() == series.past.days[-35:].tolist()
        assert result.recent.y.tolist() == series.past.y[-35:].tolist()
        assert (result.future, result.assumed) == (series.future, series.assumed)


# -- what is known over the chain ----------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """An engine that notes with what prior it saw what."""

    called: str
    prior: PooledPrior | None
    notes: list[tuple[str, date, date | None]]

    @property
    def name(self) -> str:
        """As it was asked for."""
        return self.called

    def fit(self, past: SeriesDays) -> FittedSeries:
        """Note the cutoff and that of the prior."""
        self.notes.append((self.called, past.last, self.prior.cutoff if self.prior else None))
        return FlatEngine(self.called).fit(past)


@dataclass
class Witness:
    """Engines by any name, and all they were told."""

    notes: list[tuple[str, date, date | None]] = field(default_factory=list)

    def engine_named(self, name: str, prior: PooledPrior | None) -> LocalEngine:
        """One more."""
        assert prior is None or prior.item == KEY.item
        return Told(name, prior, self.notes)


def chain(
    engine: str, priors: list[date], spreads: dict[date, tuple[float, ...]] | None = None
) -> ChainPriors:
    """What was known at which cutoffs; as for priors, of another product as well."""
    newest = max([*priors, *(spreads or {}), date(2017, 1, 1)])
    return ChainPriors(
        chain_id="c",
        computed_at=datetime(2018, 1, 1, tzinfo=UTC),
        engine=engine,
        cutoff=newest,
        horizon=HORIZON,
        input_hash="",
        stores=8,
        priors=tuple(PooledPrior(item, at, 8, {}) for at in priors for item in (KEY.item, "102")),
        spreads=tuple(PooledSpread(KEY.item, at, 8, factors) for at, factors in (spreads or {}).items()),
    )


SERIES = inputs()


@given(
    st.lists(st.integers(50, 220).map(lambda day: date(2017, 1, 2) + timedelta(days=day)), max_size=8),
    st.sampled_from(["flat", "prophet"]),
)
def test_each_fit_is_given_the_newest_prior_known_at_its_cutoff(known: list[date], pooled_for: str) -> None:
    """Never a later one; none for a challenger, nor where another engine was pooled for."""
    witness = Witness()
    forecast_series(CandidateEngines("flat", witness.engine_named, chain(pooled_for, known)), SERIES, None)
    assert {name for name, _, _ in witness.notes} == {"flat", "seasonal_naive"}
    for name, cutoff, told in witness.notes:
        newest = max((at for at in known if at <= cutoff), default=None)
        assert told == (newest if name == pooled_for else None)


def test_the_published_fit_is_given_the_newest_prior_of_all() -> None:
    """Whether the choice was kept or made."""
    series = inputs()
    last = series.past.last
    known = chain("flat", [last - timedelta(days=28), last, last + timedelta(days=1)])
    for kept in (None, SeriesChoice("101", "flat", "as configured")):
        witness = Witness()
        forecast_series(CandidateEngines("flat", witness.engine_named, known), series, kept)
        assert witness.notes[-1] == ("flat", last, last)


def test_the_widths_of_a_choice_are_those_of_its_forecast() -> None:
    """Mean and median stay as the engine made them; another choice has another band."""
    series = inputs()
    candidates = CandidateEngines("flat", engines(FlatEngine(), naive()))
    plain = forecast_with(candidates, series, SeriesChoice("101", "flat", ""))
    wide = forecast_with(candidates, series, SeriesChoice("101", "flat", "", widths=(2.0, 1.0, 1.0, 0.5)))
    same(wide, widen(plain, (2.0, 1.0, 1.0, 0.5)))
    opened = series.future.is_open
    assert (wide.q90[:7] > plain.q90[:7])[opened[:7]].all()
    assert (wide.q10[21:] > plain.q10[21:])[opened[21:]].all()


def test_what_is_chosen_comes_with_the_widths_its_backtest_asks_for() -> None:
    """A band that is far too narrow is published wider, and one far too wide narrower."""
    for spread, wider in ((0.01, True), (0.99, False)):
        raw = FlatEngine(spread=spread)
        result = fitted(inputs(), raw, naive(factor=3.0))
        assert result.choice is not None
        assert len(result.choice.widths) == HORIZON // 7
        assert all((width > 1) is wider for width in result.choice.widths)
        assert result.forecast is not None
        alone = SeriesChoice("101", "flat", "")
        plain = forecast_with(CandidateEngines("flat", engines(raw)), inputs(), alone)
        same(result.forecast, widen(plain, result.choice.widths))


def test_where_nothing_was_backtested_the_band_is_the_engines() -> None:
    """What was pooled is of another one."""
    last = inputs(30).past.last
    engine_named = engines(FlatEngine(), naive(), Empirical())
    assert (
        choose(
            CandidateEngines("flat", engine_named, chain("flat", [], {last: (1.5, 1.25)})), inputs(30)
        ).widths
        == ()
    )


def test_the_chains_spread_is_where_a_series_own_starts_from() -> None:
    """The widths lie between the chain's and its own."""
    series = inputs()
    candidates = CandidateEngines("flat", engines(FlatEngine(spread=0.6), naive(factor=3.0)))
    own = choose(candidates, series).widths
    pooled = choose(
        replace(candidates, chain=chain("flat", [], {series.past.last: (3.0,) * 4})), series
    ).widths
    assert all(one < both < 3.0 for one, both in zip(own, pooled, strict=True))


# -- no look-ahead -------------------------------------------------------------------------------------

CUT = 160
TAIL = 60
"""Days after the cutoff, of which the first `HORIZON` are forecast."""

demands = npst.arrays(np.float64, TAIL, elements=st.floats(0, 1e6))
flags = npst.arrays(np.bool_, TAIL - HORIZON)
names = npst.arrays(np.int64, TAIL - HORIZON, elements=st.integers(0, 2))


def whole_series(**traits: float) -> SeriesDays:
    """A cutoff's past and what follows it, as one file has it."""
    return as_days(daily_series(CUT + TAIL, **traits))  # type: ignore[arg-type] # by name


def rewritten(
    whole: SeriesDays, y: np.ndarray, promo: np.ndarray, is_open: np.ndarray, holiday: np.ndarray
) -> SeriesDays:
    """The same with another demand after the cutoff, and other covariates after its horizon."""
    end = CUT + HORIZON
    return replace(
        whole,
        y=np.concatenate([whole.y[:CUT], y]),
        promo=np.concatenate([whole.promo[:end], promo]),
        is_open=np.concatenate([whole.is_open[:end], is_open]),
        holiday=np.concatenate([whole.holiday[:end], holiday]),
        kinds=(*whole.kinds, "A day nobody has heard of"),
    )


def published(whole: SeriesDays, asked: str, engine_named: EngineNamed) -> SeriesResult:
    """What is published at the cutoff of a file that goes on after it."""
    past = whole[:CUT]
    ahead = SeriesInputs(KEY, past, whole.after(past.last, HORIZON), np.zeros(HORIZON, dtype=np.bool_))
    return forecast_series(CandidateEngines(asked, engine_named), ahead, None)


@given(demands, flags, flags, names, st.sampled_from([0.0, 0.6]))
def test_what_follows_a_cutoff_does_not_change_what_is_published_at_it(
    y: np.ndarray, promo: np.ndarray, is_open: np.ndarray, holiday: np.ndarray, zeros: float
) -> None:
    """Neither the choice with its scores and widths nor the forecast, of an intermittent series or not."""
    whole = whole_series(zeros=zeros)
    results = [
        published(each, "seasonal_naive", registry.engine)
        for each in (whole, rewritten(whole, y, promo, is_open, holiday))
    ]
    same_result(*results)


def test_nor_does_it_where_prophet_is_asked_for() -> None:
    """The same, once: its fits take longer."""
    rng = np.random.default_rng(1)
    whole = whole_series()
    other = rewritten(
        whole,
        rng.uniform(0, 1000, TAIL),
        rng.random(TAIL - HORIZON) < 0.5,
        rng.random(TAIL - HORIZON) < 0.5,
        rng.integers(0, 3, TAIL - HORIZON),
    )
    first, second = (published(each, "prophet", registry.engine) for each in (whole, other))
    assert first.choice is not None
    assert first.choice.engine == "prophet"
    same_result(first, second)


def same_result(first: SeriesResult, second: SeriesResult) -> None:
    """Nothing in it differs."""
    assert first.choice == second.choice
    assert first.forecast is not None
    assert second.forecast is not None
    same(first.forecast, second.forecast)


def same(first: SeriesForecast, second: SeriesForecast) -> None:
    """No number differs."""
    for name in ("days", "mean", "q10", "q50", "q90"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), name)
