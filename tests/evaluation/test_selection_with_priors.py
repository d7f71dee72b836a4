"""Selection with priors and spreads pooled over the chain."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import SeriesChoice
from forecasting.core.pooled_priors import ChainPriors, PooledPrior, PooledSpread
from forecasting.core.ports import FittedSeries, LocalEngine
from forecasting.engines.empirical import Empirical
from forecasting.evaluation.calibration import widen
from forecasting.evaluation.candidate_engines import CandidateEngines
from forecasting.evaluation.selection import choose
from forecasting.training.forecast_task import forecast_series
from tests.evaluation.selection_cases import HORIZON, KEY, fitted, forecast_with, inputs, naive, same
from tests.fakes import FlatEngine, engines


@dataclass(frozen=True)
class RecordingEngine:
    """A flat engine that records the cutoff of each fit and of its prior."""

    called: str
    prior: PooledPrior | None
    notes: list[tuple[str, date, date | None]]

    @property
    def name(self) -> str:
        """The name by which it was requested."""
        return self.called

    def fit(self, past: SeriesDays) -> FittedSeries:
        """Record the cutoffs, then fit."""
        self.notes.append((self.called, past.last, self.prior.cutoff if self.prior else None))
        return FlatEngine(self.called).fit(past)


@dataclass
class EngineRecorder:
    """Engines of any name, and the records of all of them."""

    notes: list[tuple[str, date, date | None]] = field(default_factory=list)

    def engine_named(self, name: str, prior: PooledPrior | None) -> LocalEngine:
        """Create one more engine."""
        assert prior is None or prior.item == KEY.item
        return RecordingEngine(name, prior, self.notes)


def chain(
    engine: str, priors: list[date], spreads: dict[date, tuple[float, ...]] | None = None
) -> ChainPriors:
    """Pooled priors and spreads known at some cutoffs; the priors of another product too."""
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
    """Never a later one, and none for a challenger or if another engine was pooled."""
    recorder = EngineRecorder()
    forecast_series(CandidateEngines("flat", recorder.engine_named, chain(pooled_for, known)), SERIES, None)
    assert {name for name, _, _ in recorder.notes} == {"flat", "seasonal_naive"}
    for name, cutoff, prior in recorder.notes:
        newest = max((at for at in known if at <= cutoff), default=None)
        assert prior == (newest if name == pooled_for else None)


def test_the_published_fit_is_given_the_newest_prior_of_all() -> None:
    """Whether the choice is an earlier one or a new one."""
    series = inputs()
    last = series.past.last
    known = chain("flat", [last - timedelta(days=28), last, last + timedelta(days=1)])
    for kept in (None, SeriesChoice("101", "flat", "as configured")):
        recorder = EngineRecorder()
        forecast_series(CandidateEngines("flat", recorder.engine_named, known), series, kept)
        assert recorder.notes[-1] == ("flat", last, last)


def test_the_widths_of_a_choice_are_those_of_its_forecast() -> None:
    """Mean and median stay those of the engine; only the band changes."""
    series = inputs()
    candidates = CandidateEngines("flat", engines(FlatEngine(), naive()))
    plain = forecast_with(candidates, series, SeriesChoice("101", "flat", ""))
    wide = forecast_with(candidates, series, SeriesChoice("101", "flat", "", widths=(2.0, 1.0, 1.0, 0.5)))
    same(wide, widen(plain, (2.0, 1.0, 1.0, 0.5)))
    opened = series.future.is_open
    assert (wide.q90[:7] > plain.q90[:7])[opened[:7]].all()
    assert (wide.q10[21:] > plain.q10[21:])[opened[21:]].all()


def test_a_choice_has_the_widths_that_its_backtest_calls_for() -> None:
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


def test_without_a_backtest_the_band_is_that_of_the_engine() -> None:
    """The pooled spread was made for another engine."""
    last = inputs(30).past.last
    engine_named = engines(FlatEngine(), naive(), Empirical())
    assert (
        choose(
            CandidateEngines("flat", engine_named, chain("flat", [], {last: (1.5, 1.25)})), inputs(30)
        ).widths
        == ()
    )


def test_widths_start_from_the_pooled_spread() -> None:
    """They lie between the pooled factors and the series' own."""
    series = inputs()
    candidates = CandidateEngines("flat", engines(FlatEngine(spread=0.6), naive(factor=3.0)))
    own = choose(candidates, series).widths
    pooled = choose(
        replace(candidates, chain=chain("flat", [], {series.past.last: (3.0,) * 4})), series
    ).widths
    assert all(one < both < 3.0 for one, both in zip(own, pooled, strict=True))
