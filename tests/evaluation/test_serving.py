"""What is served, and what would have been with less that is new."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
import pytest

from forecasting.calendar.inputs import SeriesInputs
from forecasting.core.day_arrays import SeriesDays, SeriesForecast
from forecasting.core.domain import SeriesChoice, SeriesKey
from forecasting.core.errors import FitFailed
from forecasting.core.explanation import Cause
from forecasting.core.pooled_priors import ChainPriors, CoefficientPrior, PooledPrior
from forecasting.core.ports import FittedSeries, LocalEngine
from forecasting.engines import registry
from forecasting.evaluation.selection import Contest, forecast_series
from forecasting.evaluation.serving import Rerun, serve
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
    """The registry, and how often it was asked for an engine."""

    asked: list[str] = field(default_factory=list)

    def engine_named(self, name: str, prior: PooledPrior | None) -> LocalEngine:
        """Note and ask."""
        self.asked.append(name)
        return registry.engine(name, prior)


def same(one: SeriesForecast, other: SeriesForecast) -> None:
    """Equal to the bit."""
    for name in ("days", "mean", "q10", "q50", "q90"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def rerun(causes: tuple[Cause, ...], contest: Contest, *choices: SeriesChoice, **known: object) -> Rerun:
    """With the plan of then where that has changed."""
    futures = OLD_PLAN if {Cause.SALES, Cause.PLAN} <= set(causes) else {}
    made = Rerun(causes, contest, {choice.item: choice for choice in choices}, futures)
    return replace(made, **known)  # type: ignore[arg-type] # by name


def midway(again: Rerun, contest: Contest, choice: SeriesChoice = FLAT) -> dict[Cause, SeriesForecast] | None:
    """The forecasts on the way."""
    made = serve(contest, SERIES, choice, again).midway
    return dict(made) if made is not None else None


@pytest.mark.parametrize("engine", registry.NAMES)
def test_what_is_served_is_the_forecast_with_its_reasons(engine: str) -> None:
    """Calibration leaves the mean; without a version before there is nothing on the way."""
    contest = Contest(engine, registry.engine)
    choice = SeriesChoice("101", engine, "", widths=(1.5, 1.2, 1.1, 1.0))
    made = serve(contest, SERIES, choice)
    same(made.forecast, forecast_series(contest, SERIES, choice))
    np.testing.assert_allclose(made.explanation.total, made.forecast.mean, rtol=1e-9)
    assert made.midway is None


def test_one_input_is_changed_at_a_time() -> None:
    """Sales first, then the plan, then what is chosen; the last is what is served."""
    contest = Contest("flat", engines(FlatEngine(), Double()))
    doubled = SeriesChoice("101", "double", "", widths=(2.0,))
    made = midway(rerun(ALL, contest, doubled), contest)
    assert made is not None
    assert list(made) == [Cause.SALES, Cause.PLAN]
    old_plan = replace(SERIES, future=OLD_PLAN["101"])
    same(made[Cause.SALES], forecast_series(contest, old_plan, doubled))
    same(made[Cause.PLAN], forecast_series(contest, SERIES, doubled))


@pytest.mark.parametrize(
    ("causes", "plan", "engine"),
    [
        ((Cause.SALES, Cause.PLAN), OLD_PLAN["101"], "flat"),
        ((Cause.SALES, Cause.MODEL), SERIES.future, "double"),
        ((Cause.PLAN, Cause.MODEL), SERIES.future, "double"),
    ],
)
def test_what_has_not_changed_is_as_it_is(causes: tuple[Cause, ...], plan: SeriesDays, engine: str) -> None:
    """Only what has changed is put back to what it was."""
    contest = Contest("flat", engines(FlatEngine(), Double()))
    made = midway(rerun(causes, contest, SeriesChoice("101", "double", "")), contest)
    assert made is not None
    assert list(made) == [causes[0]]
    expected = forecast_series(contest, replace(SERIES, future=plan), SeriesChoice("101", engine, ""))
    same(made[causes[0]], expected)


def chain(name: str, engine: str, promo: float) -> ChainPriors:
    """One that knows what a promotion does."""
    prior = PooledPrior("101", SERIES.past.first, 9, {"promo": CoefficientPrior(promo, 0.001)})
    at = datetime(2019, 1, 1, tzinfo=UTC)
    return ChainPriors(name, at, engine, SERIES.past.last, 28, "", 9, (prior,))


def test_a_fit_is_only_repeated_where_it_would_be_another() -> None:
    """Same engine and same prior: the forecasts on the way come from the fit of now."""
    counting = Counting()
    choice = SeriesChoice("101", "prophet", "")
    now = Contest("prophet", counting.engine_named, chain("b", "prophet", 0.1))
    alike = replace(now, chain=chain("a", "prophet", 0.1))
    assert midway(rerun(ALL, alike, choice), now, choice) is not None
    assert counting.asked == ["prophet"]
    other = replace(now, chain=chain("a", "prophet", 0.9))
    made = midway(rerun(ALL, other, choice), now, choice)
    assert made is not None
    assert counting.asked == ["prophet"] * 3
    same(made[Cause.PLAN], forecast_series(other, SERIES, choice))


def test_a_prior_of_another_engine_makes_no_other_fit() -> None:
    """It is not told of it."""
    counting = Counting()
    choice = SeriesChoice("101", "empirical", "")
    now = Contest("prophet", counting.engine_named, chain("b", "prophet", 0.1))
    midway(rerun(ALL, replace(now, chain=None), choice), now, choice)
    assert counting.asked == ["empirical"]


def test_a_series_that_was_not_chosen_for_has_what_is_chosen_now() -> None:
    """A new product has no choice of then."""
    contest = Contest("flat", engines(FlatEngine()))
    made = midway(rerun(ALL, contest), contest)
    assert made is not None
    same(made[Cause.PLAN], forecast_series(contest, SERIES, FLAT))


def test_so_has_one_that_cannot_be_fitted_any_more_by_what_was_chosen() -> None:
    """The new sales have made it so."""
    contest = Contest("flat", engines(FlatEngine(), Double(failure="expected more")))
    made = midway(rerun(ALL, contest, SeriesChoice("101", "double", "")), contest)
    assert made is not None
    same(made[Cause.PLAN], forecast_series(contest, SERIES, FLAT))


def test_it_is_not_told_without_the_engine_or_the_plan_of_then() -> None:
    """An own engine that was removed, a file that was pruned; the forecast is served all the same."""
    contest = Contest("flat", engines(FlatEngine(), FlatEngine("crooked", spread=-0.1)))
    gone = SeriesChoice("101", "shop.models:best", "")
    assert midway(rerun(ALL, contest, gone), contest) is None
    assert midway(rerun(ALL, contest, FLAT, futures=None), contest) is None
    assert midway(rerun(ALL, contest, SeriesChoice("101", "crooked", "")), contest) is None


def test_what_can_not_be_served_fails_as_before() -> None:
    """With the series named."""
    with pytest.raises(FitFailed, match="store 1, product 101: no"):
        serve(Contest("flat", engines(FlatEngine(failure="no"))), SERIES, FLAT)


@dataclass
class Late:
    """Fits anything, and only finds out when asked for days that it has none."""

    name: str = "late"

    def fit(self, past: SeriesDays) -> FittedSeries:
        """Nothing to do."""
        del past
        return self

    def forecast(self, future: SeriesDays) -> SeriesForecast:
        """There is none."""
        raise FitFailed(f"late has no forecast from {future.first} on")


def test_a_forecast_of_then_that_fails_late_is_what_is_chosen_now() -> None:
    """As one that fails to fit."""
    contest = Contest("flat", engines(FlatEngine(), Late()))
    made = midway(rerun(ALL, contest, SeriesChoice("101", "late", "")), contest)
    assert made is not None
    same(made[Cause.SALES], forecast_series(contest, replace(SERIES, future=OLD_PLAN["101"]), FLAT))
