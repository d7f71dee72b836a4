from datetime import timedelta
from functools import partial

import pytest

from tests.aws_fake.world import HORIZON, World, code_of, plan, sales

ROW = "2019-01-01,bread,1,5\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "timestamp,item_id,store,target_value\n" + ROW,
            "timestamp in the format yyyy-MM-dd: 'timestamp' in row 1",
        ),
        (ROW + "01.02.2019,bread,1,5\n", "timestamp in the format yyyy-MM-dd: '01.02.2019' in row 2"),
        (ROW + "2019-1-2,bread,1,5\n", "timestamp in the format yyyy-MM-dd: '2019-1-2' in row 2"),
        (ROW + "2019-02-30,bread,1,5\n", "timestamp in the format yyyy-MM-dd: '2019-02-30' in row 2"),
        (ROW + "2019-01-02,bread,1,inf\n", "target_value of type float: 'inf' in row 2"),
        (ROW + "2019-01-02,bread,1,nan\n", "target_value of type float: 'nan' in row 2"),
        (ROW + "2019-01-02,,1,5\n", "item_id of type string: '' in row 2"),
        (
            ROW + "2019-01-02,bread,5\n",
            "number of columns does not match the schema: 3 instead of 4 in row 2",
        ),
    ],
)
def test_an_import_of_invalid_data_fails(world: World, content: str, message: str) -> None:
    """A header, an invalid date or number, a missing id or column: the message names row and file."""
    arn = world.start_import("TARGET", "bad", ROW, content)
    world.aws.clock.turn(timedelta(minutes=5))
    found = world.forecast.describe_dataset_import_job(DatasetImportJobArn=arn)
    assert found["Status"] == "CREATE_FAILED"
    assert message in found["Message"]
    assert found["Message"].endswith(f"s3://{world.aws.bucket}/in/bad/part1.csv")


def test_an_import_without_files_fails(world: World) -> None:
    """The path has no objects; keys that only begin like it do not count."""
    world.aws.s3.put_object(Bucket=world.aws.bucket, Key="in/nothing/part0.csv", Body=ROW.encode())
    arn = world.start_import("TARGET", "not")
    world.aws.clock.turn(timedelta(minutes=5))
    found = world.forecast.describe_dataset_import_job(DatasetImportJobArn=arn)
    assert (found["Status"], found["Message"][:14]) == ("CREATE_FAILED", "No files found")


def test_all_parts_are_read(world: World) -> None:
    """All objects below the path, in any order; an empty value is a gap."""
    world.start_import("TARGET", "parts", sales(["cake"]), sales(["bread"]) + "2019-04-02,tart,1,\n")
    world.start_import("RELATED", "plan", plan(["bread", "cake", "tart"]))
    world.aws.clock.turn(timedelta(minutes=5))
    forecast = world.forecasted(world.trained())
    assert [world.values(forecast, item)["mean"][0] for item in ("bread", "cake", "tart")] == [30, 30, 0]


def test_ids_are_lower_case(world: World) -> None:
    """Ids that differ only in case become one, and their demand is summed."""
    world.imported(target=sales(["Bread"]) + sales(["bread"]), related=plan(["BREAD"]))
    forecast = world.forecasted(world.trained())
    assert world.values(forecast)["mean"][0] == 60


def test_gaps_are_zero_by_default(world: World) -> None:
    """A day without a row has demand 0; with `middlefill` nan it is ignored."""
    gappy = "".join(
        row for row in sales(["bread"]).splitlines(keepends=True) if not row.startswith("2019-03-27")
    )
    world.imported(target=gappy, related=plan(["bread"]))
    fills = {"AttributeName": "target_value", "Transformations": {"middlefill": "nan"}}
    config = {"DatasetGroupArn": world.group, "AttributeConfigs": [fills]}
    zero, open_ = world.trained("zero"), world.trained("open", DataConfig=config)
    found = [world.values(world.forecasted(arn, f"f{n}"))["mean"][0] for n, arn in enumerate((zero, open_))]
    assert found == [22.5, 30]


