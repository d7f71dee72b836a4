"""`aws setup` in an empty account, in one with resources, and after an interrupted attempt."""

import json
from pathlib import Path

import boto3
import pytest

from forecasting.config.aws_settings import AwsSettings
from forecasting.core.errors import EngineBusy, EngineUnavailable, InvalidRequest, StorecastError
from forecasting.engines.aws_forecast.aws_session import AwsSession
from forecasting.engines.aws_forecast.bucket import DataBucket
from tests.aws_fake import AwsFake
from tests.cli.aws.aws_house import BUCKET, PREFIX, AwsHouse

STEPS = (
    "CreateBucket",
    "PutPublicAccessBlock",
    "CreateDataset",
    "CreateDatasetGroup",
    "CreateRole",
    "PutRolePolicy",
    "PutObject",
    "CreateDatasetImportJob",
)
"""The calls that change something, in order."""


def test_an_empty_account_is_set_up(house: AwsHouse, capsys: pytest.CaptureFixture[str]) -> None:
    """It creates a private bucket, a group with both datasets, and a role, and imports the history."""
    assert house.run("setup") == 0
    assert set(house.changes()) == set(STEPS)
    state = house.state()
    assert all(state["closed"].values())
    assert [json.loads(each)["DatasetGroupName"] for each in state["forecast"]["dataset-group"]] == [
        "storecast"
    ]
    imports = [json.loads(each) for each in state["forecast"]["dataset-import-job"]]
    assert {each["Status"] for each in imports} == {"ACTIVE"}
    assert len(imports) == 2
    assert all(key.startswith(f"{PREFIX}/data/run=") for key in state["bucket"])
    assert capsys.readouterr().out.splitlines() == [
        f"The bucket {BUCKET} was created",
        "The datasets storecast_target and storecast_related were created",
        "The dataset group storecast was created",
        "The role storecast_forecast was created",
        "The history was sent, unless AWS already had it; the import is started",
        "AWS Forecast is set up; `python -m forecasting aws train` trains",
    ]


