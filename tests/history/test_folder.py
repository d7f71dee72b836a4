"""What a folder does on top of what every place promises: nothing a file system can do to it loses a file."""

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
from forecasting.history.folder import LocalFolder
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
from forecasting.history.folder import LocalFolder

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


def test_a_writer_that_is_killed_leaves_what_was_there(folder: LocalFolder) -> None:
    """And beside it a leftover that old age makes removable; kill -9 just before the file is safe."""
    script = [sys.executable, "-c", KILLED_WHEN_SYNCING, str(folder.root)]
    killed = subprocess.run(script, cwd=Path.cwd(), capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert folder.read(NAME) == b"old"
    (left,) = {file.name for file in folder.files()} - {NAME}
    assert left.endswith(".tmp")


def test_a_full_disk_leaves_what_was_there_and_nothing_else(
    folder: LocalFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is named."""

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StateUnavailable, match=rf"expected to write .*{NAME}, found: .*No space left"):
        folder.write(NAME, b"new")
    assert folder.read(NAME) == b"old"
    assert len(files_in(folder.root)) == 1


def test_files_have_the_rights_the_folder_is_shared_with(folder: LocalFolder) -> None:
    """As any file its user makes, so that the users of other machines can read it."""
    usual = folder.root / "usual"
    usual.touch()
    assert (folder.root / NAME).stat().st_mode == usual.stat().st_mode


def test_hidden_files_are_not_ours(folder: LocalFolder) -> None:
    """A network file system keeps under such names what was removed while somebody reads it."""
    hidden = (folder.root / NAME).with_name(".nfs000000000001")
    hidden.write_bytes(b"still read")
    assert [file.name for file in folder.files()] == [NAME]


def test_a_file_touched_between_the_look_and_the_removal_comes_back(folder: LocalFolder) -> None:
    """The narrowest of races: it is looked at again once it is out of everybody's reach."""
    assert folder.touch(NAME)
    assert folder.take(NAME, BEFORE) is None
    assert folder.read(NAME) == b"old"
    assert len(files_in(folder.root)) == 1


def test_what_stands_aside_is_nobodys_leftover(folder: LocalFolder) -> None:
    """It looks new to whoever else removes old files, so that it can still be put back."""
    taken = folder.take(NAME, BEFORE)
    assert taken is not None
    (aside,) = folder.files()
    assert aside.written_at > BEFORE
    assert folder.take(aside.name, BEFORE) is None
    taken.put_back()
    assert folder.read(NAME) == b"old"


def test_a_file_removed_between_the_look_and_the_write_is_written_anew(
    history: ParquetHistory, put: PutFile, root: Path, manifest: FakeManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other side of that race: who can't touch a file writes it."""
    history.import_file(put("two.csv", TWO_DAYS), "sales", "ann")
    name = file_name(manifest.heads("sales")["1"])
    frame = pd.read_parquet(root / name)
    utime = os.utime

    def too_late(file: Path) -> None:
        Path(file).unlink()
        utime(file)

    monkeypatch.setattr(os, "utime", too_late)
    parquet_files.write(LocalFolder(root), name, frame)
    assert history.read(manifest.heads("sales")["1"]).equals(frame)


@pytest.mark.parametrize("doing", ["read", "write", "remove"])
def test_what_cannot_be_done_is_told_with_the_file(folder: LocalFolder, doing: str) -> None:
    """A file is in the way of a folder."""
    name = f"{NAME}/b/c.parquet"
    what = {
        "read": lambda: folder.read(name),
        "write": lambda: folder.write(name, b""),
        "remove": lambda: folder.take(name, BEFORE),
    }
    with pytest.raises(StateUnavailable, match=rf"expected to {doing} .*{name}, found: .*Not a directory"):
        what[doing]()


def test_a_put_back_or_a_drop_that_fails_names_the_file(folder: LocalFolder) -> None:
    """The folder has gone meanwhile."""
    taken = folder.take(NAME, BEFORE)
    assert taken is not None
    (aside,) = files_in(folder.root)
    aside.unlink()
    taken.drop()  # somebody else's work: as good as done
    with pytest.raises(StateUnavailable, match=rf"expected to put back .*{NAME}, found"):
        taken.put_back()