@pytest.mark.parametrize(
    ("related", "message"),
    [
        (plan(ahead=HORIZON - 1), "must extend to the end of the forecast horizon, 2019-04-16"),
        (plan(["bread"]), "missing in the related time series: ('cake', '1')"),
        (
            plan().replace("2019-03-01,cake,1,0,1\n", ""),
            "promo of the related time series has missing values",
        ),
    ],
)
def test_the_plan_must_cover_the_horizon(world: World, related: str, message: str) -> None:
    """A related series that is missing or ends a day too early fails the training."""
    world.imported(related=related)
    found = world.forecast.describe_auto_predictor(PredictorArn=world.trained())
    assert found["Status"] == "CREATE_FAILED"
    assert message in found["Message"]


def test_the_plan_may_be_filled(world: World) -> None:
    """Gaps between its rows and after its end, if requested."""
    world.imported(related=plan(ahead=HORIZON - 1).replace("2019-03-01,cake,1,0,1\n", ""))
    fills = {"middlefill": "zero", "futurefill": "zero"}
    configs = [{"AttributeName": name, "Transformations": fills} for name in ("promo", "is_open")]
    arn = world.trained(DataConfig={"DatasetGroupArn": world.group, "AttributeConfigs": configs})
    assert world.status("AutoPredictor", arn) == "ACTIVE"


@pytest.mark.parametrize(
    ("name", "fills"),
    [
        ("price", {"middlefill": "zero"}),
        ("target_value", {"futurefill": "zero"}),
        ("promo", {"aggregation": "sum"}),
        ("target_value", {"middlefill": "guess"}),
    ],
)
def test_fills_must_suit_their_dataset(world: World, name: str, fills: dict[str, str]) -> None:
    """An unknown attribute, an unsupported method or none is refused."""
    world.imported()
    config = {"AttributeConfigs": [{"AttributeName": name, "Transformations": fills}]}
    train = partial(world.train, DataConfig={"DatasetGroupArn": world.group, **config})
    assert code_of(train) == "InvalidInputException"


@pytest.mark.parametrize(
    ("role", "message"),
    [
        ({"trusted": "sagemaker.amazonaws.com"}, "does not trust forecast.amazonaws.com"),
        ({"actions": ("s3:GetObject",)}, "is not allowed s3:ListBucket"),
        ({"actions": ("s3:ListBucket",)}, "is not allowed s3:GetObject"),
        ({"prefix": "elsewhere/"}, "is not allowed s3:GetObject"),
    ],
)
def test_an_import_reads_with_its_role(world: World, role: dict, message: str) -> None:
    """A role that does not trust the service, or may not list and read, fails the import."""
    arn = world.start_import("TARGET", "run", ROW, role=world.aws.add_role("other", **role))
    world.aws.clock.turn(timedelta(minutes=5))
    found = world.forecast.describe_dataset_import_job(DatasetImportJobArn=arn)
    assert found["Status"] == "CREATE_FAILED"
    assert message in found["Message"]


def test_a_role_must_exist(world: World) -> None:
    """An import with the ARN of a missing role fails."""
    arn = world.start_import("TARGET", "run", ROW, role=f"{world.aws.role_arn}x")
    world.aws.clock.turn(timedelta(minutes=5))
    assert "does not exist" in world.forecast.describe_dataset_import_job(DatasetImportJobArn=arn)["Message"]


@pytest.mark.parametrize(
    ("kind", "attributes", "message"),
    [
        ("TARGET", {"timestamp": "timestamp", "item_id": "string"}, "numeric attribute target_value"),
        ("TARGET", {"item_id": "string", "target_value": "float"}, "must have"),
        ("RELATED", {"timestamp": "timestamp", "item_id": "string", "open": "float"}, "open is reserved"),
    ],
)
def test_a_schema_has_what_its_type_needs(world: World, kind: str, attributes: dict, message: str) -> None:
    """A missing attribute and a reserved name are refused."""
    error = world.refused_dataset(kind, attributes)
    assert error["Code"] == "InvalidInputException"
    assert message in error["Message"]
