"""Dumping a database into streams and loading it, from each kind of database into each."""

import io
from typing import Any

import pytest
import sqlalchemy as sa

from forecasting.core.domain import FileKey, RunState
from forecasting.core.errors import InvalidArchive, InvalidRequest, StateTooNew, StorageError
from forecasting.storage import SqlStorage
from forecasting.storage.database import REVISION
from forecasting.storage.dump import Dump, DumpLoader, require_empty
from forecasting.storage.upgrade import migrate
from tests.storage.dumps import Opened, Streams, dumped, furnish, load, rows
from tests.storage.examples import NOW, after, claim, move, press, publication, publish, retrain
from tests.storage.test_upgrade_with_data import LATER, RELEASES, ROWS, fill


def test_every_row_arrives(new: Opened, made: Opened, way: tuple[str, str]) -> None:
    """From any database to any other. Runs that were being worked are returned to the queue."""
    source, target = made(way[0]), new(way[1])
    furnish(source)
    load(target, dumped(source))
    before, then = rows(source), rows(target)
    assert {name for name in before if before[name]} >= {"history_head", "chain", "run_checkpoint"}
    assert before.pop("refresh_run") != then.pop("refresh_run")
    assert before == then


def test_what_comes_back_is_dumped_the_same(new: Opened, made: Opened, across: tuple[str, str]) -> None:
    """Byte for byte, from whichever database: the text of a document as well."""
    source, target = made(across[0]), new(across[1])
    storage = furnish(source)
    assert storage.requests.cancel(claimed(storage).run_id, "x", after(3))
    first = dumped(source)
    load(target, first)
    assert dumped(target).tables == first.tables


def claimed(storage: SqlStorage) -> Any:
    """The run under way."""
    (run,) = [run for run in storage.runs.recent(9) if run.state is RunState.RUNNING]
    return run


def test_a_run_under_way_goes_on_at_once(new: Opened, made: Opened, across: tuple[str, str]) -> None:
    """With its checkpoints and without losing an attempt, however old the dump. Its old worker is refused."""
    source, target = made(across[0]), new(across[1])
    storage = furnish(source)
    held = claimed(storage)
    load(target, dumped(source))
    back = SqlStorage(target)
    taken = claim(back, "worker-2", after(10_000), after(10_030))
    assert taken is not None
    assert (taken.run_id, taken.attempt, taken.state) == (held.run_id, held.attempt, RunState.RUNNING)
    assert back.checkpoints.read(taken) == {"part": b"\x00\xff'"}
    with pytest.raises(StorageError, match="expected run"):
        back.publications.publish(held, publication("2"), after(10_001))
    assert back.publications.publish(taken, publication("2"), after(10_001)).version == 3


def test_numbers_are_never_given_twice(new: Opened, made: Opened, across: tuple[str, str]) -> None:
    """Not even the numbers of rows that were removed before the dump."""
    source, target = made(across[0]), new(across[1])
    storage = furnish(source)
    storage.requests.cancel(claimed(storage).run_id, "x", after(3))
    with source.writing() as connection:
        connection.exec_driver_sql("DELETE FROM forecast_head")
        connection.exec_driver_sql("DELETE FROM forecast_summary")
        connection.exec_driver_sql("DELETE FROM forecast_version")
    storage.manifest.record("u.csv", "plan", "ann", NOW, [], {"9": {"type": "x"}})
    with source.writing() as connection:
        connection.exec_driver_sql("DELETE FROM store_attribute WHERE import_id = 4")
        connection.exec_driver_sql("DELETE FROM history_import WHERE import_id = 4")
    load(target, dumped(source))
    back = SqlStorage(target)
    assert publish(back, "3", 10.0, after(20)).version == 3
    assert back.manifest.record("v.csv", "plan", "ann", NOW, [], {"9": {"type": "x"}}) == 5


def test_numbers_begin_at_one_where_none_was_given(
    new: Opened, made: Opened, across: tuple[str, str]
) -> None:
    """An import without a forecast yet."""
    source, target = made(across[0]), new(across[1])
    SqlStorage(source).manifest.record("s.csv", "sales", "ann", NOW, [move("1", "a")])
    load(target, dumped(source))
    assert publish(SqlStorage(target)).version == 1


def test_one_state_is_dumped_whatever_happens_meanwhile(made: Opened) -> None:
    """Tables that are read late are in the state of the moment the dump began."""
    for kind in ("sqlite", "postgres"):
        source = made(kind)
        storage = furnish(source)
        before = rows(source)["forecast_version"]
        with source.reading() as connection:
            dump = Dump(connection)
            assert dump.write("history_import", io.BytesIO()) == 3
            publish(storage, "7", 30.0, after(5))
            storage.manifest.record("v.csv", "sales", "ann", NOW, [move("1", "c", "a")])
            assert dump.write("forecast_version", io.BytesIO()) == len(before)
            assert FileKey("sales", "1", "c") not in dump.files()


