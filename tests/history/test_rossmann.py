"""How files in Rossmann's layout are read, and which problems are reported."""

import io

import pandas as pd
import pytest

from forecasting.core.errors import InvalidFile
from forecasting.core.schema import PLAN, SALES, require
from forecasting.history.file_validation import read_incoming_file
from forecasting.history.parquet_history import ParquetHistory
from tests.history.conftest import PutFile
from tests.history.examples import demand, frame_of, read
from tests.history.fake_manifest import FakeManifest

TRAIN = """\
"Store","DayOfWeek","Date","Sales","Customers","Open","Promo","StateHoliday","SchoolHoliday"
10,2,2015-03-31,7000,610,1,1,"0","1"
9,5,2015-04-03,0,0,0,0,"b","1"
9,4,2015-04-02,6500,590,1,1,"0","1"
10,4,2015-12-25,0,0,0,0,"c","0"
10,4,2015-01-01,0,0,0,0,"a","0"
"""
PLANNED = """\
Id,Store,DayOfWeek,Date,Open,Promo,StateHoliday,SchoolHoliday
1,1,4,2015-09-17,1,1,0,0
2,1,5,2015-09-18,,0,0,1
3,1,7,2015-09-20,0,0,a,0
"""


def sales_of(put: PutFile, content: str | bytes) -> list[list[object]]:
    """Return the sales read from a valid file, row by row."""
    frame = frame_of(read_incoming_file(put("train.csv", content), "sales", "rossmann"))
    return require(frame, SALES, "sales").astype({"ds": "str"}).to_numpy().tolist()


def test_sales_are_a_stores_total(put: PutFile) -> None:
    """Holidays get their names; stores come in natural order, days in theirs; nothing is assumed."""
    assert sales_of(put, TRAIN) == [
        ["9", "all", "2015-04-02", 6500.0, True, True, "", True],
        ["9", "all", "2015-04-03", 0.0, False, False, "Easter holiday", True],
        ["10", "all", "2015-01-01", 0.0, False, False, "Public holiday", False],
        ["10", "all", "2015-03-31", 7000.0, True, True, "", True],
        ["10", "all", "2015-12-25", 0.0, False, False, "Christmas", False],
    ]
    incoming = read_incoming_file(put("train.csv", TRAIN), "sales", "rossmann")
    assert (incoming.notes, incoming.regions) == ((), {})
    assert incoming.rows.tolist() == [4, 3, 6, 2, 5]


def test_parquet_with_narrow_types_reads_the_same(put: PutFile) -> None:
    """Integers of all widths, instants at midnight, and a holiday column that is all zeros."""
    columns = pd.read_csv(io.StringIO(TRAIN), dtype={"StateHoliday": "str"}).astype(
        {"Store": "int32", "Open": "int8", "Promo": "int8", "SchoolHoliday": "int8"}
    )
    columns["Date"] = pd.to_datetime(columns["Date"])
    assert sales_of(put, columns.to_parquet(index=False)) == sales_of(put, TRAIN)
    plain = columns[columns["StateHoliday"] == "0"].astype({"StateHoliday": "int64"})
    assert [row[6] for row in sales_of(put, plain.to_parquet(index=False))] == ["", ""]


def test_a_blank_open_follows_from_sales(put: PutFile) -> None:
    """For each cell, and a note counts them; a day marked open stays open without sales."""
    days = "1,2015-01-02,5,\n1,2015-01-03,0,\n1,2015-01-04,0,1\n"
    incoming = read_incoming_file(put("train.csv", "Store,Date,Sales,Open\n" + days), "sales")
    assert frame_of(incoming)["is_open"].tolist() == [True, False, True]
    assert incoming.notes[0] == "Open is left blank in 2 rows: open where something was sold"


def test_without_the_open_column_open_days_follow_from_sales(put: PutFile) -> None:
    """As in the canonical format; the notes use the file's own headings."""
    days = "1,2015-01-02,5,9\n1,2015-01-03,0,9\n"
    incoming = read_incoming_file(put("train.csv", "Store,Date,Sales,Weather\n" + days), "sales")
    assert frame_of(incoming)["is_open"].tolist() == [True, False]
    assert incoming.notes == (
        "Open is not given: 1 day on which a store sold nothing counts as closed",
        "not given: Promo, StateHoliday, SchoolHoliday; days already known keep theirs, new days have none",
        "not used: 'Weather'",
    )


