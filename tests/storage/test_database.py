import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from forecasting.core.errors import StateUnavailable, StorageError
from forecasting.storage import Database, SqlStorage, open_database
from forecasting.storage.database import FILE, REVISION
from tests.children import Child, release
from tests.storage.child import open_many, reopen
from tests.storage.examples import after, move, publication, publish, running


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database that does not wait for locks."""
    opened = open_database(tmp_path, busy_timeout=0.05)
    yield opened
    opened.close()


def pragma(database: Database, name: str) -> object:
    """What one connection has set."""
    with database.reading() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


@pytest.mark.parametrize("folder", ["state", "with space", "100% ?#&", "Büro/deep/er"])
def test_the_state_folder_is_created(tmp_path: Path, folder: str) -> None:
    """Whatever its name is, the database is in it and nowhere else."""
    open_database(tmp_path / folder).close()
    assert [path.name for path in (tmp_path / folder).iterdir()] == [FILE]


def test_every_connection_is_durable_and_checked(database: Database) -> None:
    """A commit survives a power cut (2 is FULL), readers go on during a write, foreign keys hold."""
    assert pragma(database, "journal_mode") == "wal"
    assert pragma(database, "synchronous") == 2
    assert pragma(database, "foreign_keys") == 1


def test_transactions_wait_half_a_minute_for_a_lock_by_default(tmp_path: Path) -> None:
    """The busy timeout is 30 s."""
    with closing(open_database(tmp_path)) as opened:
        assert pragma(opened, "busy_timeout") == 30_000


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    """Closing and opening loses nothing and migrates nothing."""
    with closing(SqlStorage(open_database(tmp_path))) as storage:
        storage.manifest.record("a.csv", "sales", "me", publish(storage).published_at, [move()])
    with closing(SqlStorage(open_database(tmp_path))) as storage:
        assert storage.manifest.heads("sales")["1"].content_hash == "a"
        assert storage.runs.snapshots()["1"].head == storage.versions.header(1)


def test_a_folder_under_a_file_is_refused(tmp_path: Path) -> None:
    """The error names the path and why it can't be used."""
    (tmp_path / "file").write_text("")
    with pytest.raises(
        StateUnavailable, match="file/state can't be used as the state folder: Not a directory"
    ):
        open_database(tmp_path / "file" / "state")


def test_a_file_for_a_folder_is_refused(tmp_path: Path) -> None:
    """A file where the folder should be is left alone."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StateUnavailable, match="file can't be used as the state folder: File exists"):
        open_database(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_database_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    """A folder where the database should be."""
    (tmp_path / FILE).mkdir()
    with pytest.raises(StateUnavailable, match=f"{FILE} can't be opened"):
        open_database(tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """The error names it, and it stays as it is."""
    (tmp_path / FILE).write_bytes(b"Store;Date;Sales\n" * 100)
    with pytest.raises(StateUnavailable, match=f"{FILE} is not a SQLite database"):
        open_database(tmp_path)
    assert (tmp_path / FILE).read_bytes() == b"Store;Date;Sales\n" * 100


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    """A file whose header is right but whose pages are not."""
    open_database(tmp_path).close()
    content = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    with pytest.raises(StateUnavailable, match=f"{FILE} is damaged"):
        open_database(tmp_path)


def test_a_new_file_held_by_another_process_is_refused(tmp_path: Path) -> None:
    """Opening waits for the lock as long as configured, and the error says what it waited for."""
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StateUnavailable, match=f"{FILE} is locked by another process"):
            open_database(tmp_path, busy_timeout=0.05)


def test_a_writer_waits_only_so_long(database: Database, tmp_path: Path) -> None:
    """A lock that is not released leads to an error that names the file. Readers are not affected."""
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            pytest.raises(StateUnavailable, match=f"{FILE} is locked by another process"),
            database.writing(),
        ):
            pass
        with database.reading() as connection:
            assert connection.exec_driver_sql("SELECT * FROM alembic_version").scalar_one() == REVISION


def test_a_reader_sees_one_state_throughout(database: Database) -> None:
    """What is written during a reading transaction is seen by the next one."""
    storage = SqlStorage(database)
    count = sa.text("SELECT count(*) FROM refresh_run")
    with database.reading() as connection:
        assert connection.execute(count).scalar_one() == 0
        running(storage)
        assert connection.execute(count).scalar_one() == 0
    with database.reading() as connection:
        assert connection.execute(count).scalar_one() == 1


def test_an_exception_undoes_the_transaction(database: Database) -> None:
    """Even one that has nothing to do with the database. It is raised unchanged."""

    def fail_after_writing() -> None:
        with database.writing() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'x'")
            raise KeyError

    with pytest.raises(KeyError):
        fail_after_writing()
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT * FROM alembic_version").scalar_one() == REVISION


def test_a_broken_rule_of_the_schema_is_a_storage_error(database: Database) -> None:
    """SQLAlchemy's own errors never leave the storage."""
    insert = "INSERT INTO forecast_head VALUES ('1', 77)"
    with (
        pytest.raises(StorageError, match="refused by the database: FOREIGN KEY"),
        database.writing() as connection,
    ):
        connection.exec_driver_sql(insert)


def test_a_full_disk_is_told_and_leaves_the_last_forecast(database: Database) -> None:
    """A publication that does not fit changes nothing."""
    storage = SqlStorage(database)
    first = publish(storage)
    run = running(storage, at=after(1))
    pages = pragma(database, "page_count")
    sa.event.listen(
        database.engine,
        "begin",
        lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={pages}"),
    )
    big = replace(publication(level=2.0), assumptions=("no plan" * 10_000,))
    with pytest.raises(StateUnavailable, match=f"{FILE} can't be written: the disk is full"):
        storage.publications.publish(run, big, run.requested_at)
    assert storage.runs.snapshots()["1"].head == first


def test_processes_may_open_a_fresh_folder_at_the_same_moment(tmp_path: Path) -> None:
    """Each of many new databases is created once and used by both; neither process sees an error."""
    children = [Child(open_many, tmp_path, 20) for _ in range(2)]
    assert release(children) == [20, 20]
    for number in range(20):
        with closing(open_database(tmp_path / str(number))) as opened:
            assert pragma(opened, "integrity_check") == "ok"


def test_an_up_to_date_database_opens_without_alembic(tmp_path: Path) -> None:
    """Start-up does not import what it does not need."""
    open_database(tmp_path).close()
    assert release([Child(reopen, tmp_path)]) == [False]
