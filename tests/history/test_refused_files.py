"""Everything that can be wrong with a file, and how it is reported."""

import io
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pandas as pd
import pytest

from forecasting.core.errors import InvalidFile, InvalidRequest
from forecasting.history.file_validation import read_incoming_file
from tests.history.conftest import PutFile

HEADER = "store,item,date,demand,region,is_open,promo,holiday,school_holiday\n"
GOOD = "1,a,2024-01-01,5,N,1,0,,0\n"

Reported = tuple[int | None, str | None, str, str]
FLAG = "0, 1, true, false, yes or no"


def refusal(put: PutFile, content: str | bytes, kind: str = "sales", name: str = "sales.csv") -> InvalidFile:
    """Return the error with which a file is refused."""
    with pytest.raises(InvalidFile) as caught:
        read_incoming_file(put(name, content), kind, "canonical")
    return caught.value


def reported(error: InvalidFile) -> list[Reported]:
    """The problems without the file's name."""
    return [(problem.row, problem.column, problem.expected, problem.found) for problem in error.problems]


def as_parquet(columns: Mapping[str, Sequence[object]]) -> bytes:
    """A Parquet file as bytes."""
    buffer = io.BytesIO()
    pd.DataFrame(columns).to_parquet(buffer, index=False)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("record", "column", "expected", "found"),
    [
        ("1,a,2024-02-30,5,N,1,0,,0", "date", "a date yyyy-mm-dd", "'2024-02-30'"),
        ("1,a,31.12.2024,5,N,1,0,,0", "date", "a date yyyy-mm-dd", "'31.12.2024'"),
        ("1,a,2024-01-02 13:00,5,N,1,0,,0", "date", "a date yyyy-mm-dd", "'2024-01-02 13:00'"),
        ("1,a,0024-01-02,5,N,1,0,,0", "date", "a date yyyy-mm-dd", "'0024-01-02'"),
        ("1,a,,5,N,1,0,,0", "date", "a date yyyy-mm-dd", "nothing"),
        (" ,a,2024-01-02,5,N,1,0,,0", "store", "a store's name or number", "nothing"),
        ("1,,2024-01-02,5,N,1,0,,0", "item", "an item's name or number", "nothing"),
        ("1,a,2024-01-02,,N,1,0,,0", "demand", "a number of 0 or more", "nothing"),
        ("1,a,2024-01-02,many,N,1,0,,0", "demand", "a number of 0 or more", "'many'"),
        ('1,a,2024-01-02,"1,5",N,1,0,,0', "demand", "a number of 0 or more", "'1,5'"),
        ("1,a,2024-01-02,-0.5,N,1,0,,0", "demand", "a number of 0 or more", "'-0.5'"),
        ("1,a,2024-01-02,inf,N,1,0,,0", "demand", "a number of 0 or more", "'inf'"),
        ("1,a,2024-01-02,1e999,N,1,0,,0", "demand", "a number of 0 or more", "'1e999'"),
        ("1,a,2024-01-02,nan,N,1,0,,0", "demand", "a number of 0 or more", "'nan'"),
        ("1,a,2024-01-02,5,N,open,0,,0", "is_open", FLAG, "'open'"),
        ("1,a,2024-01-02,5,N,1,2,,0", "promo", FLAG, "'2'"),
        ("1,a,2024-01-02,5,N,1,0,,", "school_holiday", FLAG, "nothing"),
    ],
)
def test_an_invalid_cell_is_named(put: PutFile, record: str, column: str, expected: str, found: str) -> None:
    """File, line, column, what was expected and what was found."""
    error = refusal(put, HEADER + GOOD + record + "\n")
    assert reported(error) == [(3, column, expected, found)]
    assert error.problems[0].file == "sales.csv"
    assert error.total == 1


def test_all_kinds_of_error_in_one_file_are_reported(put: PutFile) -> None:
    """One refusal lists the problems of cells, records and the whole file, by row."""
    records = "1,a,2024-01-01,x\n1,a\n1,b,2024-01-01,-1\n1,b,yesterday,1\n1,a,2024-01-01,2\n"
    error = refusal(put, "store,item,date,demand\n" + records)
    assert reported(error) == [
        (2, "demand", "a number of 0 or more", "'x'"),
        (3, None, "4 fields as in the header", "2 fields"),
        (4, "demand", "a number of 0 or more", "'-1'"),
        (5, "date", "a date yyyy-mm-dd", "'yesterday'"),
        (6, None, "one row per store, item and day", "store 1, item a, 2024-01-01 again (first in row 2)"),
    ]