def test_a_file_without_sales_is_a_plan(put: PutFile) -> None:
    """For the whole store; a blank Open is open."""
    incoming = read_incoming_file(put("test.csv", PLANNED), "plan", "rossmann")
    assert require(frame_of(incoming), PLAN, "plan").astype({"ds": "str"}).to_numpy().tolist() == [
        ["1", "all", "2015-09-17", True, True, "", False],
        ["1", "all", "2015-09-18", True, False, "", True],
        ["1", "all", "2015-09-20", False, False, "Public holiday", False],
    ]
    assert incoming.notes == ("Open is left blank in 1 row: taken as open",)


@pytest.mark.parametrize(
    ("record", "column", "expected", "found"),
    [
        ("x y,4,2015-04-02,,1,1,1,0,0", "Sales", "a number of 0 or more", "nothing"),
        ("1,4,2015-04-02,-7,1,1,1,0,0", "Sales", "a number of 0 or more", "'-7'"),
        (",4,2015-04-02,7,1,1,1,0,0", "Store", "a store's name or number", "nothing"),
        ("1,4,2.4.2015,7,1,1,1,0,0", "Date", "a date yyyy-mm-dd", "'2.4.2015'"),
        ("1,4,2015-04-02,7,1,2,1,0,0", "Open", "0, 1, true, false, yes or no, or nothing", "'2'"),
        ("1,4,2015-04-02,7,1,1,,0,0", "Promo", "0, 1, true, false, yes or no", "nothing"),
        ("1,4,2015-04-02,7,1,1,1,d,0", "StateHoliday", "0, a, b or c", "'d'"),
        ("1,4,2015-04-02,7,1,1,1,0,x", "SchoolHoliday", "0, 1, true, false, yes or no", "'x'"),
    ],
)
def test_an_invalid_cell_is_named_as_in_the_file(
    put: PutFile, record: str, column: str, expected: str, found: str
) -> None:
    """By Rossmann's heading; a column that is not used may hold anything."""
    with pytest.raises(InvalidFile) as caught:
        read_incoming_file(
            put("train.csv", f"{TRAIN}{record}\n2,?,2015-04-02,7,?,1,1,0,0\n"), "sales", "rossmann"
        )
    (problem,) = caught.value.problems
    assert (problem.row, problem.column, problem.expected, problem.found) == (7, column, expected, found)


def test_all_problems_are_reported_together(put: PutFile) -> None:
    """A missing column, a bad cell and a day that appears twice."""
    with pytest.raises(InvalidFile) as caught:
        read_incoming_file(
            put("train.csv", "Store,Date,Promo\n1,2015-01-02,2\n1,2015-01-02,0\n"), "sales", "rossmann"
        )
    assert [(problem.row, problem.column, problem.found) for problem in caught.value.problems] == [
        (1, "Sales", "'Store, Date, Promo'"),
        (2, "Promo", "'2'"),
        (3, None, "store 1, item all, 2015-01-02 again (first in row 2)"),
    ]


def test_a_known_region_is_kept(history: ParquetHistory, put: PutFile, manifest: FakeManifest) -> None:
    """Rossmann's files have none: new stores have no region, others keep theirs."""
    known = "store,item,date,demand,region\n9,all,2015-04-01,5,North\n"
    history.import_file(put("known.csv", known), "sales", "ann")
    report = history.import_file(put("train.csv", TRAIN), "sales", "ann")
    assert {store: file.region for store, file in manifest.heads("sales").items()} == {"9": "North", "10": ""}
    assert (report.added, report.notes) == (5, ())
    assert demand(history, manifest, "9") == {
        ("all", "04-01"): 5,
        ("all", "04-02"): 6500,
        ("all", "04-03"): 0,
    }


def test_a_plan_is_imported_beside_the_sales(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """Both are imported in the same way and recognised by their headers."""
    history.import_file(put("train.csv", TRAIN), "sales", "ann")
    assert history.import_file(put("test.csv", PLANNED), "plan", "ann").added == 3
    assert read(history, manifest, "1", "plan")["is_open"].tolist() == [True, True, False]
    assert list(manifest.heads("sales")) == ["9", "10"]


def test_totals_of_stores_with_known_items_are_refused(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """The error names the row but no column, since the file has none for items."""
    history.import_file(put("known.csv", "store,item,date,demand\n9,a,2015-04-01,5\n"), "sales", "ann")
    with pytest.raises(InvalidFile) as caught:
        history.import_file(put("train.csv", TRAIN), "sales", "ann")
    expected = "expected what store 9 already has: single items, such as 'a', found 'all'"
    assert str(caught.value) == f"train.csv, row 3: {expected}"
    assert list(manifest.heads("sales")) == ["9"]
