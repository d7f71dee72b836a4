from datetime import timedelta

import pytest

from tests.aws_fake.world import World, code_of


@pytest.fixture
def forecast(world: World) -> str:
    """A forecast of two items in one store."""
    world.imported()
    return world.forecasted(world.trained())


def test_timestamps_are_naive(world: World, forecast: str) -> None:
    """Points have no time zone; the first is the day after the last imported one."""
    found = world.query.query_forecast(ForecastArn=forecast, Filters={"item_id": "cake", "store": "1"})
    point = found["Forecast"]["Predictions"]["p50"][0]
    assert point == {"Timestamp": "2019-04-03T00:00:00", "Value": 31.0}


def test_days_can_be_selected(world: World, forecast: str) -> None:
    """From one day to another; days outside the forecast or in another format are refused."""
    some = {"StartDate": "2019-04-04T00:00:00", "EndDate": "2019-04-05T00:00:00"}
    assert world.values(forecast, **some)["mean"] == [40, 50]
    for bad in ("2019-04-02T00:00:00", "2019-04-04"):
        assert code_of(lambda bad=bad: world.values(forecast, StartDate=bad)) == "InvalidInputException"


@pytest.mark.parametrize("filters", [{"item_id": "bread"}, {"item_id": "bread", "store": "1", "region": "x"}])
def test_all_dimensions_are_needed(world: World, forecast: str, filters: dict) -> None:
    """A query without one of them, or with another one, is refused."""
    asked = {"ForecastArn": forecast, "Filters": filters}
    assert code_of(lambda: world.query.query_forecast(**asked)) == "InvalidInputException"


def test_an_unknown_item_is_not_found(world: World, forecast: str) -> None:
    """Nor is one in another case; the error code can be set."""
    assert code_of(lambda: world.values(forecast, "Bread")) == "ResourceNotFoundException"
    world.aws.knobs.unknown_item = "InvalidInputException"
    assert code_of(lambda: world.values(forecast, "roll")) == "InvalidInputException"


def test_a_forecast_is_queryable_for_30_days(world: World, forecast: str) -> None:
    """Not a minute longer."""
    world.aws.clock.turn(timedelta(days=30))
    assert world.values(forecast)
    world.aws.clock.turn(timedelta(minutes=1))
    assert code_of(lambda: world.values(forecast)) == "InvalidInputException"


def test_a_forecast_must_exist_and_be_ready(world: World, forecast: str) -> None:
    """In progress it is in use; after its deletion has started it is not found."""
    found = world.forecast.describe_forecast(ForecastArn=forecast)
    second = world.start_forecast(found["PredictorArn"], "second")
    assert code_of(lambda: world.values(second)) == "ResourceInUseException"
    world.forecast.delete_forecast(ForecastArn=forecast)
    assert code_of(lambda: world.values(forecast)) == "ResourceNotFoundException"


def test_the_mean_is_only_returned_on_request(world: World) -> None:
    """The default forecast types are three quantiles."""
    world.imported()
    arn = world.train(ForecastTypes=["0.1", "0.5", "0.9"])
    world.aws.clock.turn(timedelta(minutes=90))
    assert sorted(world.values(world.forecasted(arn))) == ["p10", "p50", "p90"]


def test_results_can_be_corrupted(world: World, forecast: str) -> None:
    """A missing type, negative values or crossed quantiles, of one item or of all."""
    world.aws.spoil(missing="p10", item="bread")
    assert sorted(world.values(forecast)) == ["mean", "p50", "p90"]
    assert sorted(world.values(forecast, "cake")) == ["mean", "p10", "p50", "p90"]
    world.aws.spoil(crossed=True, item="cake")
    values = world.values(forecast, "cake")
    assert values["p10"][0] > values["p50"][0] > values["p90"][0]
    world.aws.spoil(negative=True)
    assert max(world.values(forecast)["mean"]) < 0