def test_files_are_told_with_the_heads_among_them(made: Opened) -> None:
    """Each once, also those that a rollback left behind."""
    source = made("sqlite")
    furnish(source)
    with source.reading() as connection:
        found = Dump(connection).files()
    assert found == {FileKey("sales", "1", "a"): True, FileKey("sales", "1", "b"): False}


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
@pytest.mark.parametrize(
    ("release", "place"), [*((release, "new") for release in RELEASES), (RELEASES[0], "made")]
)
def test_a_dump_of_an_older_release_is_brought_up_to_date(
    new: Opened, made: Opened, kind: str, release: str, place: str
) -> None:
    """Even if the current software has created its tables already."""
    source, target = new(kind), {"new": new, "made": made}[place](kind)
    if place == "made":
        SqlStorage(target).claims.beat("worker-1")
    for revision in RELEASES[: RELEASES.index(release) + 1]:
        with source.writing() as connection:
            migrate(connection, revision)
            fill(connection, ROWS if revision == "0001" else LATER[revision])
    streams = dumped(source)
    assert streams.revision == release
    load(target, streams)
    with target.reading() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == REVISION
    back = SqlStorage(target)
    assert back.runs.snapshots()["1"].head is not None
    assert rows(target)["refresh_worker"] == []
    for run in back.runs.recent(9):
        back.requests.cancel(run.run_id, "x", after(3))
    assert publish(back, "1", 10.0, after(86_400)).version == 2


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_database_in_use_is_not_loaded_into(made: Opened, kind: str) -> None:
    """The error says which rows it has, and nothing is changed."""
    source, target = made(kind), made(kind)
    furnish(source)
    storage = SqlStorage(target)
    storage.requests.submit(press(), retrain)
    before = rows(target)
    expected = "expected a database without rows, found 1 in refresh_run; nothing was changed"
    with pytest.raises(InvalidRequest, match=expected):
        require_empty(target)
    with pytest.raises(InvalidRequest, match=expected):
        load(target, dumped(source))
    assert rows(target) == before


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_database_where_the_software_only_ran_is_loaded_into(made: Opened, kind: str) -> None:
    """The signs of life of its workers are removed."""
    source, target = made(kind), made(kind)
    furnish(source)
    SqlStorage(target).claims.beat("worker-9")
    require_empty(target)
    load(target, dumped(source))
    assert [name for name, _ in rows(target)["refresh_worker"]] == ["worker-1"]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_load_that_fails_leaves_nothing(new: Opened, made: Opened, kind: str) -> None:
    """Not even the tables."""
    source, target = made(kind), new(kind)
    furnish(source)
    streams = dumped(source)
    count, stream = streams.tables["forecast_head"]
    streams.tables["forecast_head"] = (count + 1, stream)
    with pytest.raises(InvalidArchive, match="table forecast_head: expected 2 rows, found 1"):
        load(target, streams)
    with target.reading() as connection:
        assert sa.inspect(connection).get_table_names() == []


@pytest.mark.parametrize(
    ("table", "stream", "expected"),
    [
        ("alembic_version", b"", "expected one of the tables .*chain.*, found 'alembic_version'"),
        ("chain; DROP TABLE chain", b"", "expected one of the tables .*found 'chain; DROP TABLE chain'"),
        ("chain", b"something else", "table chain: expected an Arrow IPC stream, found: "),
        ("chain", None, "table chain: expected the columns chain_id large_string, .*, found name large_s"),
    ],
)
def test_a_stream_that_is_not_of_the_table_is_refused(
    new: Opened, made: Opened, table: str, stream: bytes | None, expected: str
) -> None:
    """With what was expected and what was found."""
    source, target = made("sqlite"), new("sqlite")
    streams = dumped(source)
    given_stream = streams.tables["refresh_worker"][1] if stream is None else stream
    with pytest.raises(InvalidArchive, match=expected):
        load(target, Streams(streams.revision, {table: (0, given_stream)}, {}))


def test_an_empty_database_of_a_newer_version_is_left_alone(made: Opened) -> None:
    """It may have tables this version does not know."""
    source, target = made("sqlite"), made("sqlite")
    furnish(source)
    with target.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StateTooNew, match="found '9999'; it was left as it is"):
        load(target, dumped(source))


def test_nobody_else_writes_while_it_is_loaded(made: Opened) -> None:
    """An import of a running server waits until the load has ended, and is then refused."""
    target = made("postgres")
    with target.writing(alone="schema") as connection:
        DumpLoader(connection, target.place, REVISION)
        with target.writing() as other:
            other.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
            with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
                other.exec_driver_sql("DELETE FROM refresh_run")
            other.rollback()
