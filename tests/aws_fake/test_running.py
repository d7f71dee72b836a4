from datetime import timedelta

import pytest

from tests.aws_fake.world import HORIZON, World


def test_from_sales_to_a_forecast(world: World) -> None:
    """The forecast of a day is the mean of its weekday in the last four weeks; p10 and p90 are 30 % off."""
    world.imported()
    forecast = world.forecasted(world.trained())
    values = world.values(forecast)
    assert values["mean"] == [30, 40, 50, 60, 0, 10, 20, 30, 40, 50, 60, 0, 10, 20]
    assert values["p10"][0] == pytest.approx(21)
    assert values["p50"] == values["mean"]
    assert values["p90"][0] == pytest.approx(39)
    assert len(values["p90"]) == HORIZON


def test_timestamps_are_naive(world: World) -> None:
    """Points are told without a time zone."""
    world.imported()
    forecast = world.forecasted(world.trained())
    found = world.query.query_forecast(ForecastArn=forecast, Filters={"item_id": "cake", "store": "1"})
    assert found["Forecast"]["Predictions"]["p10"][0]["Timestamp"] == "2019-04-03T00:00:00"


def test_a_job_goes_through_its_states(world: World) -> None:
    """A training is pending, in progress, and active; what remains is only told while it is in progress."""
    world.imported()
    arn = world.train()
    seen = []
    for minutes in (0, 10, 79, 1):
        world.aws.clock.turn(timedelta(minutes=minutes))
        found = world.forecast.describe_auto_predictor(PredictorArn=arn)
        modified = found["LastModificationTime"] == world.aws.clock.now()
        seen.append((found["Status"], found.get("EstimatedTimeRemainingInMinutes"), modified))
    assert seen == [
        ("CREATE_PENDING", None, True),
        ("CREATE_IN_PROGRESS", 80, True),
        ("CREATE_IN_PROGRESS", 1, True),
        ("ACTIVE", None, True),
    ]
    assert found["CreationTime"] == world.aws.clock.now() - timedelta(minutes=90)
