from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.aws_fake import AwsFake
from tests.aws_fake.policy_documents import allows, meets
from tests.aws_fake.world import ONCE, World, code_of, plan

OURS = "arn:aws:forecast:eu-west-1:123456789012:"


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """Return a policy document."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}


PASS = {
    "Action": "iam:PassRole",
    "Resource": "arn:aws:iam::123456789012:role/forecast-access",
    "Condition": {"StringEquals": {"iam:PassedToService": "forecast.amazonaws.com"}},
}
IMPORT = {"Action": "forecast:CreateDatasetImportJob", "Resource": f"{OURS}dataset-import-job/storecast_*"}


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([{"Action": "forecast:List*", "Resource": "*"}], True),
        ([{"Action": "forecast:listdatasets", "Resource": "*"}], True),
        ([{"Action": ["forecast:CreateDataset", "forecast:ListDatasets"], "Resource": ["x", "*"]}], True),
        ([{"Action": "forecast:ListDatasets", "Resource": f"{OURS}*"}], False),
        ([{"Action": "forecast:ListDataset", "Resource": "*"}], False),
        ([{"NotAction": "forecast:Create*", "Resource": "*"}], True),
        (
            [
                {"Action": "*", "Resource": "*"},
                {"Effect": "Deny", "Action": "forecast:List*", "Resource": "*"},
            ],
            False,
        ),
        (
            [{"Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": True}}}],
            False,
        ),
        ([], False),
    ],
)
def test_what_a_policy_allows(statements: list[dict[str, Any]], allowed: bool) -> None:  # noqa: FBT001 - parametrized
    """Wildcards, lists, exclusions; Deny wins; an action without resources needs ``*``."""
    assert allows(policy(*statements), "forecast:ListDatasets", "*") is allowed


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ({"StringEquals": {"s3:prefix": "in/run"}}, True),
        ({"StringEquals": {"s3:prefix": ["out/", "in/run"]}}, True),
        ({"StringLike": {"s3:prefix": "in/*"}}, True),
        ({"StringLike": {"s3:prefix": "out/*"}}, False),
        ({"StringNotEquals": {"s3:prefix": "out/"}}, True),
        ({"StringEquals": {"aws:SourceAccount": "1"}}, False),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "1"}}, True),
    ],
)
def test_which_conditions_are_met(condition: dict[str, Any], met: bool) -> None:  # noqa: FBT001 - parametrized
    """By the values of a request; a missing key fails, unless it may be missing."""
    assert meets(condition, {"s3:prefix": "in/run"}) is met


def test_an_unknown_condition_is_not_guessed() -> None:
    """An unknown operator is an error."""
    with pytest.raises(NotImplementedError, match="DateLessThan"):
        meets({"DateLessThan": {"aws:CurrentTime": "2030"}}, {"aws:CurrentTime": "2019"})


def test_a_call_beyond_the_policy_is_denied(world: World) -> None:
    """The error names action and resource; allowed calls succeed."""
    world.aws.policy = policy({"Action": "forecast:Describe*", "Resource": f"{OURS}dataset-group/storecast"})
    assert world.forecast.describe_dataset_group(DatasetGroupArn=world.group)
    with pytest.raises(ClientError) as caught:
        world.forecast.describe_dataset(DatasetArn=world.datasets["TARGET"])
    error = caught.value.response["Error"]
    assert error["Code"] == "AccessDeniedException"
    assert f"forecast:DescribeDataset on resource: {world.datasets['TARGET']}" in error["Message"]


@pytest.mark.parametrize(
    "statements", [(IMPORT,), (PASS,), ({**PASS, "Resource": "*"}, IMPORT), (PASS, IMPORT)]
)
def test_a_role_has_to_be_passed(world: World, statements: tuple[dict[str, Any], ...]) -> None:
    """An import needs its own permission, and the permission to pass that role to the service."""
    world.aws.policy = policy(*statements)
    begin = lambda: world.start_import("RELATED", "run", plan())  # noqa: E731 - called once
    if len(statements) == 2:
        assert begin()
    else:
        assert code_of(begin) == "AccessDeniedException"


def test_training_needs_all_resources(world: World) -> None:
    """The action has no resources (Service Authorization Reference); the group's ARN is not enough."""
    world.imported()
    world.aws.policy = policy({"Action": "forecast:CreateAutoPredictor", "Resource": f"{OURS}*"})
    assert code_of(world.train) == "AccessDeniedException"
    world.aws.policy = policy({"Action": "forecast:CreateAutoPredictor", "Resource": "*"})
    assert world.train()


def test_queries_need_permission_for_the_forecast(world: World) -> None:
    """By its name, with any suffix."""
    world.imported()
    forecast = world.forecasted(world.trained())
    for name, allowed in (("storecast_*", True), ("theirs_*", False)):
        world.aws.policy = policy({"Action": "forecast:QueryForecast", "Resource": f"{OURS}forecast/{name}"})
        if allowed:
            assert world.values(forecast)
        else:
            assert code_of(lambda: world.values(forecast)) == "AccessDeniedException"


def test_the_bucket_is_within_the_policy_too(aws: AwsFake) -> None:
    """Objects by key, lists by prefix, roles by name; asking for the identity needs no permission."""
    whole = f"arn:aws:s3:::{aws.bucket}"
    aws.policy = policy(
        {"Action": "s3:PutObject", "Resource": f"{whole}/in/*"},
        {"Action": "s3:ListBucket", "Resource": whole, "Condition": {"StringLike": {"s3:prefix": "in/*"}}},
        {"Action": "iam:GetRole", "Resource": "arn:aws:iam::123456789012:role/forecast-*"},
    )
    s3, iam = boto3.client("s3", config=ONCE), boto3.client("iam", config=ONCE)
    s3.put_object(Bucket=aws.bucket, Key="in/a", Body=b"x")
    s3.list_objects_v2(Bucket=aws.bucket, Prefix="in/")
    iam.get_role(RoleName="forecast-access")
    boto3.client("sts").get_caller_identity()
    for denied in (
        lambda: s3.put_object(Bucket=aws.bucket, Key="out/a", Body=b"x"),
        lambda: s3.list_objects_v2(Bucket=aws.bucket),
        lambda: s3.get_object(Bucket=aws.bucket, Key="in/a"),
        lambda: iam.get_role(RoleName="other"),
        lambda: iam.delete_role(RoleName="forecast-access"),
    ):
        assert code_of(denied) == "AccessDenied"


def test_jobs_do_not_use_the_permissions_of_the_app(world: World) -> None:
    """The service reads with its role, which is no call of the app."""
    world.aws.policy = policy(PASS, IMPORT)
    before = len(world.aws.other_calls)
    world.start_import("RELATED", "run", plan())
    world.aws.clock.turn(timedelta(minutes=5))
    world.aws.policy = None
    assert world.status("Dataset", world.datasets["RELATED"]) == "ACTIVE"
    assert len(world.aws.resources("dataset-import-job")) == 1
    assert world.aws.resources("dataset-import-job")[0]["Status"] == "ACTIVE"
    assert len(world.aws.other_calls) == before
