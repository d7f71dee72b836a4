"""The file of store attributes in Rossmann's layout."""

from pathlib import Path

import pytest

from forecasting.core.errors import InvalidFile, InvalidRequest
from forecasting.history.file_validation import LAYOUTS
from forecasting.history.parquet_history import ParquetHistory
from forecasting.history.store_attributes import read_attributes
from tests.history.conftest import PutFile
from tests.history.examples import files_in
from tests.history.fake_manifest import FakeManifest

TRAIN = "Store,Date,Sales,Open,Promo,StateHoliday,SchoolHoliday\n1,2015-01-02,5,1,0,0,0\n"
HEADER = (
    '"Store","StoreType","Assortment","CompetitionDistance","CompetitionOpenSinceMonth",'
    '"CompetitionOpenSinceYear","Promo2","Promo2SinceWeek","Promo2SinceYear","PromoInterval"\n'
)
STORES = HEADER + '1,"c","a",1270,9,2008,0,,,""\n2,"a","a",570.5,11.0,2007,1,13,2010,"Jan,Apr,Jul,Oct"\n'
FIRST = {
    "store_type": "c",
    "assortment": "a",
    "competition_distance": 1270.0,
    "competition_open_since_month": 9,
    "competition_open_since_year": 2008,
    "promo2": 0,
    "promo2_since_week": None,
    "promo2_since_year": None,
    "promo_interval": None,
}
SECOND = FIRST | {
    "store_type": "a",
    "competition_distance": 570.5,
    "competition_open_since_month": 11,
    "competition_open_since_year": 2007,
    "promo2": 1,
    "promo2_since_week": 13,
    "promo2_since_year": 2010,
    "promo_interval": "Jan,Apr,Jul,Oct",
}


@pytest.fixture
def train(put: PutFile) -> Path:
    """A day of sales of store 1."""
    return put("train.csv", TRAIN)


def test_attributes_are_recorded_with_the_import(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest, train: Path
) -> None:
    """Text and numbers, None where a cell is blank; also of stores without sales."""
    report = history.import_file(train, "sales", "ann", stores=put("store.csv", STORES))
    assert manifest.attributes() == {"1": FIRST, "2": SECOND}
    assert report.notes == ("store attributes: new or changed for 2 stores",)
    assert (report.import_id, list(manifest.heads("sales"))) == (1, ["1"])


def test_the_same_attributes_again_change_nothing(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest, train: Path
) -> None:
    """Neither sales nor attributes have changed, so there is no import."""
    stores = put("store.csv", STORES)
    history.import_file(train, "sales", "ann", stores=stores)
    report = history.import_file(train, "sales", "ann", stores=stores)
    assert (report.import_id, report.notes, len(manifest.imports)) == (None, (), 1)


def test_changed_attributes_alone_are_recorded(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest, train: Path, root: Path
) -> None:
    """Only those of the changed stores; no head moves and no file is written."""
    history.import_file(train, "sales", "ann", stores=put("store.csv", STORES))
    before = files_in(root)
    report = history.import_file(
        train, "sales", "ann", stores=put("store.csv", STORES.replace('2,"a"', '2,"d"'))
    )
    assert (report.import_id, report.added, report.unchanged) == (2, 0, 1)
    assert report.notes == ("store attributes: new or changed for 1 store",)
    assert manifest.attributes() == {"1": FIRST, "2": SECOND | {"store_type": "d"}}
    assert (manifest.imports[1].after, files_in(root)) == ({}, before)


def test_a_plan_may_come_with_attributes_too(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """A file that has only some columns gives only those attributes."""
    plan = put("test.csv", "Id,Store,Date,Open\n1,1,2015-01-03,1\n")
    history.import_file(plan, "plan", "ann", stores=put("store.csv", "StoreType,Store\nb,7\n"))
    assert manifest.attributes() == {"7": {"store_type": "b"}}


def test_all_problems_of_a_file_of_stores_are_reported(put: PutFile) -> None:
    """With the row and Rossmann's heading."""
    records = ["1,a,b,far,13,1815,2,54,x,", ",a,b,,,,,,,", "2,a,b,,,,,,,", "2,a,b,,,,,,,"]
    path = put("store.csv", HEADER + "\n".join(records) + "\n")
    with pytest.raises(InvalidFile) as caught:
        read_attributes(path, LAYOUTS["rossmann"]["sales"])
    assert [str(problem).removeprefix("store.csv, ") for problem in caught.value.problems] == [
        "row 2, column 'CompetitionDistance': expected a number of 0 or more, found 'far'",
        "row 2, column 'CompetitionOpenSinceMonth': expected a month from 1 to 12, found '13'",
        "row 2, column 'CompetitionOpenSinceYear': expected a year from 1900 to 2199, found '1815'",
        "row 2, column 'Promo2': expected 0 or 1, found '2'",
        "row 2, column 'Promo2SinceWeek': expected a week from 1 to 53, found '54'",
        "row 2, column 'Promo2SinceYear': expected a year from 1900 to 2199, found 'x'",
        "row 3, column 'Store': expected a store's name or number, found nothing",
        "row 5: expected one row per store, found store 2 again (first in row 4)",
    ]


def test_a_file_of_something_else_is_refused_by_its_header(put: PutFile) -> None:
    """The sales file given twice by mistake, or a file without stores."""
    with pytest.raises(
        InvalidFile, match=r"row 1: expected at least one of the columns StoreType, .*'Store, Da"
    ):
        read_attributes(put("train.csv", TRAIN), LAYOUTS["rossmann"]["sales"])
    with pytest.raises(
        InvalidFile, match=r"column 'Store': expected a column of this name, found 'Shop, Sto"
    ):
        read_attributes(put("x.csv", "Shop,StoreType\n1,a\n"), LAYOUTS["rossmann"]["sales"])


def test_a_refused_file_of_stores_refuses_the_sales(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest, train: Path, root: Path
) -> None:
    """An import is applied in full or not at all."""
    with pytest.raises(InvalidFile, match=r"store\.csv, row 2, column 'Promo2'"):
        history.import_file(train, "sales", "ann", stores=put("store.csv", "Store,Promo2\n1,no\n"))
    assert (manifest.imports, manifest.attributes(), files_in(root)) == ([], {}, set())


def test_a_layout_without_attributes_refuses_such_a_file(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """Rather than dropping it silently."""
    canonical = put("sales.csv", "store,item,date,demand\n1,a,2015-01-02,5\n")
    with pytest.raises(InvalidRequest, match=r"store\.csv: expected a format that has .* canonical"):
        history.import_file(canonical, "sales", "ann", stores=put("store.csv", STORES))
    assert manifest.imports == []


def test_a_dry_run_reports_attributes_and_records_none(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest, train: Path, root: Path
) -> None:
    """The report before an upload is applied is complete, and nothing has changed."""
    report = history.import_file(train, "sales", "ann", stores=put("store.csv", STORES), dry_run=True)
    assert (report.import_id, report.added) == (None, 1)
    assert report.notes == ("store attributes: new or changed for 2 stores",)
    assert (manifest.imports, manifest.attributes(), files_in(root)) == ([], {}, set())