def test_a_missing_column_does_not_hide_other_problems(put: PutFile) -> None:
    """The column is named with what the header has instead."""
    error = refusal(put, "store, Article ,demand\n1,a,-3\n")
    columns = "'store, Article, demand'"
    assert reported(error) == [
        (1, "item", "a column of this name", columns),
        (1, "date", "a column of this name", columns),
        (2, "demand", "a number of 0 or more", "'-3'"),
    ]


def test_a_column_that_appears_twice_is_refused(put: PutFile) -> None:
    """It is unclear which of the two is meant."""
    error = refusal(put, "store,item,date,demand,Demand\n1,a,2024-01-01,1,2\n")
    assert reported(error) == [(1, "demand", "this column once", "2 times")]


def test_a_day_given_twice_names_the_earlier_row(put: PutFile) -> None:
    """Also where the ids are written differently."""
    error = refusal(put, HEADER + GOOD + "1,b,2024-01-01,5,N,1,0,,0\n 1.0,a ,2024-01-01,5,N,1,0,,0\n")
    found = "store 1, item a, 2024-01-01 again (first in row 2)"
    assert reported(error) == [(4, None, "one row per store, item and day", found)]


def test_rows_whose_keys_cannot_be_read_are_not_compared(put: PutFile) -> None:
    """Two broken dates are two broken dates, not a duplicate."""
    error = refusal(put, "store,item,date,demand\n1,a,x,1\n1,a,y,1\n")
    assert [problem.column for problem in error.problems] == ["date", "date"]


def test_a_total_beside_items_of_the_same_store_is_refused(put: PutFile) -> None:
    """`all` is a store's total and would be counted twice; store 2 shows that it may stand alone."""
    error = refusal(put, "store,item,date,demand\n2,all,2024-01-01,9\n1,a,2024-01-01,1\n1,ALL,2024-01-01,1\n")
    expected = "either 'all' or single items in store 1"
    assert reported(error) == [(4, "item", expected, "'all' beside 'a' (row 3)")]


def test_a_store_in_two_regions_is_refused_once_per_region(put: PutFile) -> None:
    """The first row of the second region is named; a row without a region is no other region."""
    days = [f"1,a,2024-01-0{day},5,{region},1,0,,0\n" for day, region in enumerate(["", "N", "S", "S"], 1)]
    error = refusal(put, HEADER + "".join(days))
    assert reported(error) == [(4, "region", "'N' for store 1, as in row 3", "'S'")]


