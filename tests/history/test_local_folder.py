"""What only a local folder does: no error of the file system loses a file."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from forecasting.core.errors import StateUnavailable
from forecasting.history import parquet_files
from forecasting.history.local_folder import LocalFolder
from forecasting.history.parquet_history import ParquetHistory
from forecasting.history.parquet_reader import file_name
from tests.history.conftest import PutFile
from tests.history.examples import TWO_DAYS, files_in
from tests.history.fake_manifest import FakeManifest

NAME = "sales/1_x/a.parquet"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
BEFORE = LONG_AGO + timedelta(days=1)

KILLED_WHEN_SYNCING = """
import os, signal, sys
from pathlib import Path
from forecasting.history.local_folder import LocalFolder

os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
LocalFolder(Path(sys.argv[1])).write("sales/1_x/a.parquet", b"new" * 100_000)
"""


@pytest.fixture
def folder(root: Path) -> LocalFolder:
    """A folder with one old file."""
    folder = LocalFolder(root)
    folder.write(NAME, b"old")
    os.utime(root / NAME, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))
    return folder


def test_a_killed_writer_leaves_the_old_file(folder: LocalFolder) -> None:
    """Killed with SIGKILL before the sync; its temporary file is left and can be pruned when it is old."""
    script = [sys.executable, "-c", KILLED_WHEN_SYNCING, str(folder.root)]
    killed = subprocess.run(script, cwd=Path.cwd(), capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert folder.read(NAME) == b"old"
    (left,) = {file.name for file in folder.list_files()} - {NAME}
    assert left.endswith(".tmp")


def test_a_full_disk_leaves_only_the_old_file(folder: LocalFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the file."""

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StateUnavailable, match=rf"expected to write .*{NAME}, found: .*No space left"):
        folder.write(NAME, b"new")
    assert folder.read(NAME) == b"old"
    assert len(files_in(folder.root)) == 1


def test_files_have_default_permissions(folder: LocalFolder) -> None:
    """As any file of that user, so that users of other machines can read it."""
    usual = folder.root / "usual"
    usual.touch()
    assert (folder.root / NAME).stat().st_mode == usual.stat().st_mode


def test_hidden_files_are_ignored(folder: LocalFolder) -> None:
    """A network file system renames a file to such a name if it is removed while somebody reads it."""
    hidden = (folder.root / NAME).with_name(".nfs000000000001")
    hidden.write_bytes(b"still read")
    assert [file.name for file in folder.list_files()] == [NAME]


def test_a_file_touched_just_before_its_removal_is_kept(folder: LocalFolder) -> None:
    """Its age is checked again after it was renamed."""
    assert folder.touch(NAME)
    assert folder.begin_removal(NAME, BEFORE) is None
    assert folder.read(NAME) == b"old"
    assert len(files_in(folder.root)) == 1


def test_a_file_waiting_for_removal_is_not_pruned_as_a_leftover(folder: LocalFolder) -> None:
    """It looks new to other processes that prune, so that the removal can still be undone."""
    removal = folder.begin_removal(NAME, BEFORE)
    assert removal is not None
    (aside,) = folder.list_files()
    assert aside.written_at > BEFORE
    assert folder.begin_removal(aside.name, BEFORE) is None
    removal.undo()
    assert folder.read(NAME) == b"old"


def test_a_file_removed_just_before_it_is_touched_is_written_again(
    history: ParquetHistory, put: PutFile, root: Path, manifest: FakeManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that can't touch the file writes it."""
    history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    name = file_name(manifest.heads("sales")["1"])
    frame = pd.read_parquet(root / name)
    utime = os.utime

    def too_late(file: Path) -> None:
        Path(file).unlink()
        utime(file)

    monkeypatch.setattr(os, "utime", too_late)
    parquet_files.write_frame(LocalFolder(root), name, frame)
    assert history.read(manifest.heads("sales")["1"]).equals(frame)


@pytest.mark.parametrize("doing", ["read", "write", "remove"])
def test_errors_name_the_action_and_the_file(folder: LocalFolder, doing: str) -> None:
    """A file exists where a folder is needed."""
    name = f"{NAME}/b/c.parquet"
    what = {
        "read": lambda: folder.read(name),
        "write": lambda: folder.write(name, b""),
        "remove": lambda: folder.begin_removal(name, BEFORE),
    }
    with pytest.raises(StateUnavailable, match=rf"expected to {doing} .*{name}, found: .*Not a directory"):
        what[doing]()


def test_undoing_a_removal_that_fails_names_the_file(folder: LocalFolder) -> None:
    """Another process has deleted the file in the meantime."""
    removal = folder.begin_removal(NAME, BEFORE)
    assert removal is not None
    (aside,) = files_in(folder.root)
    aside.unlink()
    removal.complete()  # already done
    with pytest.raises(StateUnavailable, match=rf"expected to put back .*{NAME}, found"):
        removal.undo()
