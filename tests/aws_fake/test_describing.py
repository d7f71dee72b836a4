from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws_fake.world import World, code_of, plan

OLD = datetime(2019, 1, 1, tzinfo=UTC)


def all_predictors(world: World, **more: Any) -> list[str]:
    """Return the names on all pages."""
    pages = world.forecast.get_paginator("list_predictors").paginate(**more)
    return [each["PredictorName"] for page in pages for each in page["Predictors"]]


def test_the_newest_comes_on_the_last_page(world: World) -> None:
    """Pages have two resources each, in no order of time; each resource comes once."""
    names = [f"p{number}" for number in range(9)]  # enough that chance does not sort them
    for number, name in enumerate(names):
        world.aws.add_predictor(name, group="storecast", created=OLD + timedelta(days=number))
    first = world.forecast.list_predictors()
    assert len(first["Predictors"]) == 2
    found = all_predictors(world)
    assert sorted(found) == names
    assert found[-1] == "p8"
    assert found[:8] != names[:8]


def test_a_page_can_be_smaller(world: World) -> None:
    """`MaxResults` limits it."""
    found = world.forecast.list_datasets(MaxResults=1)
    assert len(found["Datasets"]) == 1
    assert len(world.forecast.list_datasets(MaxResults=1, NextToken=found["NextToken"])["Datasets"]) == 1


def test_a_token_belongs_to_its_list(world: World) -> None:
    """A token of another list, or an invented one, is refused."""
    token = world.forecast.list_datasets(MaxResults=1)["NextToken"]
    for other in (token, "made-up"):
        assert code_of(lambda other=other: world.forecast.list_dataset_groups(NextToken=other)) == (
            "InvalidNextTokenException"
        )


def test_lists_are_filtered(world: World) -> None:
    """By group and status, with IS and IS_NOT; other fields are refused."""
    theirs = world.aws.add_group("theirs")
    world.aws.add_predictor("ours", group="storecast")
    world.aws.add_predictor("ours_failed", group="storecast", status="CREATE_FAILED", message="Why")
    world.aws.add_predictor("theirs", group=theirs)
    group = {"Key": "DatasetGroupArn", "Value": world.group, "Condition": "IS"}
    failed = {"Key": "Status", "Value": "CREATE_FAILED", "Condition": "IS_NOT"}
    assert sorted(all_predictors(world, Filters=[group])) == ["ours", "ours_failed"]
    assert all_predictors(world, Filters=[group, failed]) == ["ours"]
    assert all_predictors(world, Filters=[{**group, "Condition": "IS_NOT"}]) == ["theirs"]
    unknown = {"Key": "PredictorName", "Value": "ours", "Condition": "IS"}
    assert code_of(lambda: all_predictors(world, Filters=[unknown])) == "InvalidInputException"


def test_a_summary_has_no_time_left(world: World) -> None:
    """A list says that a training is in progress, not how long it takes."""
    world.aws.add_predictor("p", group="storecast", status="CREATE_IN_PROGRESS")
    found = world.forecast.list_predictors()["Predictors"][0]
    assert found["Status"] == "CREATE_IN_PROGRESS"
    assert "EstimatedTimeRemainingInMinutes" not in found


@pytest.mark.parametrize("auto", [True, False])
def test_predictors_are_described_by_their_own_operation(world: World, auto: bool) -> None:  # noqa: FBT001 - parametrized
    """Auto predictors by one, legacy ones by another; the list says which they are."""
    arn = world.aws.add_predictor("p", group="storecast", auto=auto)
    right, wrong = world.forecast.describe_auto_predictor, world.forecast.describe_predictor
    if not auto:
        right, wrong = wrong, right
    assert world.forecast.list_predictors()["Predictors"][0]["IsAutoPredictor"] is auto
    assert right(PredictorArn=arn)["PredictorName"] == "p"
    assert code_of(lambda: wrong(PredictorArn=arn)) == "InvalidInputException"


@pytest.mark.parametrize("status", ["CREATE_PENDING", "CREATE_IN_PROGRESS", "CREATE_STOPPING"])
def test_an_added_resource_may_be_running(world: World, status: str) -> None:
    """Until its time has passed."""
    arn = world.aws.add_predictor("p", group="storecast", created=OLD, status=status)
    assert world.status("AutoPredictor", arn) == status
    world.aws.clock.turn(timedelta(minutes=90))
    ended = "CREATE_STOPPED" if status == "CREATE_STOPPING" else "ACTIVE"
    assert world.status("AutoPredictor", arn) == ended


def test_an_added_predictor_forecasts(world: World) -> None:
    """From the imports of its group, with its dimensions."""
    world.imported(related=plan(ahead=28))
    arn = world.aws.add_predictor("old", group="storecast", created=OLD)
    assert world.values(world.forecasted(arn))["mean"][:2] == [30, 40]


def test_a_forecast_refers_to_its_group_and_predictor(world: World) -> None:
    """It can be found by both."""
    predictor = world.aws.add_predictor("p", group="storecast")
    arn = world.aws.add_forecast("f", predictor=predictor, created=OLD)
    assert world.forecast.describe_forecast(ForecastArn=arn)["DatasetGroupArn"] == world.group
    by = {"Key": "PredictorArn", "Value": predictor, "Condition": "IS"}
    found = world.forecast.list_forecasts(Filters=[by])["Forecasts"][0]
    assert (found["ForecastArn"], found["CreationTime"]) == (arn, OLD)


def test_a_missing_resource_is_not_found(world: World) -> None:
    """Nor is a resource of another kind."""
    for arn in (f"{world.group}x", world.datasets["TARGET"]):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            world.forecast.describe_dataset_group(DatasetGroupArn=arn)


def test_a_predictor_has_metrics(world: World) -> None:
    """A summary and each window of the backtest; while it is trained, it is in use."""
    world.imported()
    arn = world.train()
    assert code_of(lambda: world.forecast.get_accuracy_metrics(PredictorArn=arn)) == "ResourceInUseException"
    world.aws.clock.turn(timedelta(minutes=90))
    windows = world.forecast.get_accuracy_metrics(PredictorArn=arn)["PredictorEvaluationResults"][0][
        "TestWindows"
    ]
    assert [each["EvaluationType"] for each in windows] == ["SUMMARY", "COMPUTED", "COMPUTED"]
    assert windows[1]["TestWindowStart"] == datetime(2019, 3, 20, tzinfo=UTC)
    assert windows[1]["Metrics"]["ErrorMetrics"][0]["WAPE"] == pytest.approx(0.25, abs=0.01)


def test_a_group_and_its_datasets_share_a_domain(world: World) -> None:
    """A group refuses a dataset of another domain and a second of one type; its datasets can be replaced."""
    other = world.forecast.create_dataset_group(DatasetGroupName="retail", Domain="RETAIL")["DatasetGroupArn"]
    target = world.datasets["TARGET"]
    update = world.forecast.update_dataset_group
    assert code_of(lambda: update(DatasetGroupArn=other, DatasetArns=[target])) == "InvalidInputException"
    assert (
        code_of(lambda: update(DatasetGroupArn=world.group, DatasetArns=[target] * 2))
        == "InvalidInputException"
    )
    update(DatasetGroupArn=world.group, DatasetArns=[target])
    assert world.forecast.describe_dataset_group(DatasetGroupArn=world.group)["DatasetArns"] == [target]
