"""`aws status` and `aws train`, and the commands as the shell runs them."""

import json
import logging
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pandas as pd
import pytest

from forecasting.cli.main import main
from forecasting.core.domain import LOCAL_USER, StoreState
from forecasting.core.errors import EngineUnavailable, InvalidRequest
from forecasting.engines.aws_forecast.group_status import CLOSED_NOTICE
from tests.aws_fake import AwsFake
from tests.cli.aws.aws_house import BUCKET, AwsHouse
from tests.house import FIRST, LAST, sales


def test_status_of_an_empty_account(house: AwsHouse, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what to do next, that AWS takes no new customers, and how many values will be forecast."""
    assert house.run("status") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == [
        "AWS Forecast  AWS Forecast in eu-west-1 can be reached.",
        f"              {CLOSED_NOTICE}",
        "bucket        s3://sales-of-ours/planning",
        "group         storecast: none yet; `aws setup` creates it",
    ]
    assert "predictors    none" in lines
    assert "quota         0 of 10 forecasts in the account" in lines
    assert "trainings     0 started within 24 hours, no cap" in lines
    assert lines[-1].endswith("280 forecast points; cost n/a")  # 5 series, 14 days, 4 values of each
    assert house.changes() == []


def test_status_prints_ages_and_owners(house: AwsHouse, capsys: pytest.CaptureFixture[str]) -> None:
    """The newest first. The forecasts of the whole account count towards the quota."""
    house.run("setup")
    now = house.clock.now()
    ours = house.aws.add_predictor("storecast_1", group="storecast", created=now - timedelta(hours=47.5))
    house.aws.add_predictor(
        "by_hand", group="storecast", created=now - timedelta(days=9), status="CREATE_FAILED"
    )
    house.aws.add_forecast("storecast_forecast_1", predictor=ours, created=now - timedelta(hours=46))
    other = house.aws.add_predictor("theirs", group="theirs")
    house.aws.add_forecast("of_theirs", predictor=other)
    capsys.readouterr()
    assert house.run("status") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "predictors    storecast_1 ACTIVE, 47.5 hours old" in lines
    assert "              by_hand CREATE_FAILED, 9 days old, created elsewhere" in lines
    assert "forecasts     storecast_forecast_1 ACTIVE, 46.0 hours old" in lines
    assert "quota         2 of 10 forecasts in the account" in lines


def test_status_for_machines(house: AwsHouse, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON: instants in ISO 8601, ages in seconds, the estimate in money if rates are set."""
    house.set_aws(rates={"gb": 10.0, "hour": 1.0, "points": 2.0}, trainings_a_day=3)
    house.run("setup")
    begun = house.clock.now() - timedelta(hours=5)
    house.aws.add_predictor("storecast_1", group="storecast", created=begun)
    capsys.readouterr()
    assert house.run("status", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["reachable"], told["group_name"], told["trainings"], told["trainings_a_day"]) == (
        True,
        "storecast",
        1,
        3,
    )
    (predictor,) = told["predictors"]
    assert predictor == {
        "name": "storecast_1",
        "status": "ACTIVE",
        "created_at": begun.isoformat(),
        "age_seconds": 5 * 3600,
        "ours": True,
    }
    estimate = told["estimate"]
    assert estimate["points"] == 280
    assert estimate["cost"] == pytest.approx(10 * estimate["gigabytes"] + estimate["hours"] + 0.56)
    assert [each["status"] for each in told["imports"]] == ["ACTIVE", "ACTIVE"]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("AccessDeniedException", "No access"),
        ("ExpiredTokenException", "No credentials"),
        ("ThrottlingException", "Unreachable"),
    ],
)
def test_status_prints_why_aws_cannot_be_reached(
    house: AwsHouse, capsys: pytest.CaptureFixture[str], code: str, why: str
) -> None:
    """Status succeeds nevertheless; the other commands fail."""
    house.aws.fail("ListDatasetGroups", code, times=None)
    assert house.run("status") == 0
    assert capsys.readouterr().out.startswith(f"AWS Forecast  {why}: ")
    for command in ("setup", "train", "teardown"):
        with pytest.raises(EngineUnavailable, match=why):
            house.run(command)
    assert house.changes() == []


def test_a_training_is_confirmed_with_its_price(house: AwsHouse, capsys: pytest.CaptureFixture[str]) -> None:
    """Any answer but yes means no. After yes the group is trained and its forecasts are published."""
    house.set_aws(rates={"gb": 0.088, "hour": 0.24, "points": 2.0})
    house.run("setup")
    with pytest.raises(InvalidRequest, match="nothing was started"):
        house.run("train")
    assert house.aws.named("CreateAutoPredictor") == []
    house.answer = "y"
    capsys.readouterr()
    assert house.run("train") == 0
    assert len(house.aws.named("CreateAutoPredictor")) == 1
    assert len(house.aws.named("CreateDatasetImportJob")) == 2  # those of the set-up
    for store in ("1", "2"):
        assert house.services.stores.freshness(LOCAL_USER, store).state is StoreState.FRESH
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].endswith("n/a hours, 280 forecast points; cost n/a")  # no training before
    assert len(house.asked) == 2
    house.run("status")
    assert "1.5 hours, 280 forecast points; cost 0.92" in capsys.readouterr().out


