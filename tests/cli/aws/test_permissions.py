"""The policies in docs/aws.md: the fake of AWS refuses every call that they do not allow."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from forecasting.core.domain import LOCAL_USER
from forecasting.engines.aws_forecast.forecaster import Forecaster
from forecasting.engines.aws_forecast.permissions import access_policy, trust_policy
from tests.aws_fake import AwsFake
from tests.cli.aws.aws_house import BUCKET, PREFIX, AwsHouse, session_to

DOCS = Path(__file__).resolve().parents[3] / "docs" / "aws.md"
PLACES = {"REGION": "eu-west-1", "ACCOUNT": "123456789012", "BUCKET": BUCKET, "PREFIX": PREFIX}
RUNNING, ADMINISTRATION, TRUST, ACCESS = range(4)

LIST_DATASETS = {"Effect": "Allow", "Action": "forecast:ListDatasets", "Resource": "*"}
"""What `aws status` needs besides the first policy."""

Document = dict[str, Any]


def documents() -> list[Document]:
    """The policies in the documentation, with the names that the tests use."""
    text = DOCS.read_text(encoding="utf-8")
    blocks = re.findall(r"^```json\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    for word, value in {**PLACES, "GROUP": "storecast"}.items():
        blocks = [re.sub(rf"\b{word}(?=_|\b)", value, block) for block in blocks]
    return [json.loads(block) for block in blocks]


def together(*policies: Document) -> Document:
    """Several policies as one."""
    return {"Statement": [statement for each in policies for statement in each["Statement"]]}


def actions(policy: Document, services: str) -> Iterator[str]:
    """The actions of a service that a policy allows."""
    for statement in policy["Statement"]:
        found = statement["Action"]
        for action in [found] if isinstance(found, str) else found:
            if action.startswith(f"{services}:"):
                yield action.partition(":")[2]


@pytest.fixture
def worked(house: AwsHouse, aws: AwsFake) -> AwsHouse:
    """A house that was set up, trained, forecast, queried and removed, within the policies."""
    running, administration = documents()[RUNNING], documents()[ADMINISTRATION]
    aws.policy = everything = together(running, administration)
    assert house.run("setup") == 0
    with by_hand(aws) as forecast:
        (group,) = aws.resources("dataset-group")
        forecast.update_dataset_group(DatasetGroupArn=group["DatasetGroupArn"], DatasetArns=[])
    assert house.run("setup") == 0
    add_old_predictors(house, aws)
    aws.policy = running
    house.services.refreshing.refresh(LOCAL_USER, "1", force=True)
    house.work()
    assert house.errors() == []
    forecasts = Forecaster(session_to(house.settings.aws, aws), house.settings.aws, house.clock)
    assert len(forecasts.get_forecast("1", "101")) == 14
    assert "storecast_9" not in [each["PredictorName"] for each in aws.resources("predictor")]
    aws.policy = everything
    with by_hand(aws) as forecast:
        forecast.create_forecast_export_job(
            ForecastExportJobName="storecast_by_hand",
            ForecastArn=forecasts.forecasts()[0].arn,
            Destination={"S3Config": {"Path": f"s3://{BUCKET}/{PREFIX}/export", "RoleArn": aws.role_arn}},
        )
    house.services.refreshing.refresh(LOCAL_USER, "1", force=True)
    house.worker.run_next()
    house.worker.run_next()
    aws.policy = together(running, {"Statement": [LIST_DATASETS]})
    assert house.run("status") == 0
    aws.policy = everything
    assert house.run("teardown", "--yes") == 0
    return house


def add_old_predictors(house: AwsHouse, aws: AwsFake) -> None:
    """Add a predictor for each of some days, the oldest with a forecast and an export of its backtest."""
    made = [
        aws.add_predictor(
            f"storecast_{days}", group="storecast", created=house.clock.now() - timedelta(days=days)
        )
        for days in (9, 8, 7)
    ]
    aws.add_forecast("storecast_forecast_9", predictor=made[0])
    with by_hand(aws) as forecast:
        forecast.create_predictor_backtest_export_job(
            PredictorBacktestExportJobName="storecast_backtest_9",
            PredictorArn=made[0],
            Destination={"S3Config": {"Path": f"s3://{BUCKET}/{PREFIX}/old", "RoleArn": aws.role_arn}},
        )
    house.clock.turn(timedelta(minutes=20))


@contextmanager
def by_hand(aws: AwsFake) -> Iterator[Any]:
    """A client with all permissions, whose calls are not recorded."""
    policy, aws.policy, before = aws.policy, None, len(aws.calls)
    yield boto3.client("forecast")
    del aws.calls[before:]
    aws.policy = policy


def test_the_policies_are_sufficient_and_minimal(worked: AwsHouse, aws: AwsFake) -> None:
    """No call is refused from set-up to removal, and every action they allow is used."""
    refused = [each for each in [*aws.calls, *aws.other_calls] if each.error and "Denied" in each.error]
    assert refused == []
    assert worked.left_over() == {}
    allowed = together(documents()[RUNNING], documents()[ADMINISTRATION])
    used = {each.operation for each in aws.calls}
    assert set(actions(allowed, "forecast")) == used
    s3 = {"s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject", "s3:CreateBucket"}
    assert {f"s3:{each}" for each in actions(allowed, "s3")} == s3 | {"s3:PutBucketPublicAccessBlock"}
    iam = {each.operation for each in aws.other_calls if each.service == "iam"}
    assert set(actions(allowed, "iam")) == iam | {"PassRole", "TagRole"}  # what CreateRole is judged by too


def test_the_documentation_has_the_policies_of_the_role() -> None:
    """They are the ones that the set-up attaches or prints."""
    assert documents()[TRUST] == trust_policy(PLACES["ACCOUNT"])
    assert documents()[ACCESS] == access_policy("aws", BUCKET, PREFIX)
