"""`aws teardown`: only our resources, children first, also after an interrupted attempt."""

from pathlib import Path
from typing import Any

import pytest

from forecasting.core.domain import LOCAL_USER
from forecasting.core.errors import InvalidRequest, StorecastError
from tests.aws_fake import AwsFake
from tests.cli.aws.aws_house import BUCKET, PREFIX, AwsHouse

STEPS = (
    "DeleteForecast",
    "DeletePredictorBacktestExportJob",
    "DeletePredictor",
    "DeleteDatasetGroup",
    "DeleteDatasetImportJob",
    "DeleteDataset",
    "DeleteObjects",
    "DeleteRolePolicy",
    "DeleteRole",
)


def roles(aws: AwsFake) -> list[str]:
    """Names of the roles, without the fake's own."""
    return [
        each["RoleName"] for each in aws.iam.list_roles()["Roles"] if each["RoleName"] != "forecast-access"
    ]


def furnished(house: AwsHouse) -> AwsHouse:
    """Set up, and add a predictor, its forecast, and the export of its backtest."""
    house.run("setup")
    predictor = house.aws.add_predictor("storecast_20190401T000000", group="storecast")
    house.aws.add_forecast("storecast_forecast_1", predictor=predictor)
    add_backtest(house, predictor)
    return house


def add_backtest(house: AwsHouse, predictor: str) -> None:
    """Add a file that AWS has written."""
    place = {"Path": f"s3://{BUCKET}/{PREFIX}/backtest/storecast_backtest_1", "RoleArn": house.aws.role_arn}
    house.remote._session.call(
        "create_predictor_backtest_export_job",
        PredictorBacktestExportJobName="storecast_backtest_1",
        PredictorArn=predictor,
        Destination={"S3Config": place},
    )
    house.clock.turn(20 * house.settings.aws.poll)


def test_everything_of_ours_is_removed(house: AwsHouse, capsys: pytest.CaptureFixture[str]) -> None:
    """After it was listed with its costs and the group's name was typed. The bucket stays."""
    furnished(house)
    capsys.readouterr()
    house.answer = "storecast"
    assert house.run("teardown") == 0
    assert house.left_over() == {}
    assert roles(house.aws) == []
    assert BUCKET in [each["Name"] for each in house.aws.s3.list_buckets()["Buckets"]]
    assert house.asked == ["Type storecast to remove it: "]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(
        "in AWS Forecast: 1 predictor backtest export job, 1 forecast, 1 predictor, 1 dataset group, "
        "2 dataset import jobs, 2 datasets; "
    )
    assert lines[1].startswith(f"in s3://{BUCKET}/{PREFIX}: 2 objects, 0.0 MB; S3 charges")
    assert lines[-1] == f"removed; the bucket {BUCKET} itself stays"


def test_nothing_is_removed_without_confirmation(house: AwsHouse) -> None:
    """A wrong name, or no terminal to ask, changes nothing."""
    house.run("setup")
    before = house.state()
    house.answer = "yes"
    with pytest.raises(
        InvalidRequest, match="expected 'storecast', found something else; nothing was removed"
    ):
        house.run("teardown")
    assert house.state() == before


def test_an_empty_account_needs_no_removal(house: AwsHouse, capsys: pytest.CaptureFixture[str]) -> None:
    """There is no question either."""
    house.run("setup")
    house.run("teardown", "--yes")
    done = len(house.changes())
    assert house.run("teardown") == 0
    assert house.changes()[done:] == []
    assert capsys.readouterr().out.splitlines()[-1] == "nothing of 'storecast' is left to remove"


@pytest.mark.parametrize("after", [False, True])
def test_it_continues_however_often_it_is_interrupted(house: AwsHouse, *, after: bool) -> None:
    """Interrupted before or after every step, the next attempt continues, and in the end nothing is left."""
    furnished(house)
    for step in STEPS:
        house.aws.fail(step, "InvalidInputException", after=after)
    attempts = 0
    while attempts < 30:
        attempts += 1
        try:
            assert house.run("teardown", "--yes") == 0
            break
        except StorecastError:
            continue
    assert attempts == 1 + len(STEPS)
    assert house.left_over() == {}
    assert roles(house.aws) == []


def test_it_can_be_set_up_again(house: AwsHouse) -> None:
    """The removal leaves nothing that is in the way."""
    house.run("setup")
    house.run("teardown", "--yes")
    assert house.run("setup") == 0
    assert {each["Status"] for each in house.aws.resources("dataset-import-job")} == {"ACTIVE"}