def test_a_training_that_fails_says_so(house: AwsHouse, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, with the message of AWS."""
    house.run("setup")
    house.aws.fail_job("predictor", message="Too few items")
    assert house.run("train", "--yes") == 1
    assert "group storecast: AWS Forecast: the training failed: Too few items" in capsys.readouterr().err


def test_the_daily_limit_is_checked_before_the_question(house: AwsHouse) -> None:
    """The message says when the next training may begin."""
    house.set_aws(trainings_a_day=1)
    house.run("setup")
    house.aws.add_predictor("storecast_1", group="storecast", created=house.clock.now())
    with pytest.raises(EngineUnavailable, match=r"at most 1 training within 24 hours .* may start 4 Apr"):
        house.run("train")
    assert house.asked == []


def test_trainings_of_a_day_count_towards_the_limit(house: AwsHouse) -> None:
    """Predictors of the last 24 hours are not deleted, because they are counted."""
    house.run("setup")
    for hours in (30, 5, 4, 3):
        begun = house.clock.now() - timedelta(hours=hours)
        house.aws.add_predictor(f"storecast_{hours}", group="storecast", created=begun)
    assert house.run("train", "--yes") == 0
    house.clock.turn(timedelta(minutes=5))
    left = sorted(each["PredictorName"] for each in house.aws.resources("predictor"))
    assert left == ["storecast_20190403T043510", "storecast_3", "storecast_4", "storecast_5"]
    house.set_aws(trainings_a_day=4)
    with pytest.raises(EngineUnavailable, match="found 4 started already"):
        house.run("train", "--yes")


class Racing:
    """A clock that runs a thousand times as fast as others."""

    def __init__(self) -> None:
        self._first, self._begun = datetime.now(UTC), monotonic()

    def now(self) -> datetime:
        """The current time."""
        return self._first + timedelta(seconds=1000 * (monotonic() - self._begun))


@pytest.fixture
def shell(aws: AwsFake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment of an operator, with a file of sales; the fake of AWS is fast."""
    aws.use_clock(Racing())
    aws.take_minutes(imports=1, predictor=5, forecast=1, export=1)
    variables = {
        "HOME": str(tmp_path / "state"),
        "PROCESSES": "0",
        "HORIZON": "14",
        "ENGINE": "aws_forecast",
        "AWS_BUCKET": f"s3://{BUCKET}/planning",
        "AWS_POLL_SECONDS": "0.1",
        "LOG_LEVEL": "debug",
    }
    for name, value in variables.items():
        monkeypatch.setenv(f"STORECAST_{name}", value)
    path = tmp_path / "sales.csv"
    frames = [sales("1", "101", 100.0, FIRST, LAST), sales("2", "101", 50.0, FIRST, LAST)]
    pd.concat(frames).to_csv(path, index=False)
    return path


def test_from_sales_to_a_forecast_by_the_command_line(
    aws: AwsFake, shell: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Import, set up, train, export, remove: every call fits the service model; no credential is printed."""
    caplog.set_level(logging.DEBUG, "forecasting")
    commands = [
        ["import", str(shell)],
        ["aws", "setup"],
        ["aws", "train", "--yes"],
        ["aws", "status", "--json"],
    ]
    assert [main(command) for command in commands] == [0, 0, 0, 0]
    told = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert [each["status"] for each in told["forecasts"]] == ["ACTIVE"]
    assert main(["export", "--out", str(shell.with_name("forecast.csv"))]) == 0
    assert len(pd.read_csv(shell.with_name("forecast.csv"))) == 2 * 2 * 14
    assert main(["aws", "teardown", "--yes"]) == 0
    assert aws.resources("dataset") == []
    captured = capfd.readouterr()
    everything = captured.out + captured.err + caplog.text
    assert "training in AWS started" in everything
    for secret in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert aws.environment[secret] not in everything


def test_the_shell_gets_an_exit_code(
    aws: AwsFake, shell: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """2 and one line without a traceback, if there is no store or no setting, or AWS refuses."""
    assert main(["aws", "setup"]) == 2
    assert "expected stores with sales history whose engine is aws_forecast" in capsys.readouterr().err
    main(["import", str(shell)])
    aws.fail("CreateBucket", "AccessDenied")
    assert main(["aws", "setup"]) == 2
    assert "AWS does not permit CreateBucket with these credentials" in capsys.readouterr().err
    monkeypatch.delenv("STORECAST_AWS_BUCKET")
    monkeypatch.setenv("STORECAST_ENGINE", "seasonal_naive")
    capsys.readouterr()
    for command in ("setup", "status", "train", "teardown"):
        assert main(["aws", command]) == 2
        assert capsys.readouterr().err == (
            f"aws {command}: expected STORECAST_AWS_BUCKET to be set, such as s3://bucket/storecast, "
            "found it empty\n"
        )


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["setup", "--help"], 0), ([], 2)])
@pytest.mark.usefixtures("shell")
def test_the_shell_gets_help(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """For all commands together and for each."""
    with pytest.raises(SystemExit) as ended:
        main(["aws", *arguments])
    assert ended.value.code == code
    told = capsys.readouterr()
    assert (told.out + told.err).startswith("usage: python -m forecasting aws")


WITHOUT_AWS = """
import sys
from forecasting.__main__ import main
assert main(["status"]) == 0
assert main(["aws", "status"]) == 2
found = [name for name in sys.modules if name.partition(".")[0] in ("boto3", "botocore")]
assert not found, found
"""


def test_boto3_is_not_imported_without_aws(tmp_path: Path) -> None:
    """Nor is botocore. Not even by the command that says which setting is missing."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_AWS],
        env={"STORECAST_HOME": str(tmp_path), "STORECAST_PROCESSES": "0", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("aws status: expected STORECAST_AWS_BUCKET to be set")