def test_the_role_reaches_the_prefix_alone(house: AwsHouse) -> None:
    """AWS Forecast may assume it for this account, and may only read, write and list below the prefix."""
    house.run("setup")
    role = house.state()["role"]
    (trust,) = role["trust"]["Statement"]
    assert trust["Principal"] == {"Service": "forecast.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    (policy,) = role["policies"].values()
    objects, listing = policy["Statement"]
    assert objects["Action"] == ["s3:GetObject", "s3:PutObject"]
    assert objects["Resource"] == f"arn:aws:s3:::{BUCKET}/{PREFIX}/*"
    assert listing["Action"] == "s3:ListBucket"
    assert listing["Condition"] == {"StringLike": {"s3:prefix": f"{PREFIX}/*"}}


def test_existing_resources_are_not_created_again(house: AwsHouse) -> None:
    """A second set-up only reads."""
    house.run("setup")
    before, done = house.state(), len(house.changes())
    assert house.run("setup") == 0
    assert house.changes()[done:] == []
    assert house.state() == before


@pytest.mark.parametrize("step", STEPS)
def test_it_continues_after_any_step(house: AwsHouse, step: str) -> None:
    """If it was interrupted after a step, the next attempt has the same result as an undisturbed one."""
    house.aws.fail(step, "InvalidInputException", after=True)
    with pytest.raises(StorecastError):
        house.run("setup")
    assert house.run("setup") == 0
    assert outline(house) == WHOLE


def test_it_continues_however_often_it_is_interrupted(house: AwsHouse) -> None:
    """Interrupted before and after every change, it gets further each time and creates nothing twice."""
    for step in (*STEPS, "CreateDataset", "PutObject", "CreateDatasetImportJob"):
        for after in (False, True):
            house.aws.fail(step, "InvalidInputException", after=after)
    attempts = 0
    while attempts < 40:
        attempts += 1
        try:
            assert house.run("setup") == 0
            break
        except StorecastError:
            continue
    assert attempts > 2 * len(STEPS)
    assert outline(house) == WHOLE


WHOLE = {
    "dataset-group": ["storecast"],
    "dataset": ["storecast_related", "storecast_target"],
    "imports": ["ACTIVE", "ACTIVE"],
    "objects": [1, 1],
    "closed": True,
    "policies": ["storecast-bucket"],
}


def outline(house: AwsHouse) -> dict[str, object]:
    """The result of a set-up: names and counts."""
    state, imports = house.state(), house.aws.resources("dataset-import-job")
    folders = [each["DataSource"]["S3Config"]["Path"].partition(f"{BUCKET}/")[2] for each in imports]
    return {
        "dataset-group": sorted(each["DatasetGroupName"] for each in house.aws.resources("dataset-group")),
        "dataset": sorted(each["DatasetName"] for each in house.aws.resources("dataset")),
        "imports": [each["Status"] for each in imports],
        "objects": [sum(key.startswith(folder) for key in state["bucket"]) for folder in folders],
        "closed": all(state["closed"].values()),
        "policies": list(state["role"]["policies"]),
    }


def test_without_the_right_to_create_roles_the_policies_are_printed(
    aws: AwsFake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything else is created, and with a role that somebody else has created it continues."""
    house = AwsHouse(tmp_path, aws, bucket=aws.bucket)
    aws.policy = {
        "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": ["iam:CreateRole", "iam:PutRolePolicy"], "Resource": "*"},
        ]
    }
    with pytest.raises(EngineUnavailable, match="STORECAST_AWS_ROLE_ARN: expected the ARN of a role"):
        house.run("setup")
    out = capsys.readouterr().out
    trust, permissions = policies(out)
    assert trust["Statement"][0]["Principal"] == {"Service": "forecast.amazonaws.com"}
    assert permissions["Statement"][0]["Resource"] == f"arn:aws:s3:::{aws.bucket}/{PREFIX}/*"
    assert len(aws.resources("dataset-group")) == 1
    assert aws.resources("dataset-import-job") == []
    aws.iam.create_role(RoleName="by-hand", AssumeRolePolicyDocument=json.dumps(trust))
    aws.iam.put_role_policy(RoleName="by-hand", PolicyName="forecast", PolicyDocument=json.dumps(permissions))
    house.set_aws(role="arn:aws:iam::123456789012:role/by-hand")
    assert house.run("setup") == 0
    assert {each["Status"] for each in aws.resources("dataset-import-job")} == {"ACTIVE"}
    house.close()


def policies(text: str) -> list[dict[str, list[dict[str, object]]]]:
    """The JSON documents within a text."""
    found, decoder, at = [], json.JSONDecoder(), text.find("{\n")
    while at >= 0:
        document, end = decoder.raw_decode(text, at)
        found.append(document)
        at = text.find("{\n", end)
    return found


def test_a_dataset_of_other_columns_is_refused(house: AwsHouse) -> None:
    """By its name, with the expected and the actual columns; the group is not created."""
    attributes = [("timestamp", "timestamp"), ("item_id", "string"), ("target_value", "float")]
    boto3.client("forecast").create_dataset(
        DatasetName="storecast_target",
        Domain="CUSTOM",
        DatasetType="TARGET_TIME_SERIES",
        DataFrequency="D",
        Schema={"Attributes": [{"AttributeName": name, "AttributeType": kind} for name, kind in attributes]},
    )
    with pytest.raises(EngineUnavailable) as refused:
        house.run("setup")
    assert str(refused.value).startswith(
        "AWS Forecast: expected the dataset 'storecast_target' with the columns timestamp timestamp, item_id "
        "string, store string, target_value float, found the columns timestamp timestamp, item_id string, "
        "target_value float; "
    )
    assert house.aws.resources("dataset-group") == []


def test_a_group_without_its_datasets_gets_them(house: AwsHouse) -> None:
    """An empty group of the right name is used."""
    house.aws.add_group("storecast")
    assert house.run("setup") == 0
    (group,) = house.aws.resources("dataset-group")
    assert len(group["DatasetArns"]) == 2


def test_a_group_of_somebody_else_is_refused(house: AwsHouse) -> None:
    """A group of the same name with other datasets is not changed."""
    client = boto3.client("forecast")
    other = client.create_dataset(
        DatasetName="theirs",
        Domain="CUSTOM",
        DatasetType="ITEM_METADATA",
        Schema={"Attributes": [{"AttributeName": "item_id", "AttributeType": "string"}]},
    )["DatasetArn"]
    client.create_dataset_group(DatasetGroupName="storecast", Domain="CUSTOM", DatasetArns=[other])
    with pytest.raises(EngineUnavailable, match="only its own datasets, found theirs; set another name in"):
        house.run("setup")
    assert house.aws.resources("dataset-group")[0]["DatasetArns"] == [other]


def test_a_role_of_somebody_else_is_used_unchanged(aws: AwsFake, tmp_path: Path) -> None:
    """A role of the same name without our tag gets no policy."""
    house = AwsHouse(tmp_path, aws, bucket=aws.bucket)
    aws.add_role("storecast_forecast")
    assert house.run("setup") == 0
    assert aws.iam.list_role_policies(RoleName="storecast_forecast")["PolicyNames"] == ["bucket"]
    house.close()


def test_a_bucket_with_objects_is_used_unchanged(aws: AwsFake, tmp_path: Path) -> None:
    """Its public access is its owner's choice."""
    aws.s3.put_object(Bucket=aws.bucket, Key="theirs", Body=b"1")
    house = AwsHouse(tmp_path, aws, bucket=aws.bucket)
    assert house.run("setup") == 0
    assert "PutPublicAccessBlock" not in house.changes()
    house.close()


def test_a_bucket_of_somebody_else_is_named_as_such(house: AwsHouse) -> None:
    """Not only as a missing permission."""
    house.aws.fail("HeadBucket", "AccessDenied")
    with pytest.raises(EngineUnavailable, match=f"the bucket '{BUCKET}' belongs to another account"):
        house.run("setup")


def test_a_bucket_elsewhere_is_refused(house: AwsHouse) -> None:
    """AWS Forecast can't read buckets of another region."""
    place = {"LocationConstraint": "eu-central-1"}
    boto3.client("s3", region_name="eu-central-1").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration=place
    )
    with pytest.raises(EngineUnavailable, match=r"in eu-west-1, where .* found it in eu-central-1"):
        house.run("setup")


def test_a_bucket_in_us_east_1_is_created_without_a_location(
    aws: AwsFake,
) -> None:
    """S3 refuses ``us-east-1`` as a location; no location means that region."""
    settings = AwsSettings(bucket="first", region="us-east-1")
    assert DataBucket(AwsSession(settings), settings).ensure()
    assert aws.s3.get_bucket_location(Bucket="first")["LocationConstraint"] is None
    assert not DataBucket(AwsSession(settings), settings).ensure()


def test_a_dataset_that_aws_does_not_list_yet_is_waited_for(house: AwsHouse) -> None:
    """Somebody else creates it at the same time. So AWS is asked again."""
    house.aws.fail("CreateDataset", "ResourceAlreadyExistsException")
    with pytest.raises(EngineBusy, match="has created 'storecast_target' but does not list it yet"):
        house.run("setup")
    assert house.run("setup") == 0


def test_no_wait_ends_before_the_import(house: AwsHouse) -> None:
    """AWS continues the import."""
    assert house.run("setup", "--no-wait") == 0
    assert {each["Status"] for each in house.aws.resources("dataset-import-job")} == {"CREATE_PENDING"}


def test_a_failed_import_is_reported(house: AwsHouse) -> None:
    """With the message of AWS. The next attempt imports again."""
    house.aws.fail_job("import", "target", "The file has a header")
    with pytest.raises(EngineUnavailable, match="the import of sales failed: The file has a header"):
        house.run("setup")
    assert house.run("setup") == 0
    statuses = sorted(each["Status"] for each in house.aws.resources("dataset-import-job"))
    assert statuses == ["ACTIVE", "ACTIVE", "CREATE_FAILED"]


def test_waiting_outlasts_an_outage(house: AwsHouse) -> None:
    """A poll that AWS does not answer is repeated."""
    house.aws.fail("DescribeDatasetImportJob", "InternalServerError", times=3)
    assert house.run("setup") == 0


def test_without_stores_nothing_is_created(aws: AwsFake, tmp_path: Path) -> None:
    """The message says what is missing."""
    house = AwsHouse(tmp_path, aws)
    house.settings.engines.update({"North": "prophet", "South": "prophet"})  # type: ignore[attr-defined]
    with pytest.raises(InvalidRequest, match=r"expected stores .* whose engine is aws_forecast"):
        house.run("setup")
    assert house.changes() == []
    house.close()


def test_an_account_without_aws_forecast_is_refused(house: AwsHouse) -> None:
    """The service is closed to new customers. Nothing is created."""
    reason = "Amazon Forecast is no longer available to new customers"
    house.aws.fail("ListDatasetGroups", "AccessDeniedException", reason=reason)
    with pytest.raises(EngineUnavailable, match="closed to new customers since 29 July 2024"):
        house.run("setup")
    assert house.changes() == []
