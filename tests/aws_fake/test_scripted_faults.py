from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.aws_fake import AwsFake
from tests.aws_fake.world import ONCE, World, code_of


def groups() -> Callable[[], Any]:
    """Return a call that lists dataset groups."""
    return boto3.client("forecast", config=ONCE).list_dataset_groups


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 400),
        ("InternalServerError", 500),
        ("AccessDeniedException", 400),
        ("UnrecognizedClientException", 400),
        ("ExpiredTokenException", 400),
    ],
)
def test_a_fault_happens_as_often_as_scripted(aws: AwsFake, code: str, status: int) -> None:
    """Twice with its code and status, then no more; the code is logged."""
    aws.fail("ListDatasetGroups", code, times=2)
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            groups()()
        assert caught.value.response["Error"]["Code"] == code
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    groups()()
    assert [each.error for each in aws.calls] == [code, code, None]


def test_a_fault_may_be_permanent(aws: AwsFake) -> None:
    """Until it is removed; other operations do not fail."""
    aws.fail("ListDatasetGroups", "ThrottlingException", times=None)
    for _ in range(3):
        assert code_of(groups()) == "ThrottlingException"
    boto3.client("forecast").list_datasets()
    aws.clear_faults()
    groups()()


def test_a_request_may_stay_unanswered(aws: AwsFake) -> None:
    """The connection is closed without an answer."""
    aws.fail("ListDatasetGroups", "timeout")
    with pytest.raises(ConnectionClosedError):
        groups()()
    assert [each.error for each in aws.calls] == ["timeout"]


@pytest.mark.parametrize("code", ["timeout", "InternalServerError"])
def test_an_answer_may_be_lost(world: World, code: str) -> None:
    """The group is created, but the caller does not know."""
    world.aws.fail("CreateDatasetGroup", code, after=True)
    with pytest.raises((ClientError, ConnectionClosedError)):
        world.forecast.create_dataset_group(DatasetGroupName="lost", Domain="CUSTOM")
    assert "lost" in [each["DatasetGroupName"] for each in world.aws.resources("dataset-group")]


def test_quota_errors_are_retried_by_botocore(world: World) -> None:
    """It takes a used-up quota for throttling."""
    world.aws.fail("CreateDatasetGroup", "LimitExceededException", times=None)
    client = boto3.client("forecast", config=Config(retries={"mode": "standard", "total_max_attempts": 2}))
    with pytest.raises(ClientError):
        client.create_dataset_group(DatasetGroupName="g", Domain="CUSTOM")
    assert len(world.aws.named("CreateDatasetGroup")) == 1 + 2


@pytest.mark.usefixtures("aws")
def test_an_unknown_access_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the code AWS uses."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "SOMEBODYELSE")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    assert code_of(groups()) == "UnrecognizedClientException"


@pytest.mark.parametrize(("code", "status"), [("SlowDown", 503), ("AccessDenied", 403)])
@pytest.mark.parametrize("after", [False, True])
def test_the_bucket_fails_as_well(aws: AwsFake, code: str, status: int, after: bool) -> None:  # noqa: FBT001 - parametrized
    """With its code and status; a fault after the call has written the object."""
    aws.fail("PutObject", code, after=after)
    s3 = boto3.client("s3", config=ONCE)
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=aws.bucket, Key="key", Body=b"x")
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert s3.list_objects_v2(Bucket=aws.bucket)["KeyCount"] == int(after)
    assert [(each.operation, each.error) for each in aws.other_calls] == [
        ("PutObject", code),
        ("ListObjectsV2", None),
    ]


def test_the_bucket_may_not_answer(aws: AwsFake) -> None:
    """The connection is closed."""
    aws.fail("GetCallerIdentity", "timeout")
    with pytest.raises(ConnectionClosedError):
        boto3.client("sts", config=ONCE).get_caller_identity()
    assert [each.error for each in aws.named("GetCallerIdentity")] == ["timeout"]