def test_a_training_in_progress_is_stopped(house: AwsHouse) -> None:
    """It would cost more and more."""
    house.run("setup")
    house.services.refreshing.refresh(LOCAL_USER, "1")
    for _ in range(3):
        house.worker.run_next()
        house.clock.turn(house.settings.aws.poll)
    (training,) = house.aws.resources("predictor")
    assert training["Status"] == "CREATE_IN_PROGRESS"
    assert house.run("teardown", "--yes") == 0
    assert "StopResource" in house.changes()
    assert house.left_over() == {}


def names(aws: AwsFake, kind: str, base: str) -> list[str]:
    """Of what there is of a kind."""
    return [each[f"{base}Name"] for each in aws.resources(kind)]


def test_resources_of_others_stay(house: AwsHouse, aws: AwsFake) -> None:
    """Another group, its predictor and forecast, other objects in the bucket, and other roles."""
    other = aws.add_predictor("storecast_of_others", group="storecast_too")
    aws.add_forecast("storecast_forecast_of_others", predictor=other)
    furnished(house)
    kept = [
        "theirs",
        f"{PREFIX}/theirs",
        f"{PREFIX}/data/theirs",
        f"{PREFIX}/backtest/theirs",
        "data/run=1/a",
    ]
    for key in kept:
        aws.s3.put_object(Bucket=BUCKET, Key=key, Body=b"1")
    aws.add_role("storecast_forecasts")
    assert house.run("teardown", "--yes") == 0
    assert names(aws, "dataset-group", "DatasetGroup") == ["storecast_too"]
    assert names(aws, "predictor", "Predictor") == ["storecast_of_others"]
    assert names(aws, "forecast", "Forecast") == ["storecast_forecast_of_others"]
    assert sorted(house.keys()) == sorted(kept)
    assert roles(aws) == ["storecast_forecasts"]


def test_a_predictor_of_others_in_our_group_stays_with_the_group(
    house: AwsHouse, aws: AwsFake, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody else trained it on our data; everything it depends on stays, the rest is removed."""
    furnished(house)
    aws.add_predictor("by_hand", group="storecast")
    capsys.readouterr()
    assert house.run("teardown", "--yes") == 0
    assert names(aws, "predictor", "Predictor") == ["by_hand"]
    assert names(aws, "dataset-group", "DatasetGroup") == ["storecast"]
    assert len(names(aws, "dataset", "Dataset")) == 2
    assert names(aws, "forecast", "Forecast") == []
    first = capsys.readouterr().out.splitlines()[0]
    reason = "stays, because it or something that depends on it was created elsewhere"
    assert first.startswith(f"{reason}: predictor by_hand, dataset group ")


def test_a_predictor_that_others_forecast_with_stays(house: AwsHouse, aws: AwsFake) -> None:
    """The forecast of somebody else needs it."""
    house.run("setup")
    predictor = aws.add_predictor("storecast_20190401T000000", group="storecast")
    aws.add_forecast("by_hand", predictor=predictor)
    assert house.run("teardown", "--yes") == 0
    assert names(aws, "forecast", "Forecast") == ["by_hand"]
    assert names(aws, "predictor", "Predictor") == ["storecast_20190401T000000"]


def test_a_role_of_somebody_else_stays(aws: AwsFake, tmp_path: Path) -> None:
    """A role of the same name that existed before stays. A role from the settings is not even read."""
    house = AwsHouse(tmp_path, aws, bucket=aws.bucket)
    aws.add_role("storecast_forecast")
    house.run("setup")
    assert house.run("teardown", "--yes") == 0
    assert roles(aws) == ["storecast_forecast"]
    house.set_aws(role=aws.add_role("theirs"))
    before = len(aws.other_calls)
    house.run("setup")
    assert house.run("teardown", "--yes") == 0
    assert [each for each in aws.other_calls[before:] if each.service == "iam"] == []
    house.close()


def test_without_the_right_to_read_roles_the_rest_is_removed(
    house: AwsHouse, capsys: pytest.CaptureFixture[str]
) -> None:
    """The output says that a role may be left."""
    house.run("setup")
    allow: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    house.aws.policy = {"Statement": [allow, {"Effect": "Deny", "Action": "iam:GetRole", "Resource": "*"}]}
    assert house.run("teardown", "--yes") == 0
    assert "a role that `aws setup` created stays" in capsys.readouterr().out
    assert house.left_over() == {}
    assert roles(house.aws) == ["storecast_forecast"]
