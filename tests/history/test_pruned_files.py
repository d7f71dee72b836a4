"""What pruning removes, at every kind of place, and what it leaves alone."""

from datetime import UTC, datetime, timedelta

import pytest

from forecasting.core.domain import FileKey, Volume
from forecasting.history.parquet_history import ParquetHistory
from tests.history.conftest import PutFile
from tests.history.fake_manifest import FakeManifest
from tests.history.spots import Spot

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
BEFORE = LONG_AGO + timedelta(days=1)
HEADER = "store,item,date,demand\n"


def head_key(manifest: FakeManifest, store: str = "1") -> FileKey:
    """What names the store's sales file."""
    head = manifest.heads("sales")[store]
    return FileKey("sales", store, head.content_hash)


@pytest.fixture
def grown(placed: ParquetHistory, spot: Spot, put: PutFile) -> ParquetHistory:
    """A history of two imports: one file of then, one of now, both written long ago."""
    placed.import_file(put("a.csv", f"{HEADER}1,x,2024-01-01,5\n"), "sales", "Ana")
    placed.import_file(put("b.csv", f"{HEADER}1,x,2024-01-02,6\n"), "sales", "Ana")
    spot.age_all(LONG_AGO)
    return placed


def test_files_nobody_needs_go_and_the_others_stay(grown: ParquetHistory, manifest: FakeManifest) -> None:
    """The report has their number and size; a second time there is nothing left to do."""
    before = grown.usage()
    assert before.count == 2
    removed = grown.prune({head_key(manifest)}, BEFORE)
    after = grown.usage()
    assert (removed.count, after.count) == (1, 1)
    assert removed.bytes == before.bytes - after.bytes > 0
    assert len(grown.read(manifest.heads("sales")["1"])) == 2
    assert grown.prune({head_key(manifest)}, BEFORE) == Volume(0, 0)


def test_a_dry_run_tells_the_same_and_removes_nothing(grown: ParquetHistory, manifest: FakeManifest) -> None:
    """Down to the byte."""
    told = grown.prune({head_key(manifest)}, BEFORE, dry_run=True)
    assert grown.usage().count == 2
    assert grown.prune({head_key(manifest)}, BEFORE) == told


def test_more_files_go_than_are_taken_at_once(placed: ParquetHistory, spot: Spot) -> None:
    """Not one is forgotten between two handfuls."""
    for n in range(60):
        spot.place.write(f"sales/1_x/{n}.parquet", b"." * n)
    spot.age_all(LONG_AGO)
    assert placed.prune(set(), BEFORE) == Volume(60, sum(range(60)))
    assert spot.names == set()


def test_young_files_stay_whoever_needs_them(
    grown: ParquetHistory, spot: Spot, manifest: FakeManifest
) -> None:
    """An import under way has written its files, but not yet told the manifest."""
    manifest.imports.clear()
    spot.age_all(BEFORE)
    assert grown.prune(set(), BEFORE) == Volume(0, 0)
    spot.age_all(BEFORE - timedelta(seconds=1))
    assert grown.prune(set(), BEFORE).count == 2


def test_a_file_an_import_finds_to_be_there_is_young_again(
    placed: ParquetHistory, spot: Spot, put: PutFile, manifest: FakeManifest
) -> None:
    """The old file of a roll-back's leavings is to become the head of a new import and not taken from it."""
    sales = put("a.csv", f"{HEADER}1,x,2024-01-01,5\n")
    placed.import_file(sales, "sales", "Ana")
    manifest.roll_back(1, "Ana", LONG_AGO)
    spot.age_all(LONG_AGO)
    placed.import_file(sales, "sales", "Ana")
    ages = [file.written_at for file in spot.place.files()]
    assert len(ages) == 1
    assert ages[0] > BEFORE
    assert len(placed.read(manifest.heads("sales")["1"])) == 1


def test_what_interrupted_writers_left_goes_too(
    grown: ParquetHistory, spot: Spot, manifest: FakeManifest
) -> None:
    """Unfinished files of long ago; of today they may still be finished."""
    folder = min(spot.names).rpartition("/")[0]
    for name in ("abc.tmp", "hash.0a.doomed", "new.tmp"):
        spot.place.write(f"{folder}/{name}", b"half")
    spot.age_all(LONG_AGO)
    spot.age(f"{folder}/new.tmp", BEFORE)
    manifest.imports.clear()
    assert grown.prune(set(), BEFORE).count == 4
    assert spot.names == {f"{folder}/new.tmp"}


def test_a_history_without_a_root_is_empty(placed: ParquetHistory) -> None:
    """Before the first import."""
    assert placed.usage() == placed.prune(set(), BEFORE) == Volume(0, 0)
