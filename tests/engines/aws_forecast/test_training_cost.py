from datetime import UTC, datetime, timedelta

import pytest

from forecasting.core.errors import EngineUnavailable
from forecasting.engines.aws_forecast.resources import AwsResource
from forecasting.engines.aws_forecast.training_cost import CostEstimate, estimate_cost, require_allowance

NOW = datetime(2019, 4, 3, 4, 30, tzinfo=UTC)
RATES = {"gb": 0.1, "hour": 0.25, "points": 2.0}


def predictor(age: timedelta, took: timedelta = timedelta(hours=2), status: str = "ACTIVE") -> AwsResource:
    """Return a predictor of that age."""
    created = NOW - age
    return AwsResource("arn", "storecast_x", status, created, created + took)


def test_the_estimate_of_a_training() -> None:
    """Imported gigabytes, the hours of the last successful training, four values for each day and series."""
    last = [predictor(timedelta(hours=3), status="CREATE_FAILED"), predictor(timedelta(days=2))]
    made = estimate_cost([0.5, 0.25], last, series=100, horizon=28)
    assert made == CostEstimate(gigabytes=0.75, hours=2.0, points=11_200)
    assert made.total(RATES) == pytest.approx(0.075 + 0.5 + 22.4)
    assert made.words(RATES) == {"gigabytes": "0.75", "hours": "2", "points": "11,200", "cost": "22.97"}


def test_the_first_training_has_no_known_cost() -> None:
    """Unknown hours, sizes and prices are n/a, never 0."""
    first = estimate_cost([0.5, 0.5], [], series=1, horizon=28)
    assert first.hours is None
    assert first.total(RATES) is None
    assert first.words(RATES)["hours"] == first.words(RATES)["cost"] == "n/a"
    assert estimate_cost([0.5, None], [predictor(timedelta(days=1))], 1, 28).gigabytes is None
    assert estimate_cost([0.5], [predictor(timedelta(days=1))], 1, 28).total({"gb": 0.1}) is None


def test_trainings_within_a_day_are_counted() -> None:
    """Whatever their result; one of exactly 24 hours ago does not. The error says when the next may start."""
    lately = [predictor(timedelta(hours=hours), status="CREATE_FAILED") for hours in (1, 23, 24)]
    require_allowance(3, lately, NOW)
    with pytest.raises(EngineUnavailable, match=r"at most 2 trainings.*found 2.*3 Apr 05:30 UTC"):
        require_allowance(2, lately, NOW)


def test_without_a_limit_nothing_is_refused() -> None:
    """None allows any number; 0 allows none."""
    require_allowance(None, [predictor(timedelta(hours=1))] * 50, NOW)
    with pytest.raises(EngineUnavailable, match="at most 0 trainings"):
        require_allowance(0, [], NOW)