@pytest.mark.parametrize(
    ("content", "row", "expected", "found"),
    [
        (b"", None, "a header and at least one row", "an empty file"),
        (b" \n\n", None, "a header and at least one row", "an empty file"),
        (HEADER.encode(), None, "a header and at least one row", "no row"),
        (
            (HEADER + GOOD + "M\u00fcnchen").encode("latin-1"),
            3,
            "text in UTF-8",
            "the byte 0xFC (another enc",
        ),
        (HEADER.encode("utf-16"), None, "a CSV file in UTF-8 or a Parquet file", "UTF-16 text"),
        (b"PK\x03\x04rest", None, "a CSV file in UTF-8 or a Parquet file", "a ZIP archive or an Excel"),
        (b"a\x00b", None, "a CSV file in UTF-8 or a Parquet file", "binary data"),
        (b"PAR1 and no more", None, "a Parquet file that can be read", "a damaged one"),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    put: PutFile, content: bytes, row: int | None, expected: str, found: str
) -> None:
    """Empty, in another encoding, of another format, or damaged."""
    (problem,) = refusal(put, content).problems
    assert (problem.row, problem.column, problem.expected) == (row, None, expected)
    assert problem.found.startswith(found)


def test_a_missing_file_is_refused_by_name(put: PutFile) -> None:
    """A mistyped path gives the same kind of error as any other bad file."""
    path = put("sales.csv", GOOD)
    path.unlink()
    with pytest.raises(
        InvalidFile, match=r"sales\.csv: expected a file that can be read, found No such file"
    ):
        read_incoming_file(path, "sales", "canonical")


def test_rows_with_too_few_or_too_many_fields_are_named(put: PutFile) -> None:
    """A decimal comma in a comma file shows up as one field too many."""
    error = refusal(put, "store,item,date,demand\n1,a,2024-01-01\n1,a,2024-01-02,1,5\n")
    expected = "4 fields as in the header"
    assert reported(error) == [(2, None, expected, "3 fields"), (3, None, expected, "5 fields")]


def test_a_quote_that_is_never_closed_is_named_with_its_line(put: PutFile) -> None:
    """Not at the end of the file, where the reader gave up."""
    error = refusal(put, 'store,item,date,demand\n1,a,2024-01-01,1\n1,"a,2024-01-02,1\n1,a,2024-01-03,1\n')
    assert reported(error) == [(3, None, "a CSV record, its quotes closed", "unexpected end of data")]


def test_rows_are_counted_as_an_editor_counts_lines(put: PutFile) -> None:
    """Blank lines and line breaks within quotes count."""
    error = refusal(put, 'store,item,date,demand\n\n"1\nEast",a,2024-01-01,1\n\n1,a,2024-01-01,x\n')
    assert reported(error) == [(6, "demand", "a number of 0 or more", "'x'")]


def test_fifty_problems_are_listed_and_all_are_counted(put: PutFile) -> None:
    """The first rows come first, whichever check found them."""
    records = "".join(f"1,a,2024-01-01 1{row}:00,-{row}\n" for row in range(1, 4000))
    error = refusal(put, "store,item,date,demand\n" + records)
    assert len(error.problems) == 50
    assert error.total == 2 * 3999
    assert [problem.row for problem in error.problems] == [row for row in range(2, 27) for _ in range(2)]
    assert str(error).endswith("… and 7,948 more")


def test_a_long_value_is_cut_in_the_message(put: PutFile) -> None:
    """A page of text in a cell stays readable."""
    error = refusal(put, f"store,item,date,demand\n1,a,2024-01-01,{'x' * 500}\n")
    assert error.problems[0].found == f"'{'x' * 60}…'"


def test_parquet_rows_count_from_one(put: PutFile) -> None:
    """A Parquet file has no header line; its values meet the same checks."""
    columns = {
        "store": [1, 1, 1, 1],
        "item": ["a", "a", None, "a"],
        "date": [datetime(2024, 1, day, 9 * (day == 3)) for day in (1, 2, 3, 1)],  # noqa: DTZ001 - a date
        "demand": [math.nan, math.inf, 1.0, 2.5],
    }
    error = refusal(put, as_parquet(columns), name="sales.parquet")
    assert reported(error) == [
        (1, "demand", "a number of 0 or more", "nothing"),
        (2, "demand", "a number of 0 or more", "'inf'"),
        (3, "item", "an item's name or number", "nothing"),
        (3, "date", "a date yyyy-mm-dd", "'2024-01-03 09:00:00.000000'"),
        (4, None, "one row per store, item and day", "store 1, item a, 2024-01-01 again (first in row 1)"),
    ]


def test_parquet_instants_with_a_zone_and_nested_columns_are_refused(put: PutFile) -> None:
    """Neither is a day, nor a number."""
    zoned = {"store": ["1"], "item": ["a"], "date": [datetime(2024, 1, 1, tzinfo=UTC)], "demand": [1.0]}
    (problem,) = refusal(put, as_parquet(zoned)).problems
    assert (problem.row, problem.column) == (1, "date")
    nested = zoned | {"demand": [[1.0]]}
    assert reported(refusal(put, as_parquet(nested))) == [
        (None, "demand", "text, numbers or dates", "list<element: double>")
    ]


def test_a_plan_needs_a_store_and_a_date(put: PutFile) -> None:
    """The error names the columns of a plan, not those of sales."""
    error = refusal(put, "shop,date\n1,2024-01-01\n", kind="plan")
    assert reported(error) == [(1, "store", "a column of this name", "'shop, date'")]


def test_an_unknown_kind_is_refused(put: PutFile) -> None:
    """There are sales and plans."""
    with pytest.raises(InvalidRequest, match="expected 'sales' or 'plan', found 'prices'"):
        read_incoming_file(put("x.csv", GOOD), "prices", "canonical")
