"""How the layout of a file is recognised."""

import pytest

from forecasting.core.errors import InvalidFile, InvalidRequest
from forecasting.history.file_validation import read_incoming_file
from tests.history.conftest import PutFile


@pytest.mark.parametrize(
    ("kind", "header", "record", "layout"),
    [
        ("sales", "store,item,date,demand", "1,a,2024-01-01,5", "canonical"),
        ("sales", "Date,Item,Store,Demand,Promo", "2024-01-01,a,1,5,0", "canonical"),
        ("sales", "Store,Date,Sales", "1,2024-01-01,5", "rossmann"),
        ("sales", " store ,SALES,date,promo", "1,5,2024-01-01,0", "rossmann"),
        ("plan", "store,date", "1,2024-01-01", "canonical"),
        ("plan", "store,date,promo", "1,2024-01-01,1", "canonical"),
        ("plan", "store,date,promo,school_holiday", "1,2024-01-01,1,1", "canonical"),
        ("plan", "Store,Date,Promo,SchoolHoliday", "1,2024-01-01,1,1", "rossmann"),
        ("plan", "Store,Date,Open", "1,2024-01-01,", "rossmann"),
    ],
)
def test_a_layout_is_recognised_by_the_header(
    put: PutFile, kind: str, header: str, record: str, layout: str
) -> None:
    """Whatever the case and order of its columns; asking for it by name gives the same."""
    path = put("file.csv", f"{header}\n{record}\n")
    assert read_incoming_file(path, kind).layout.name == layout
    assert read_incoming_file(path, kind, layout).notes == read_incoming_file(path, kind).notes


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("store,Article,date,demand", "item"),
        ("date,store,item,sales", "demand"),
        ("Store,Date,Umsatz,Open", "Sales"),
        ("Store,Day,Sales", "Date"),
    ],
)
def test_a_mistyped_column_does_not_hide_the_layout(put: PutFile, header: str, missing: str) -> None:
    """The file is refused for the column, with what the header has instead."""
    with pytest.raises(InvalidFile) as caught:
        read_incoming_file(put("file.csv", f"{header}\n1,2,3,4\n"), "sales")
    problem = caught.value.problems[0]
    assert (problem.row, problem.column, problem.expected) == (1, missing, "a column of this name")
    assert problem.found == f"'{header.replace(',', ', ')}'"


@pytest.mark.parametrize("header", ["product,quantity", "store,day,qty", "id,sales", "1,2015-01-02,5"])
def test_an_unknown_header_is_refused_with_the_known_layouts(put: PutFile, header: str) -> None:
    """With the columns each needs and those the file has."""
    with pytest.raises(InvalidFile) as caught:
        read_incoming_file(put("file.csv", f"\n{header}\n1,2,3\n"), "sales")
    known = "canonical (store, item, date, demand) or rossmann (Store, Date, Sales)"
    assert str(caught.value) == (
        f"file.csv, row 2: expected the columns of a known format: {known}, "
        f"found '{header.replace(',', ', ')}'"
    )


def test_an_unknown_layout_is_refused(put: PutFile) -> None:
    """The error lists the known names."""
    with pytest.raises(InvalidRequest, match="expected one of auto, canonical, rossmann, found 'walmart'"):
        read_incoming_file(put("file.csv", "store,date\n"), "plan", "walmart")
