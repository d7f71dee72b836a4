"""What pruning removes in every kind of folder, and what it keeps."""

from datetime import UTC, datetime, timedelta

import pytest

from forecasting.core.domain import FileKey, Volume
from forecasting.history.parquet_history import ParquetHistory
from tests.history.conftest import PutFile
from tests.history.fake_manifest import FakeManifest
from tests.history.folder_cases import FolderCase

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
BEFORE = LONG_AGO + timedelta(days=1)
HEADER = "store,item,date,demand\n"


def head_key(manifest: FakeManifest, store: str = "1") -> FileKey:
    """Return the key of the store's sales file."""
    head = manifest.heads("sales")[store]
    return FileKey("sales", store, head.content_hash)


@pytest.fixture
def grown(any_history: ParquetHistory, case: FolderCase, put: PutFile) -> ParquetHistory:
    """A history of two imports: the previous file and the current one, both old."""
    any_history.import_file(put("a.csv", f"{HEADER}1,x,2024-01-01,5\n"), "sales", "Ana")
    any_history.import_file(put("b.csv", f"{HEADER}1,x,2024-01-02,6\n"), "sales", "Ana")
    case.age_all(LONG_AGO)
    return any_history


def test_unneeded_files_are_removed_and_the_others_kept(
    grown: ParquetHistory, manifest: FakeManifest
) -> None:
    """The report has their number and size; a second time there is nothing left to do."""
    before = grown.usage()
    assert before.count == 2
    removed = grown.prune({head_key(manifest)}, BEFORE)
    after = grown.usage()
    assert (removed.count, after.count) == (1, 1)
    assert removed.bytes == before.bytes - after.bytes > 0
    assert len(grown.read(manifest.heads("sales")["1"])) == 2
    assert grown.prune({head_key(manifest)}, BEFORE) == Volume(0, 0)


def test_a_dry_run_reports_the_same_and_removes_nothing(
    grown: ParquetHistory, manifest: FakeManifest
) -> None:
    """Down to the byte."""
    reported = grown.prune({head_key(manifest)}, BEFORE, dry_run=True)
    assert grown.usage().count == 2
    assert grown.prune({head_key(manifest)}, BEFORE) == reported


def test_all_batches_are_removed(any_history: ParquetHistory, case: FolderCase) -> None:
    """There are more files than one batch holds."""
    for n in range(60):
        case.folder.write(f"sales/1_x/{n}.parquet", b"." * n)
    case.age_all(LONG_AGO)
    assert any_history.prune(set(), BEFORE) == Volume(60, sum(range(60)))
    assert case.names == set()


def test_young_files_are_kept_even_if_unneeded(
    grown: ParquetHistory, case: FolderCase, manifest: FakeManifest
) -> None:
    """A running import has written its files but not yet recorded them."""
    manifest.imports.clear()
    case.age_all(BEFORE)
    assert grown.prune(set(), BEFORE) == Volume(0, 0)
    case.age_all(BEFORE - timedelta(seconds=1))
    assert grown.prune(set(), BEFORE).count == 2


def test_a_file_that_an_import_uses_again_is_young_again(
    any_history: ParquetHistory, case: FolderCase, put: PutFile, manifest: FakeManifest
) -> None:
    """A file left by a roll-back becomes the head of a new import, so it must not be pruned."""
    sales = put("a.csv", f"{HEADER}1,x,2024-01-01,5\n")
    any_history.import_file(sales, "sales", "Ana")
    manifest.roll_back(1, "Ana", LONG_AGO)
    case.age_all(LONG_AGO)
    any_history.import_file(sales, "sales", "Ana")
    ages = [file.written_at for file in case.folder.list_files()]
    assert len(ages) == 1
    assert ages[0] > BEFORE
    assert len(any_history.read(manifest.heads("sales")["1"])) == 1


def test_leftovers_of_interrupted_writers_are_removed_too(
    grown: ParquetHistory, case: FolderCase, manifest: FakeManifest
) -> None:
    """Old unfinished files; recent ones may still be finished."""
    folder = min(case.names).rpartition("/")[0]
    for name in ("abc.tmp", "hash.0a.doomed", "new.tmp"):
        case.folder.write(f"{folder}/{name}", b"half")
    case.age_all(LONG_AGO)
    case.age(f"{folder}/new.tmp", BEFORE)
    manifest.imports.clear()
    assert grown.prune(set(), BEFORE).count == 4
    assert case.names == {f"{folder}/new.tmp"}


def test_a_history_without_a_root_is_empty(any_history: ParquetHistory) -> None:
    """Before the first import."""
    assert any_history.usage() == any_history.prune(set(), BEFORE) == Volume(0, 0)
