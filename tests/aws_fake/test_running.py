from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from tests.aws_fake.world import HORIZON, World, code_of, plan

MINUTE = timedelta(minutes=1)


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


def test_a_job_goes_through_its_states(world: World) -> None:
    """A training is pending, in progress and active; the time left is only given in progress."""
    world.imported()
    arn = world.train()
    seen = []
    for minutes in (0, 10, 79, 1):
        world.aws.clock.turn(minutes * MINUTE)
        found = world.forecast.describe_auto_predictor(PredictorArn=arn)
        modified = found["LastModificationTime"] == world.aws.clock.now()
        seen.append((found["Status"], found.get("EstimatedTimeRemainingInMinutes"), modified))
    assert seen == [
        ("CREATE_PENDING", None, True),
        ("CREATE_IN_PROGRESS", 80, True),
        ("CREATE_IN_PROGRESS", 1, True),
        ("ACTIVE", None, True),
    ]
    assert found["CreationTime"] == world.aws.clock.now() - 90 * MINUTE


def test_time_passes_only_when_it_is_turned(world: World) -> None:
    """Describing a job does not advance it; durations can be set."""
    world.aws.take_minutes(imports=7)
    arn = world.start_import("RELATED", "slow", plan())
    for _ in range(3):
        assert world.status("DatasetImportJob", arn) == "CREATE_PENDING"
    world.aws.clock.turn(timedelta(minutes=6, seconds=59))
    assert world.status("DatasetImportJob", arn) == "CREATE_IN_PROGRESS"
    world.aws.clock.turn(timedelta(seconds=1))
    assert world.status("DatasetImportJob", arn) == "ACTIVE"


def test_a_dataset_is_updated_while_data_is_imported(world: World) -> None:
    """During an import no other import or training can start."""
    world.imported()
    world.start_import("RELATED", "again", plan())
    arn = world.datasets["RELATED"]
    assert world.status("Dataset", arn) == "UPDATE_IN_PROGRESS"
    assert code_of(lambda: world.start_import("RELATED", "third", plan())) == "ResourceInUseException"
    assert code_of(world.train) == "ResourceInUseException"
    world.aws.clock.turn(5 * MINUTE)
    assert world.status("Dataset", arn) == "ACTIVE"


def test_three_trainings_run_at_once(world: World) -> None:
    """A fourth is refused until one of them has finished."""
    world.imported()
    for number in range(3):
        world.train(f"p{number}")
    assert code_of(lambda: world.train("p3")) == "LimitExceededException"
    world.aws.clock.turn(90 * MINUTE)
    assert world.train("p3")


def test_an_account_has_ten_forecasts(world: World) -> None:
    """The eleventh is refused; failed ones count, deleted ones until they are gone."""
    world.imported()
    predictor = world.trained()
    world.aws.fail_job("forecast", "f0")
    arns = [world.forecasted(predictor, f"f{number}") for number in range(10)]
    assert code_of(lambda: world.start_forecast(predictor, "f10")) == "LimitExceededException"
    world.forecast.delete_forecast(ForecastArn=arns[0])
    assert code_of(lambda: world.start_forecast(predictor, "f10")) == "LimitExceededException"
    world.aws.clock.turn(MINUTE)
    assert world.start_forecast(predictor, "f10")


def test_a_forecast_needs_a_predictor_that_is_ready(world: World) -> None:
    """One in training or failed is in use; a missing one is not found."""
    world.imported()
    predictor = world.train()
    assert code_of(lambda: world.start_forecast(predictor)) == "ResourceInUseException"
    assert code_of(lambda: world.start_forecast(f"{predictor}x")) == "ResourceNotFoundException"
    world.aws.fail_job("predictor", message="No luck")
    world.aws.clock.turn(90 * MINUTE)
    found = world.forecast.describe_auto_predictor(PredictorArn=predictor)
    assert (found["Status"], found["Message"]) == ("CREATE_FAILED", "No luck")
    assert code_of(lambda: world.start_forecast(predictor)) == "ResourceInUseException"


def test_a_planned_failure_happens_once_and_by_name(world: World) -> None:
    """The job of that name fails once; others do not."""
    world.imported()
    world.aws.fail_job("predictor", "second")
    first, second = world.train("first"), world.train("second")
    world.aws.clock.turn(90 * MINUTE)
    third = world.trained("second_again")
    found = [world.status("AutoPredictor", arn) for arn in (first, second, third)]
    assert found == ["ACTIVE", "CREATE_FAILED", "ACTIVE"]


def test_failed_resources_keep_their_names(world: World) -> None:
    """A predictor's name is free after its deletion; an import's is only taken in its dataset."""
    world.aws.fail_job("predictor")
    world.imported()
    failed = world.trained()
    assert code_of(world.train) == "ResourceAlreadyExistsException"
    world.forecast.delete_predictor(PredictorArn=failed)
    world.aws.clock.turn(MINUTE)
    assert world.train() != failed
    assert world.start_import("TARGET", "run1_related", "2019-01-01,bread,1,1\n")
    assert code_of(lambda: world.start_import("RELATED", "run1_related", plan())) == (
        "ResourceAlreadyExistsException"
    )


