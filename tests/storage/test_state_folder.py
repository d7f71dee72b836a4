"""State folders that can't be used: the error is one sentence that says which folder, and why."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from forecasting import bootstrap
from forecasting.cli.main import main
from forecasting.core.errors import StateUnavailable
from forecasting.storage import SqlStorage, open_database
from forecasting.storage.database import FILE
from tests.house import FIRST, House, sales
from tests.storage.examples import NOW, move, publish

NOBODY = 65_534


@contextmanager
def without_rights() -> Iterator[None]:
    """Drop root rights, with which any folder can be written."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(me)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can access, unlike pytest's own."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
        Path(name).chmod(0o755)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A furnished state folder that the command line uses; it waits for no lock."""
    House(tmp_path).furnish().close()
    monkeypatch.setenv("STORECAST_HOME", str(tmp_path))
    monkeypatch.setattr(bootstrap, "open_database", partial(open_database, busy_timeout=0.05))
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    """Run a command that ends with exit code 2; return the one line it says."""
    assert main(command) == 2
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    return line


# -- at the start --------------------------------------------------------------------------------------


def test_a_file_that_is_no_database(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody put another file in its place."""
    (home / FILE).write_bytes(b"Store;Date;Sales\n" * 100)
    assert refused(capsys, "status") == f"{home / FILE} is not a SQLite database"


def test_a_folder_of_a_newer_version(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The software was downgraded."""
    with closing(sqlite3.connect(home / FILE)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "was written by a newer version of this software" in refused(capsys, "status")


def test_a_database_held_by_another_process(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What only reads goes on; what writes waits, and then says what for."""
    sales("1", "101", 1.0, FIRST, FIRST).to_csv(home / "day.csv", index=False)
    with closing(sqlite3.connect(home / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        locked = f"{home / FILE} is locked by another process"
        assert refused(capsys, "import", str(home / "day.csv")) == locked
        assert refused(capsys, "refresh", "--all") == locked
        assert main(["status"]) == 0


@pytest.mark.parametrize("left", [None, b""], ids=["gone", "emptied"])
def test_a_database_missing_beside_its_history(
    home: Path, capsys: pytest.CaptureFixture[str], left: bytes | None
) -> None:
    """A new database would show no stores, and its pruning would remove the files as unneeded."""
    (home / FILE).unlink()
    if left is not None:
        (home / FILE).write_bytes(left)
    files = sorted(home.glob("history/*/*/*"))
    for command in ("status", "prune"):
        assert refused(capsys, command).startswith(
            f"{home / FILE} is missing, although {home} has been in use"
        )
    assert sorted(home.glob("history/*/*/*")) == files
    assert (home / FILE).exists() == (left is not None)


def test_a_folder_that_cannot_be_made(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file stands where it should be."""
    (home / "file").write_text("mine")
    monkeypatch.setenv("STORECAST_HOME", str(home / "file"))
    assert refused(capsys, "status") == f"{home / 'file'} can't be used as the state folder: File exists"


def test_a_read_only_folder_without_a_database(open_folder: Path) -> None:
    """Nothing can be created in it."""
    open_folder.chmod(0o555)
    with (
        without_rights(),
        pytest.raises(StateUnavailable, match=f"{FILE} can't be created: Permission denied"),
    ):
        open_database(open_folder)


def test_a_read_only_folder_with_a_database(open_folder: Path) -> None:
    """It was mounted read-only, or belongs to somebody else."""
    open_database(open_folder).close()
    open_folder.chmod(0o555)
    with without_rights(), pytest.raises(StateUnavailable, match=f"{FILE} can't be .*read-only"):
        open_database(open_folder)


def test_a_read_only_file_can_be_read_but_not_written(open_folder: Path) -> None:
    """A worker's first sign of life meets it, so that a server notices at its start."""
    with closing(SqlStorage(open_database(open_folder))) as storage:
        publish(storage)
    (open_folder / FILE).chmod(0o444)
    open_folder.chmod(0o777)  # so that it is the file that is read-only, for whoever runs this
    with without_rights(), closing(SqlStorage(open_database(open_folder))) as storage:
        assert storage.runs.snapshots()["1"].head is not None
        with pytest.raises(StateUnavailable, match=f"{FILE} can't be written.*read-only"):
            storage.claims.beat("worker")


# -- while running -------------------------------------------------------------------------------------


def test_a_database_deleted_while_running_is_noticed(tmp_path: Path) -> None:
    """The next transaction reports it; otherwise writes would go into a file nobody can open."""
    with closing(SqlStorage(open_database(tmp_path))) as storage:
        publish(storage)
        (tmp_path / FILE).unlink()
        for act in (
            storage.runs.snapshots,
            lambda: storage.claims.beat("worker"),
            lambda: storage.manifest.record("f", "sales", "Ana", NOW, [move()]),
        ):
            with pytest.raises(StateUnavailable, match=f"{FILE} is missing"):
                act()
        assert not (tmp_path / FILE).exists()


def test_a_database_brought_back_while_running_is_used_again(tmp_path: Path) -> None:
    """A restored file needs no restart, and the old file is no longer read."""
    with closing(SqlStorage(open_database(tmp_path))) as storage:
        old = publish(storage)
        with (
            closing(sqlite3.connect(tmp_path / "backup")) as backup,
            closing(sqlite3.connect(tmp_path / FILE)) as source,
        ):
            source.backup(backup)
        publish(storage, "2")
        for file in tmp_path.glob(f"{FILE}*"):
            file.unlink()
        with pytest.raises(StateUnavailable):
            storage.runs.snapshots()
        shutil.move(tmp_path / "backup", tmp_path / FILE)
        assert {store: each.head for store, each in storage.runs.snapshots().items()} == {"1": old}
        publish(storage, "3")
        assert storage.runs.snapshots().keys() == {"1", "3"}


def test_a_folder_closed_to_everybody_while_running_is_noticed(open_folder: Path) -> None:
    """Nobody can check whether the file exists."""
    with closing(SqlStorage(open_database(open_folder))) as storage:
        publish(storage)
        open_folder.chmod(0o000)
        with without_rights(), pytest.raises(StateUnavailable, match=f"{FILE} can't be opened"):
            storage.runs.snapshots()
