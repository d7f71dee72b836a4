"""Importing files and reading stores."""

import csv
import tempfile
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.core.errors import InvalidFile
from forecasting.core.schema import PLAN, SALES, require
from forecasting.history.parquet_history import ParquetHistory
from tests.history.conftest import PutFile, SteppingClock
from tests.history.examples import HEADER, THIRD_DAY, TWO_DAYS, demand, files_in, read
from tests.history.fake_manifest import FakeManifest


def test_an_import_reports_what_it_did(history: ParquetHistory, put: PutFile, manifest: FakeManifest) -> None:
    """Its number, days, stores and rows; the manifest records who and when."""
    report = history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    assert (report.import_id, report.source, report.kind, report.stores) == (1, "two.csv", "sales", ("1",))
    assert (report.first_ds, report.last_ds) == (date(2024, 1, 1), date(2024, 1, 2))
    assert (report.added, report.revised, report.unchanged) == (2, 0, 0)
    assert (manifest.imports[0].by, manifest.imports[0].at.isoformat()) == (
        "ann",
        "2024-03-01T06:02:00+00:00",
    )
    head = manifest.head("1", "sales")
    assert head is not None
    assert (head.rows, head.items, head.region) == (2, ("a",), "North")
    assert (head.first_ds, head.last_ds) == (date(2024, 1, 1), date(2024, 1, 2))


def test_importing_the_same_file_again_changes_nothing(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest, root: Path
) -> None:
    """There is no import number, no new file and no entry."""
    history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    before = files_in(root)
    report = history.import_file(put("again.csv", TWO_DAYS), "sales", "ann")
    assert report.import_id is None
    assert (report.added, report.revised, report.unchanged) == (0, 0, 2)
    assert len(manifest.imports) == 1
    assert files_in(root) == before


def test_a_file_without_covariates_is_idempotent_too(history: ParquetHistory, put: PutFile) -> None:
    """Defaults are filled in the same way every time."""
    bare = put("bare.csv", "store,item,date,demand\n1,a,2024-01-01,0\n1,a,2024-01-02,3\n")
    assert history.import_file(bare, "sales", "ann").import_id == 1
    assert history.import_file(bare, "sales", "ann").import_id is None