def test_children_are_deleted_first(world: World) -> None:
    """A resource with children can't be deleted; a deletion takes a moment."""
    world.imported()
    predictor = world.trained()
    forecast = world.forecasted(predictor)
    export = world.export(forecast)
    world.aws.clock.turn(10 * MINUTE)
    assert (
        code_of(lambda: world.forecast.delete_predictor(PredictorArn=predictor)) == "ResourceInUseException"
    )
    assert code_of(lambda: world.forecast.delete_forecast(ForecastArn=forecast)) == "ResourceInUseException"
    world.forecast.delete_forecast_export_job(ForecastExportJobArn=export)
    assert world.status("ForecastExportJob", export) == "DELETE_PENDING"
    world.aws.clock.turn(MINUTE / 2)
    assert world.status("ForecastExportJob", export) == "DELETE_IN_PROGRESS"
    world.aws.clock.turn(MINUTE / 2)
    assert code_of(lambda: world.status("ForecastExportJob", export)) == "ResourceNotFoundException"
    world.forecast.delete_forecast(ForecastArn=forecast)
    assert world.status("Forecast", forecast) == "DELETE_PENDING"


def test_a_tree_is_deleted_at_once(world: World) -> None:
    """A predictor with everything made from it; the datasets stay."""
    world.imported()
    predictor = world.trained()
    world.export(world.forecasted(predictor))
    assert (
        code_of(lambda: world.forecast.delete_resource_tree(ResourceArn=predictor))
        == "ResourceInUseException"
    )
    world.aws.clock.turn(10 * MINUTE)
    world.forecast.delete_resource_tree(ResourceArn=predictor)
    world.aws.clock.turn(MINUTE)
    left = [
        len(world.aws.resources(kind)) for kind in ("predictor", "forecast", "forecast-export-job", "dataset")
    ]
    assert left == [0, 0, 0, 2]


def test_a_job_can_be_stopped(world: World) -> None:
    """It is stopping, then stopped; then it can be deleted but not stopped again."""
    world.imported()
    arn = world.train()
    world.forecast.stop_resource(ResourceArn=arn)
    assert world.status("AutoPredictor", arn) == "CREATE_STOPPING"
    assert code_of(lambda: world.forecast.delete_predictor(PredictorArn=arn)) == "ResourceInUseException"
    world.aws.clock.turn(2 * MINUTE)
    assert world.status("AutoPredictor", arn) == "CREATE_STOPPED"
    assert code_of(lambda: world.forecast.stop_resource(ResourceArn=arn)) == "InvalidInputException"
    world.forecast.delete_predictor(PredictorArn=arn)


def test_a_predictor_can_be_retrained(world: World) -> None:
    """From its ARN and a new name only; the new one refers to the old one."""
    world.imported()
    first = world.trained("first")
    with pytest.raises(ClientError, match="only PredictorName"):
        world.train("second", ReferencePredictorArn=first)
    made = world.forecast.create_auto_predictor(PredictorName="second", ReferencePredictorArn=first)
    found = world.forecast.describe_auto_predictor(PredictorArn=made["PredictorArn"])
    assert found["ReferencePredictorSummary"] == {"Arn": first, "State": "Active"}
    assert (found["ForecastHorizon"], found["ForecastDimensions"]) == (HORIZON, ["store"])


def test_the_horizon_is_a_quarter_of_the_history_at_most(world: World) -> None:
    """23 of 92 days; a third for a retrained or legacy predictor."""
    world.imported(related=plan(ahead=30))
    with pytest.raises(ClientError, match="23 at most for 92 days"):
        world.train(ForecastHorizon=24)
    assert world.train(ForecastHorizon=23)
    assert code_of(lambda: world.train_legacy(31)) == "InvalidInputException"
    assert world.train_legacy(30)


def test_nothing_is_trained_without_data(world: World) -> None:
    """A group without an import of its target is refused."""
    world.start_import("RELATED", "related", plan())
    world.aws.clock.turn(5 * MINUTE)
    assert code_of(world.train) == "InvalidInputException"


def test_a_forecast_uses_the_newest_import(world: World) -> None:
    """Even if the predictor was trained before it."""
    world.imported()
    predictor = world.trained()
    doubled = "".join(f"2019-04-0{day},bread,1,100\n" for day in (1, 2))
    world.imported(target=doubled, related=plan(), name="run2")
    assert world.values(world.forecasted(predictor))["mean"][5:7] == [100, 100]


def test_a_reset_leaves_nothing(world: World) -> None:
    """Neither resources nor objects in the bucket."""
    world.imported()
    world.aws.reset()
    assert world.forecast.list_datasets()["Datasets"] == []
    assert world.files("") == {}
    assert [each.operation for each in world.aws.calls] == ["ListDatasets"]
