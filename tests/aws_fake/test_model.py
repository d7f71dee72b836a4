from datetime import UTC, datetime

import boto3
import pytest

from tests.aws_fake.model import misread, operation_of, service_model, violations
from tests.aws_fake.world import World, code_of

ARN = "arn:aws:forecast:eu-west-1:123456789012:dataset-group/x"


def found(operation: str, asked: dict) -> list[str]:
    """Return what in a request does not fit."""
    return violations(asked, service_model("forecast").operation_model(operation).input_shape)


@pytest.mark.parametrize(
    ("operation", "asked", "message"),
    [
        ("CreateDatasetGroup", {"DatasetGroupName": "x"}, 'Missing required parameter in input: "Domain"'),
        ("CreateDatasetGroup", {"DatasetGroupName": 1, "Domain": "CUSTOM"}, "Invalid type"),
        (
            "CreateDatasetGroup",
            {"DatasetGroupName": "1x", "Domain": "CUSTOM"},
            "DatasetGroupName: expected to match",
        ),
        (
            "CreateDatasetGroup",
            {"DatasetGroupName": "x" * 64, "Domain": "CUSTOM"},
            "expected 1 to 63, found 64",
        ),
        ("CreateDatasetGroup", {"DatasetGroupName": "x", "Domain": "SHOP"}, "expected one of RETAIL"),
        ("DescribeDatasetGroup", {"DatasetGroupArn": "x"}, "DatasetGroupArn: expected to match"),
        ("ListDatasetGroups", {"MaxResults": 101}, "MaxResults: expected 1 to 100, found 101"),
        ("CreateAutoPredictor", {"PredictorName": "x", "ForecastTypes": ["0.123"]}, "ForecastTypes[0]"),
        ("CreateAutoPredictor", {"PredictorName": "x", "ForecastTypes": []}, "expected 1 to 20, found 0"),
        ("CreateAutoPredictor", {"PredictorName": "x", "ForecastFrequency": "Q"}, "ForecastFrequency"),
        (
            "CreateAutoPredictor",
            {"PredictorName": "x", "Horizon": 1},
            'Unknown parameter in input: "Horizon"',
        ),
    ],
)
def test_a_request_is_checked_against_the_model(operation: str, asked: dict, message: str) -> None:
    """Types, lengths, ranges, patterns, enumerations, missing and unknown parameters."""
    assert message in "; ".join(found(operation, asked))


def test_real_requests_fit() -> None:
    """Frequencies with a number, roles of IAM, statuses to filter by, and tags."""
    assert found("CreateAutoPredictor", {"PredictorName": "x", "ForecastFrequency": "1D"}) == []
    by = {"Key": "Status", "Value": "ACTIVE", "Condition": "IS"}
    assert found("ListPredictors", {"Filters": [by]}) == []
    place = {"Path": "s3://bucket/x", "RoleArn": "arn:aws:iam::123456789012:role/x"}
    job = {"DatasetImportJobName": "x", "DatasetArn": ARN, "DataSource": {"S3Config": place}}
    assert found("CreateDatasetImportJob", job) == []
    tags = [{"Key": "made by", "Value": "Storecast"}]
    assert found("CreateDatasetGroup", {"DatasetGroupName": "x", "Domain": "CUSTOM", "Tags": tags}) == []


@pytest.mark.parametrize(
    ("answer", "fits"),
    [
        ({"DatasetGroupName": "x", "CreationTime": datetime(2019, 4, 3, 4, 30, 0, 1, tzinfo=UTC)}, True),
        ({"DatasetGroupName": "x", "Colour": "red"}, False),
        ({"DatasetGroupName": 1}, False),
        ({"CreationTime": "yesterday"}, False),
    ],
)
def test_a_response_is_checked_against_the_model(answer: dict, fits: bool) -> None:  # noqa: FBT001 - parametrized
    """A response that botocore would read differently is drift."""
    shape = operation_of("AmazonForecast.DescribeDatasetGroup").output_shape
    assert (misread(answer, shape) == []) is fits


def test_an_invalid_call_is_refused_and_is_drift(world: World) -> None:
    """An app that sends an invalid name fails its tests."""
    create = world.forecast.create_dataset_group
    assert code_of(lambda: create(DatasetGroupName="no good", Domain="CUSTOM")) == "ValidationException"
    assert "DatasetGroupName: expected to match" in world.aws.drift[0]
    world.aws.drift.clear()


def test_what_the_fake_can_not_do_is_drift(world: World) -> None:
    """It is not answered as if it were supported."""
    with pytest.raises(Exception, match="Connection was closed"):
        world.forecast.tag_resource(ResourceArn=ARN, Tags=[{"Key": "a", "Value": "b"}])
    assert "TagResource" in world.aws.drift[0]
    world.aws.drift.clear()


def test_an_undeclared_error_is_drift(world: World) -> None:
    """A test can't invent errors of AWS Forecast."""
    world.aws.fail("ListDatasetGroups", "ResourceInUseException")
    assert code_of(world.forecast.list_dataset_groups) == "ResourceInUseException"
    assert world.aws.drift == ["ListDatasetGroups does not declare ResourceInUseException"]
    world.aws.drift.clear()


def test_another_region_is_drift(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request to a wrong region."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    boto3.client("forecast").list_datasets()
    assert world.aws.drift == ["expected a request to eu-west-1, found one to us-east-1"]
    world.aws.drift.clear()
