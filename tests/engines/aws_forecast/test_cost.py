from datetime import UTC, datetime, timedelta

import pytest

from forecasting.core.errors import EngineUnavailable
from forecasting.engines.aws_forecast.cost import Estimate, estimate, require_allowance
from forecasting.engines.aws_forecast.jobs import Job

NOW = datetime(2019, 4, 3, 4, 30, tzinfo=UTC)
RATES = {"gb": 0.1, "hour": 0.25, "points": 2.0}


def predictor(age: timedelta, took: timedelta = timedelta(hours=2), status: str = "ACTIVE") -> Job:
    """A predictor of some age."""
    created = NOW - age
    return Job("arn", "storecast_x", status, created, created + took)


def test_what_a_training_takes() -> None:
    """Imported gigabytes, the hours of the last training that went well, four values a day and series."""
    last = [predictor(timedelta(hours=3), status="CREATE_FAILED"), predictor(timedelta(days=2))]
    made = estimate([0.5, 0.25], last, series=100, horizon=28)
    assert made == Estimate(gigabytes=0.75, hours=2.0, points=11_200)
    assert made.total(RATES) == pytest.approx(0.075 + 0.5 + 22.4)
    assert made.words(RATES) == {"gigabytes": "0.75", "hours": "2", "points": "11,200", "cost": "22.97"}


def test_the_first_training_has_no_known_cost() -> None:
    """What is not known is n/a, never 0: the hours at first, a size AWS does not tell, a price nobody set."""
    first = estimate([0.5, 0.5], [], series=1, horizon=28)
    assert first.hours is None
    assert first.total(RATES) is None
    assert first.words(RATES)["hours"] == first.words(RATES)["cost"] == "n/a"
    assert estimate([0.5, None], [predictor(timedelta(days=1))], 1, 28).gigabytes is None
    assert estimate([0.5], [predictor(timedelta(days=1))], 1, 28).total({"gb": 0.1}) is None


def test_trainings_within_a_day_are_counted() -> None:
    """Whatever became of them; one of 24 hours ago does not count, and it is told when the next may begin."""
    lately = [predictor(timedelta(hours=hours), status="CREATE_FAILED") for hours in (1, 23, 24)]
    require_allowance(3, lately, NOW)
    with pytest.raises(EngineUnavailable, match=r"at most 2 trainings.*found 2.*3 Apr 05:30 UTC"):
        require_allowance(2, lately, NOW)


def test_without_a_limit_nothing_is_refused() -> None:
    """None: as many as are asked for; 0: none at all."""
    require_allowance(None, [predictor(timedelta(hours=1))] * 50, NOW)
    with pytest.raises(EngineUnavailable, match="at most 0 trainings"):
        require_allowance(0, [], NOW)
