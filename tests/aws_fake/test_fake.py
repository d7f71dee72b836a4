from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.aws_fake import AwsFake
from tests.aws_fake.world import ONCE, World, plan
from tests.fakes import TurnedClock


@pytest.mark.aws
def test_a_second_fake_has_its_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clock, page size and policy; clients find it through the environment only."""
    clock = TurnedClock(datetime(2024, 1, 1, tzinfo=UTC))
    everything = {"Statement": {"Effect": "Allow", "Action": "forecast:*", "Resource": "*"}}
    with AwsFake(page_size=1, policy=everything, clock=clock) as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        client = boto3.client("forecast", config=ONCE)
        for name in ("a", "b"):
            client.create_dataset_group(DatasetGroupName=name, Domain="CUSTOM")
        assert len(client.list_dataset_groups()["DatasetGroups"]) == 1
        assert aws.resources("dataset-group")[0]["CreationTime"] == clock.now()
        with pytest.raises(ClientError, match="AccessDenied"):
            boto3.client("s3", config=ONCE).list_buckets()
        assert aws.drift == []


def test_another_clock_can_be_used(world: World) -> None:
    """Jobs then follow it when they are described; a reset restores the first clock."""
    clock = TurnedClock(world.aws.clock.now())
    world.aws.use_clock(clock)
    arn = world.start_import("RELATED", "run", plan())
    clock.turn(timedelta(minutes=5))
    assert world.status("DatasetImportJob", arn) == "ACTIVE"
    world.aws.reset()
    assert world.aws.clock is not clock


def test_concurrent_calls(world: World) -> None:
    """Of eight that create the same resource one succeeds; all are logged."""

    def create(_: int) -> str:
        try:
            return str(world.forecast.create_dataset_group(DatasetGroupName="one", Domain="CUSTOM"))
        except ClientError as error:
            return error.response["Error"]["Code"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(8)))
    assert answers.count("ResourceAlreadyExistsException") == 7
    assert len(world.aws.named("CreateDatasetGroup")) == 1 + 8


def test_a_wrong_duration_is_refused(aws: AwsFake) -> None:
    """No job has that name."""
    with pytest.raises(KeyError, match="training"):
        aws.take_minutes(training=1)
