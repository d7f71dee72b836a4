"""How a valid file is read."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.core.schema import PLAN, SALES, require
from forecasting.history.file_validation import read_incoming_file
from forecasting.history.incoming_file import IncomingFile
from tests.history.conftest import PutFile
from tests.history.examples import frame_of

DATA = Path(__file__).resolve().parents[2] / "data"

SALES_CSV = """\
store,item,date,demand,region,is_open,promo,holiday,school_holiday
10,b,2024-01-02,2.5,North,1,1,,0
9,all,2024-01-01,0,South,no,FALSE,New Year,Yes
10,b,2024-01-01,0,North,0,0,yes,1
10,a,2024-01-02,7,,true,false,0,no
"""


def sales(put: PutFile, content: str | bytes) -> IncomingFile:
    """Read a valid sales file."""
    return read_incoming_file(put("sales.csv", content), "sales", "canonical")


def test_sales_come_in_schema_order_and_types(put: PutFile) -> None:
    """Sorted by store and item in natural order, then day; rows and regions go along."""
    read = sales(put, SALES_CSV)
    assert list(require(frame_of(read), SALES, "sales")) == list(SALES)
    assert frame_of(read)["ds"].dtype == "datetime64[us]"
    assert frame_of(read).astype({"ds": "str"}).to_numpy().tolist() == [
        ["9", "all", "2024-01-01", 0.0, False, False, "New Year", True],
        ["10", "a", "2024-01-02", 7.0, True, False, "", False],
        ["10", "b", "2024-01-01", 0.0, False, False, "Holiday", True],
        ["10", "b", "2024-01-02", 2.5, True, True, "", False],
    ]
    assert read.rows.tolist() == [3, 5, 4, 2]
    assert read.regions == {"10": "North", "9": "South"}
    assert read.notes == ()


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + SALES_CSV,
        SALES_CSV.replace(",", ";"),
        SALES_CSV.replace("\n", "\r\n"),
        SALES_CSV.replace("store,item,date", ' STORE ,"Item",Date'),
        SALES_CSV.replace("2024-01-02", "2024-01-02T00:00:00"),
        SALES_CSV.replace("10,", "10.0, "),
        "\n" + SALES_CSV.replace("\n", "\n\n"),
    ],
    ids=["BOM", "semicolon", "CRLF", "header", "midnight", "float ids", "blank lines"],
)
def test_spellings_of_the_same_file_read_the_same(put: PutFile, content: str) -> None:
    """What spreadsheets and databases make of a CSV file does not matter."""
    pd.testing.assert_frame_equal(frame_of(sales(put, content)), frame_of(sales(put, SALES_CSV)))


def test_csv_and_parquet_give_the_same(put: PutFile, tmp_path: Path) -> None:
    """Also with the types a database export has: integers, floats, real booleans, dates, categories."""
    frame = pd.read_csv(put("sales.csv", SALES_CSV)).assign(
        store=lambda read: read["store"].astype("float64"),
        item=lambda read: read["item"].astype("category"),
        date=lambda read: pd.to_datetime(read["date"]).dt.date,
        is_open=[True, False, False, True],
        promo=[1, 0, 0, 0],
        school_holiday=[0.0, 1.0, 1.0, 0.0],
    )
    frame.to_parquet(tmp_path / "sales.parquet", index=False)
    read, expected = (
        read_incoming_file(tmp_path / "sales.parquet", "sales", "canonical"),
        sales(put, SALES_CSV),
    )
    pd.testing.assert_frame_equal(frame_of(read), frame_of(expected))
    assert read.regions == expected.regions
    assert read.rows.tolist() == [2, 4, 3, 1]


def test_long_ids_and_exact_numbers_survive_floats(tmp_path: Path) -> None:
    """An EAN that went through Excel is no 4.006e+12, and 0.1 stays 0.1."""
    path = tmp_path / "sales.parquet"
    day = np.array(["2024-01-01"], "datetime64[ns]")
    frame = pd.DataFrame({"store": [1.0], "item": [4006381333931.0], "date": day, "demand": [0.1]})
    frame.to_parquet(path, index=False)
    read = frame_of(read_incoming_file(path, "sales", "canonical"))
    assert read[["store", "item", "y"]].to_numpy().tolist() == [["1", "4006381333931", 0.1]]


def test_without_is_open_a_day_without_any_sale_is_closed(put: PutFile) -> None:
    """All items of the store count; the note counts days of each store."""
    header = "store,item,date,demand\n"
    first, second = "1,a,2024-01-01,0\n1,b,2024-01-01,3\n", "1,a,2024-01-02,0\n1,b,2024-01-02,0\n"
    read = sales(put, header + first + second + "2,a,2024-01-02,0\n")
    assert frame_of(read)["is_open"].tolist() == [True, False, True, False, False]
    assert read.notes == (
        "is_open is not given: 2 days on which a store sold nothing count as closed",
        "not given: promo, holiday, school_holiday; days already known keep theirs, new days have none",
    )
    assert read.given == frozenset()


def test_columns_that_are_not_used_are_noted(put: PutFile) -> None:
    """So that a mistyped column does not vanish silently; columns without a name are not noted."""
    read = sales(put, SALES_CSV.replace("promo", "Promotion").replace("\n", ",\n"))
    assert "not used: 'Promotion'" in read.notes
    assert not frame_of(read)["promo"].any()


def test_a_plan_has_defaults(put: PutFile) -> None:
    """Without an item it holds for all of them; without covariates a day is an ordinary open day."""
    read = read_incoming_file(
        put("plan.csv", "store,date,holiday\n1,2024-01-02,\n1,2024-01-01,1\n"), "plan", "canonical"
    )
    assert list(require(frame_of(read), PLAN, "plan")) == list(PLAN)
    assert frame_of(read).astype({"ds": "str"}).to_numpy().tolist() == [
        ["1", "all", "2024-01-01", True, False, "Holiday", False],
        ["1", "all", "2024-01-02", True, False, "", False],
    ]
    assert read.given == {"holiday"}
    assert read.notes == (
        "is_open is not given: days already known keep theirs, new days count as open",
        "item is not given: the plan holds for every item",
        "not given: promo, school_holiday; days already known keep theirs, new days have none",
    )


def test_a_plan_may_cover_all_items_and_single_ones(put: PutFile) -> None:
    """Unlike in sales, where `all` is a sum."""
    content = "store,item,date,promo\n1,all,2024-01-01,0\n1,a,2024-01-01,1\n"
    read = read_incoming_file(put("plan.csv", content), "plan", "canonical")
    assert frame_of(read)["item"].tolist() == ["a", "all"]


@pytest.mark.parametrize("text", ["", "0", "false", "No"])
def test_words_for_no_holiday(put: PutFile, text: str) -> None:
    """They are not names of holidays."""
    read = sales(put, f"store,item,date,demand,holiday\n1,a,2024-01-01,1,{text}\n")
    assert frame_of(read)["holiday"].tolist() == [""]


def test_the_sample_and_its_feed_are_valid() -> None:
    """The shipped files are in the canonical format, and nothing is assumed."""
    files = [(DATA / "sample" / f"{kind}.parquet", kind) for kind in ("sales", "plan")]
    files += [(path, "sales") for path in sorted((DATA / "feed").glob("*.csv"))]
    read = [read_incoming_file(path, kind, "canonical") for path, kind in files]
    assert len(read) == 30
    assert {file.notes for file in read} == {()}
    assert {len(file.stores) for file in read} == {35}
