import csv
import io
from datetime import timedelta

import pytest

from tests.aws_fake.world import HORIZON, World, sales


def rows(text: str) -> list[dict[str, str]]:
    """Return the rows of a file."""
    return list(csv.DictReader(io.StringIO(text)))


def test_a_forecast_is_exported(world: World) -> None:
    """Below the path, named for job and time, beside the empty object that tests access."""
    world.imported()
    world.export(world.forecasted(world.trained()))
    assert world.files("out/") == {}
    world.aws.clock.turn(timedelta(minutes=10))
    files = world.files("out/")
    assert list(files) == ["out/out/_CHECK", "out/out/out_2019-04-03T06-35-00Z_part0.csv"]
    found = rows(files["out/out/out_2019-04-03T06-35-00Z_part0.csv"])
    assert len(found) == 2 * HORIZON
    assert found[0] == {
        "item_id": "bread",
        "store": "1",
        "date": "2019-04-03T00:00:00Z",
        "p10": "21.0",
        "p50": "30.0",
        "p90": "39.0",
        "mean": "30.0",
    }


def test_a_backtest_is_exported(world: World) -> None:
    """Two consecutive windows up to the last day, with sales and forecasts."""
    world.imported()
    arn = world.export_backtest(world.trained())
    world.aws.clock.turn(timedelta(minutes=10))
    assert world.status("PredictorBacktestExportJob", arn) == "ACTIVE"
    files = world.files("back/")
    assert [name.split("/")[1] for name in files] == [
        "_CHECK",
        "accuracy-metrics-values",
        "forecasted-values",
    ]
    found = rows(files["back/forecasted-values/back_2019-04-03T06-15-00Z_part0.csv"])
    assert len(found) == 2 * 2 * HORIZON
    starts = {each["backtestwindow_start_time"] for each in found}
    assert starts == {"2019-03-06T00:00:00Z", "2019-03-20T00:00:00Z"}
    bread = {each["timestamp"]: each for each in found if each["item_id"] == "bread"}
    assert (min(bread), max(bread)) == ("2019-03-06T00:00:00Z", "2019-04-02T00:00:00Z")
    sunday = bread["2019-03-24T00:00:00Z"]
    assert (sunday["target_value"], sunday["mean"], sunday["p90"]) == ("70.0", "0.0", "0.0")


def test_a_forecast_of_a_window_has_not_seen_it(world: World) -> None:
    """Sales in a window and after it do not change its forecast."""
    world.imported()
    world.aws.backtest_windows = 1
    world.export_backtest(world.trained("first"), "first")
    late = "".join(f"2019-0{day},bread,1,999\n" for day in ("3-20", "4-02"))
    kept = "".join(row for row in sales().splitlines(keepends=True) if row < "2019-03-20")
    world.imported(target=kept + late, name="run2")
    world.export_backtest(world.trained("second"), "second")
    world.aws.clock.turn(timedelta(minutes=10))
    means = [
        {each["timestamp"]: each["mean"] for each in rows(text) if each["item_id"] == "bread"}
        for name, text in world.files("back/forecasted-values/").items()
    ]
    assert means[0] == means[1]
    assert len(means[0]) == HORIZON


def test_exports_come_in_parts(world: World) -> None:
    """Each has the header."""
    world.imported()
    world.aws.knobs.part_rows = 20
    world.export(world.forecasted(world.trained()))
    world.aws.clock.turn(timedelta(minutes=10))
    parts = [text for name, text in world.files("out/").items() if name.endswith(".csv")]
    assert [len(rows(each)) for each in parts] == [20, 8]
    assert {each.splitlines()[0] for each in parts} == {"item_id,store,date,p10,p50,p90,mean"}


def test_a_missing_type_is_missing_in_the_export(world: World) -> None:
    """Its cells are empty for one item; for all there is no column."""
    world.imported()
    forecast = world.forecasted(world.trained())
    world.aws.spoil(missing="p10", item="cake")
    world.aws.spoil(missing="mean")
    world.export(forecast)
    world.aws.clock.turn(timedelta(minutes=10))
    found = rows(next(text for name, text in world.files("out/").items() if name.endswith(".csv")))
    assert {each["item_id"]: each["p10"] == "" for each in found} == {"bread": False, "cake": True}
    assert "mean" not in found[0]


def test_an_export_writes_with_its_role(world: World) -> None:
    """A role that may only read fails it."""
    world.imported()
    role = world.aws.add_role("reader", actions=("s3:GetObject", "s3:ListBucket"))
    arn = world.export_backtest(world.trained(), role=role)
    world.aws.clock.turn(timedelta(minutes=10))
    found = world.forecast.describe_predictor_backtest_export_job(PredictorBacktestExportJobArn=arn)
    assert "is not allowed s3:PutObject" in found["Message"]
    assert world.files("back/") == {}


@pytest.mark.parametrize("windows", [0, 1, 5])
def test_windows_can_be_set(world: World, windows: int) -> None:
    """As many as requested that have four weeks before them."""
    world.aws.backtest_windows = windows
    world.imported()
    arn = world.trained()
    found = world.forecast.get_accuracy_metrics(PredictorArn=arn)["PredictorEvaluationResults"][0][
        "TestWindows"
    ]
    assert len(found) - 1 == min(windows, 4)
