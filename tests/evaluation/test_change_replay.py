"""A series is forecast with its choice, and the changes since the previous version are replayed."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
import pytest

from forecasting.core.day_arrays import SeriesDays, SeriesForecast
from forecasting.core.domain import SeriesChoice, SeriesKey
from forecasting.core.errors import FitFailed
from forecasting.core.explanation import Cause
from forecasting.core.pooled_priors import ChainPriors, CoefficientPrior, PooledPrior
from forecasting.core.ports import FittedSeries, LocalEngine
from forecasting.core.store_inputs import SeriesInputs
from forecasting.engines import registry
from forecasting.evaluation.candidate_engines import CandidateEngines
from forecasting.evaluation.change_replay import ChangeReplay
from forecasting.training.forecast_task import forecast_series
from tests.fakes import FlatEngine, engines
from tests.series import as_days, daily_series

KEY = SeriesKey("1", "101")
ALL = tuple(Cause)
FLAT = SeriesChoice("101", "flat", "")
WHOLE = as_days(daily_series(228))
SERIES = SeriesInputs(KEY, WHOLE[:200], WHOLE[200:], np.zeros(28, dtype=bool))
OLD_PLAN = {"101": replace(SERIES.future, is_open=SERIES.future.weekday < 3)}


@dataclass
class Double(FlatEngine):
    """Twice the flat one."""

    name: str = "double"
    factor: float = 2.0


@dataclass
class Counting:
    """The registry, with a record of the engines it was asked for."""

    asked: list[str] = field(default_factory=list)

    def engine_named(self, name: str, prior: PooledPrior | None) -> LocalEngine:
        """Record the name and look it up."""
        self.asked.append(name)
        return registry.engine(name, prior)


def same(one: SeriesForecast, other: SeriesForecast) -> None:
    """Assert that two forecasts are equal to the bit."""
    for name in ("days", "mean", "q10", "q50", "q90"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def replay(
    causes: tuple[Cause, ...], candidates: CandidateEngines, *choices: SeriesChoice, **known: object
) -> ChangeReplay:
    """A replay that starts from these choices, and from the previous plan if sales and plan have changed."""
    futures = OLD_PLAN if {Cause.SALES, Cause.PLAN} <= set(causes) else {}
    made = ChangeReplay(causes, candidates, {choice.item: choice for choice in choices}, futures)
    return replace(made, **known)  # type: ignore[arg-type] # by name


def replayed(
    replay: ChangeReplay, candidates: CandidateEngines, choice: SeriesChoice = FLAT
) -> dict[Cause, SeriesForecast] | None:
    """The forecasts after each cause but the last."""
    made = forecast_series(candidates, SERIES, choice, replay)
    assert made.forecast is not None
    return dict(made.replayed) if made.replayed is not None else None


def forecast_with(candidates: CandidateEngines, series: SeriesInputs, choice: SeriesChoice) -> SeriesForecast:
    """The forecast of a series with a given choice."""
    forecast = forecast_series(candidates, series, choice).forecast
    assert forecast is not None
    return forecast


@pytest.mark.parametrize("engine", registry.NAMES)
def test_a_result_has_the_forecast_and_its_explanation(engine: str) -> None:
    """Calibration leaves the mean unchanged; without a previous version nothing is replayed."""
    candidates = CandidateEngines(engine, registry.engine)
    choice = SeriesChoice("101", engine, "", widths=(1.5, 1.2, 1.1, 1.0))
    made = forecast_series(candidates, SERIES, choice)
    same(made.forecast, forecast_with(candidates, SERIES, choice))
    np.testing.assert_allclose(made.explanation.total, made.forecast.mean, rtol=1e-9)
    assert made.replayed is None


def test_one_input_is_changed_at_a_time() -> None:
    """Sales first, then the plan, then the choice; after the last it is the current forecast."""
    candidates = CandidateEngines("flat", engines(FlatEngine(), Double()))
    doubled = SeriesChoice("101", "double", "", widths=(2.0,))
    made = replayed(replay(ALL, candidates, doubled), candidates)
    assert made is not None
    assert list(made) == [Cause.SALES, Cause.PLAN]
    old_plan = replace(SERIES, future=OLD_PLAN["101"])
    same(made[Cause.SALES], forecast_with(candidates, old_plan, doubled))
    same(made[Cause.PLAN], forecast_with(candidates, SERIES, doubled))


@pytest.mark.parametrize(
    ("causes", "plan", "engine"),
    [
        ((Cause.SALES, Cause.PLAN), OLD_PLAN["101"], "flat"),
        ((Cause.SALES, Cause.MODEL), SERIES.future, "double"),
        ((Cause.PLAN, Cause.MODEL), SERIES.future, "double"),
    ],
)
def test_only_changed_inputs_are_replayed(causes: tuple[Cause, ...], plan: SeriesDays, engine: str) -> None:
    """Unchanged inputs keep their current value."""
    candidates = CandidateEngines("flat", engines(FlatEngine(), Double()))
    made = replayed(replay(causes, candidates, SeriesChoice("101", "double", "")), candidates)
    assert made is not None
    assert list(made) == [causes[0]]
    expected = forecast_with(candidates, replace(SERIES, future=plan), SeriesChoice("101", engine, ""))
    same(made[causes[0]], expected)


def chain(name: str, engine: str, promo: float) -> ChainPriors:
    """A chain with a prior for promotions."""
    prior = PooledPrior("101", SERIES.past.first, 9, {"promo": CoefficientPrior(promo, 0.001)})
    at = datetime(2019, 1, 1, tzinfo=UTC)
    return ChainPriors(name, at, engine, SERIES.past.last, 28, "", 9, (prior,))


def test_a_fit_is_only_repeated_if_it_would_differ() -> None:
    """With the same engine and prior, the current fit gives the replayed forecasts."""
    counting = Counting()
    choice = SeriesChoice("101", "prophet", "")
    now = CandidateEngines("prophet", counting.engine_named, chain("b", "prophet", 0.1))
    alike = replace(now, chain=chain("a", "prophet", 0.1))
    assert replayed(replay(ALL, alike, choice), now, choice) is not None
    assert counting.asked == ["prophet"]
    other = replace(now, chain=chain("a", "prophet", 0.9))
    made = replayed(replay(ALL, other, choice), now, choice)
    assert made is not None
    assert counting.asked == ["prophet"] * 3
    same(made[Cause.PLAN], forecast_with(other, SERIES, choice))


def test_a_prior_of_another_engine_needs_no_other_fit() -> None:
    """The engine does not get it."""
    counting = Counting()
    choice = SeriesChoice("101", "empirical", "")
    now = CandidateEngines("prophet", counting.engine_named, chain("b", "prophet", 0.1))
    replayed(replay(ALL, replace(now, chain=None), choice), now, choice)
    assert counting.asked == ["empirical"]


def test_a_series_without_a_previous_choice_uses_the_current_one() -> None:
    """As a new product."""
    candidates = CandidateEngines("flat", engines(FlatEngine()))
    made = replayed(replay(ALL, candidates), candidates)
    assert made is not None
    same(made[Cause.PLAN], forecast_with(candidates, SERIES, FLAT))


def test_so_does_a_series_its_previous_engine_can_no_longer_fit() -> None:
    """The new sales are the reason."""
    candidates = CandidateEngines("flat", engines(FlatEngine(), Double(failure="expected more")))
    made = replayed(replay(ALL, candidates, SeriesChoice("101", "double", "")), candidates)
    assert made is not None
    same(made[Cause.PLAN], forecast_with(candidates, SERIES, FLAT))


def test_nothing_is_replayed_without_the_previous_engine_or_plan() -> None:
    """A custom engine was removed, or a file was pruned; there is a forecast all the same."""
    candidates = CandidateEngines("flat", engines(FlatEngine(), FlatEngine("crooked", spread=-0.1)))
    gone = SeriesChoice("101", "shop.models:best", "")
    assert replayed(replay(ALL, candidates, gone), candidates) is None
    assert replayed(replay(ALL, candidates, FLAT, futures=None), candidates) is None
    assert replayed(replay(ALL, candidates, SeriesChoice("101", "crooked", "")), candidates) is None


def test_a_fit_that_fails_names_the_series() -> None:
    """The engine's own message follows."""
    with pytest.raises(FitFailed, match="store 1, product 101: no"):
        CandidateEngines("flat", engines(FlatEngine(failure="no"))).fit("flat", SERIES)


@dataclass
class Late:
    """Fits anything, and fails only when it has to forecast."""

    name: str = "late"

    def fit(self, past: SeriesDays) -> FittedSeries:
        """Nothing to do."""
        del past
        return self

    def forecast(self, future: SeriesDays) -> SeriesForecast:
        """Always fail."""
        raise FitFailed(f"late has no forecast from {future.first} on")


def test_a_previous_engine_that_fails_to_forecast_is_replaced_by_the_current_one() -> None:
    """Like one that fails to fit."""
    candidates = CandidateEngines("flat", engines(FlatEngine(), Late()))
    made = replayed(replay(ALL, candidates, SeriesChoice("101", "late", "")), candidates)
    assert made is not None
    same(made[Cause.SALES], forecast_with(candidates, replace(SERIES, future=OLD_PLAN["101"]), FLAT))