def test_new_days_are_added_and_old_ones_stay(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """A nightly file brings one day and removes none."""
    history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    report = history.import_file(put("third.csv", THIRD_DAY), "sales", "ann")
    assert (report.added, report.revised, report.unchanged) == (1, 0, 0)
    assert demand(history, manifest) == {("a", "01-01"): 5, ("a", "01-02"): 6, ("a", "01-03"): 7}


def test_a_revision_replaces_the_row_and_is_counted(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """Of three rows one is new, one is revised and one is unchanged."""
    history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    late = TWO_DAYS.replace("2024-01-01,5", "2024-01-01,9") + THIRD_DAY.removeprefix(HEADER)
    report = history.import_file(put("late.csv", late), "sales", "ann")
    assert (report.added, report.revised, report.unchanged) == (1, 1, 1)
    assert demand(history, manifest) == {("a", "01-01"): 9, ("a", "01-02"): 6, ("a", "01-03"): 7}


def test_covariates_a_file_does_not_give_are_kept(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """A correction of demand alone wipes no promotion and no holiday."""
    history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    late = "store,item,date,demand\n1,a,2024-01-02,8\n"
    report = history.import_file(put("late.csv", late), "sales", "ann")
    assert report.revised == 1
    kept = read(history, manifest).iloc[1]
    assert (kept["y"], kept["promo"], kept["holiday"]) == (8, True, "Easter")


def test_a_day_on_which_a_later_file_sold_something_is_open(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """Items that come in files of their own and without `is_open` do not close each other's days."""
    header = "store,item,date,demand\n"
    history.import_file(put("a.csv", header + "1,a,2024-01-01,0\n1,a,2024-01-02,0\n"), "sales", "ann")
    assert read(history, manifest)["is_open"].tolist() == [False, False]
    history.import_file(put("b.csv", header + "1,b,2024-01-01,4\n1,b,2024-01-02,0\n"), "sales", "ann")
    assert read(history, manifest)["is_open"].tolist() == [True, False, True, False]


def test_nothing_changes_on_a_refused_file(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest, root: Path
) -> None:
    """Good rows of other stores in the same file are not applied either."""
    history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    before, heads = files_in(root), manifest.heads("sales")
    bad = THIRD_DAY + "2,a,2024-01-03,7,North,1,0,,0\n2,a,2024-01-04,-7,North,1,0,,0\n"
    with pytest.raises(InvalidFile, match="row 4, column 'demand'"):
        history.import_file(put("bad.csv", bad), "sales", "ann")
    assert (files_in(root), manifest.heads("sales"), len(manifest.imports)) == (before, heads, 1)


@pytest.mark.parametrize(
    ("known", "coming", "message"),
    [
        ("a", "all", "row 3, column 'item': expected what store 1 already has: single items, such as 'a'"),
        ("all", "a", "row 3, column 'item': expected what store 1 already has: 'all', found 'a'"),
    ],
)
def test_a_total_where_items_are_known_is_refused(
    history: ParquetHistory, put: PutFile, known: str, coming: str, message: str, manifest: FakeManifest
) -> None:
    """And the other way round; the error names the store's first row in the file."""
    header = "store,item,date,demand\n"
    history.import_file(put("known.csv", f"{header}1,{known},2024-01-01,1\n"), "sales", "ann")
    later = f"{header}2,a,2024-01-01,1\n1,{coming},2024-01-03,1\n1,{coming},2024-01-02,1\n"
    with pytest.raises(InvalidFile, match=message):
        history.import_file(put("later.csv", later), "sales", "ann")
    assert len(demand(history, manifest)) == 1


def test_a_store_may_move_to_another_region(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """The newest region wins and is noted, even where no row is new; a file without regions keeps it."""
    history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    report = history.import_file(put("moved.csv", TWO_DAYS.replace("North", "South")), "sales", "ann")
    assert report.import_id == 2
    assert report.notes == ("store 1: region was 'North', is now 'South'",)
    history.import_file(put("bare.csv", "store,item,date,demand\n1,a,2024-01-05,1\n"), "sales", "ann")
    assert {file.region for file in manifest.heads("sales").values()} == {"South"}


def test_frames_come_in_natural_order_and_schema_types(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest
) -> None:
    """Item 9 before item 10, however the file was ordered."""
    records = [f"1,{item},2024-01-0{day},1,N,1,0,,0\n" for item in ("10", "x", "9") for day in (2, 1)]
    history.import_file(put("sales.csv", HEADER + "".join(records)), "sales", "ann")
    history.import_file(put("plan.csv", "store,date\n1,2024-01-03\n"), "plan", "ann")
    sales, plan = read(history, manifest), read(history, manifest, kind="plan")
    assert sales["item"].tolist() == ["9", "9", "10", "10", "x", "x"]
    assert sales["ds"].dt.day.tolist() == [1, 2] * 3
    assert list(require(sales, SALES, "sales")) == list(sales)
    assert list(require(plan, PLAN, "plan")) == list(plan)
    assert sales["ds"].dtype == "datetime64[us]"


def test_a_roll_back_reads_the_old_values(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest, clock: SteppingClock
) -> None:
    """The previous file is still there, and the import can be repeated."""
    history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    revision = put("revision.csv", TWO_DAYS.replace("2024-01-01,5", "2024-01-01,50"))
    import_id = history.import_file(revision, "sales", "ann").import_id
    assert import_id is not None
    manifest.roll_back(import_id, "ann", clock.now())
    assert demand(history, manifest)["a", "01-01"] == 5
    assert history.import_file(revision, "sales", "ann").revised == 1
    assert demand(history, manifest)["a", "01-01"] == 50


def test_rolling_back_a_first_import_leaves_no_store(
    history: ParquetHistory, put: PutFile, manifest: FakeManifest, clock: SteppingClock
) -> None:
    """A later file creates the store again."""
    history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    manifest.roll_back(1, "ann", clock.now())
    assert history.import_file(put("third.csv", THIRD_DAY), "sales", "ann").added == 1
    assert demand(history, manifest) == {("a", "01-03"): 7}


IDS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=5
).filter(lambda text: text == text.strip() and text.lower() != "all" and not text.endswith(".0"))
RECORDS = st.dictionaries(
    st.tuples(IDS, IDS, st.dates(date(1900, 1, 1), date(2024, 4, 1))),
    st.tuples(
        st.floats(0, 1e300), st.booleans(), st.booleans(), st.sampled_from(["", "Fête"]), st.booleans()
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(records=RECORDS, kind_of_file=st.sampled_from(["csv", "parquet"]))
def test_what_was_imported_is_what_is_read(
    records: dict[tuple[str, str, date], tuple[float, bool, bool, str, bool]], kind_of_file: str
) -> None:
    """Every value, whatever the names and in either format."""
    columns = ["store", "item", "date", "demand", "is_open", "promo", "holiday", "school_holiday"]
    frame = pd.DataFrame([(*key, *values) for key, values in records.items()], columns=columns)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sales"
        if kind_of_file == "parquet":
            frame.to_parquet(path)
        else:
            frame.to_csv(path, index=False, quoting=csv.QUOTE_ALL, lineterminator="\n")
        manifest = FakeManifest()
        history = ParquetHistory(Path(folder) / "history", manifest, SteppingClock())
        report = history.import_file(path, "sales", "ann")
        frames = [read(history, manifest, store) for store in report.stores]
    found = {
        (row.store, row.item, row.ds.date()): (row.y, row.is_open, row.promo, row.holiday, row.school_holiday)
        for frame in frames
        for row in frame.itertuples()
    }
    assert found == records
    assert report.added == len(records)
