import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from forecasting.domain import FileKey, Volume
from forecasting.errors import StateUnavailable
from forecasting.history import parquet_files
from forecasting.history.parquet_history import ParquetHistory
from tests.history.conftest import PutFile
from tests.history.fake_manifest import FakeManifest

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
BEFORE = LONG_AGO + timedelta(days=1)
HEADER = "store,item,date,demand\n"


def age(root: Path, at: datetime = LONG_AGO) -> None:
    """Let every file look as if written then."""
    for path, _ in parquet_files.present(root):
        os.utime(path, (at.timestamp(), at.timestamp()))


def head_key(manifest: FakeManifest, store: str = "1") -> FileKey:
    """What names the store's sales file."""
    head = manifest.heads("sales")[store]
    return FileKey("sales", store, head.content_hash)


@pytest.fixture
def grown(history: ParquetHistory, root: Path, put: PutFile) -> ParquetHistory:
    """A history of two imports: one file of then, one of now, both written long ago."""
    history.import_file(put("a.csv", f"{HEADER}1,x,2024-01-01,5\n"), "sales", "Ana")
    history.import_file(put("b.csv", f"{HEADER}1,x,2024-01-02,6\n"), "sales", "Ana")
    age(root)
    return history


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


def test_young_files_stay_whoever_needs_them(grown: ParquetHistory, root: Path) -> None:
    """An import under way has written its files, but not yet told the manifest."""
    age(root, BEFORE)
    assert grown.prune(set(), BEFORE) == Volume(0, 0)
    age(root, BEFORE - timedelta(seconds=1))
    assert grown.prune(set(), BEFORE).count == 2


def test_a_file_an_import_finds_to_be_there_is_young_again(
    history: ParquetHistory, root: Path, put: PutFile, manifest: FakeManifest
) -> None:
    """The old file of a roll-back's leavings becomes the head of a new import and is not taken from it."""
    sales = put("a.csv", f"{HEADER}1,x,2024-01-01,5\n")
    history.import_file(sales, "sales", "Ana")
    manifest.roll_back(1, "Ana", LONG_AGO)
    age(root)
    history.import_file(sales, "sales", "Ana")
    assert history.prune(set(), BEFORE) == Volume(0, 0)
    assert len(history.read(manifest.heads("sales")["1"])) == 1


def test_a_file_touched_between_the_look_and_the_removal_comes_back(
    grown: ParquetHistory, root: Path
) -> None:
    """The narrowest of races: it is looked at again once it is out of everybody's reach."""
    path = next(path for path, _ in parquet_files.present(root))
    os.utime(path)
    assert parquet_files.remove(path, BEFORE) is None
    assert path.exists()
    assert grown.usage().count == 2


def test_a_file_removed_between_the_look_and_the_write_is_written_anew(
    grown: ParquetHistory, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other side of that race: who finds a sound file and then can't touch it, writes it."""
    path = next(path for path, _ in parquet_files.present(root))
    frame = pd.read_parquet(path)
    utime = os.utime

    def too_late(file: Path) -> None:
        Path(file).unlink()
        utime(file)

    monkeypatch.setattr(os, "utime", too_late)
    parquet_files.write(path, frame)
    assert path.exists()
    assert grown.usage().count == 2


def test_what_interrupted_writers_left_goes_too(grown: ParquetHistory, root: Path) -> None:
    """Unfinished files of long ago; of today they may still be finished."""
    folder = next(path for path, _ in parquet_files.present(root)).parent
    for name in ("tmpabc.tmp", "hash.doomed"):
        (folder / name).write_bytes(b"half")
    (folder / "tmpnew.tmp").write_bytes(b"half")
    age(root)
    os.utime(folder / "tmpnew.tmp")
    removed = grown.prune(set(), BEFORE)
    assert removed.count == 4
    assert [path.name for path, _ in parquet_files.present(root)] == ["tmpnew.tmp"]


def test_a_file_that_cannot_be_removed_is_named(root: Path) -> None:
    """A folder of the same name in the way."""
    path = root / "sales" / "1_x" / "hash.parquet"
    path.with_suffix(".doomed").mkdir(parents=True)
    path.write_bytes(b"")
    with pytest.raises(StateUnavailable, match=r"expected to remove .*hash\.parquet, found"):
        parquet_files.remove(path, BEFORE)


def test_a_history_without_a_folder_is_empty(history: ParquetHistory) -> None:
    """Before the first import."""
    assert history.usage() == history.prune(set(), BEFORE) == Volume(0, 0)
