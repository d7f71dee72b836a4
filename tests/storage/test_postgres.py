"""The PostgreSQL backend: addresses, error messages, and concurrent transactions."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from forecasting.core.domain import RunState, Verdict
from forecasting.core.errors import InvalidSetting, StateTooNew, StateUnavailable, StorageError
from forecasting.storage import Database, SqlStorage, open_database
from forecasting.storage.database import REVISION
from forecasting.storage.postgres import parse_url, place_of
from forecasting.storage.tables import refresh_run
from tests.postgres import Server, serving
from tests.storage.child import together
from tests.storage.examples import LEASE, LIMIT, move, press, publication, publish, retrain, running

SECRET = "hunter2"  # noqa: S105 - of nothing


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    """An empty database."""
    made = postgres.new_database()
    yield made
    postgres.drop(made)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A database with the current schema."""
    with closing(open_database(Path(), url)) as opened:
        yield opened


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://ana:{SECRET}@db.example:5433/storecast",
        f"postgres://ana:{SECRET}@db.example:5433/storecast",
        f"postgresql+psycopg://ana:{SECRET}@db.example:5433/storecast",
    ],
)
def test_the_password_of_an_address_is_never_shown(address: str) -> None:
    """What operators read names server, user and database."""
    url = parse_url(address)
    assert url.password == SECRET
    assert place_of(url) == "postgresql://ana@db.example:5433/storecast"


def test_a_password_among_the_parameters_is_not_shown_either() -> None:
    """Libpq takes one there as well."""
    place = place_of(parse_url(f"postgresql:///storecast?host=/run/pg&password={SECRET}&sslmode=require"))
    assert SECRET not in place
    assert place.endswith("/storecast?host=%2Frun%2Fpg")


@pytest.mark.parametrize(
    "text",
    ["nonsense", f"mysql://ana:{SECRET}@host/db", f"postgresql://ana:{SECRET}@host", "postgresql://h:x/y"],
)
def test_an_address_of_something_else_is_refused(text: str) -> None:
    """By the setting's name, with an example, without the password."""
    with pytest.raises(
        InvalidSetting, match="STORECAST_DATABASE_URL: expected an address such as"
    ) as refused:
        parse_url(text)
    assert SECRET not in str(refused.value)


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    """In one sentence, without the password."""
    with pytest.raises(StateUnavailable) as refused:
        open_database(tmp_path, f"postgresql://ana:{SECRET}@127.0.0.1:9/storecast")
    assert str(refused.value) == "postgresql://ana@127.0.0.1:9/storecast is out of reach"


def test_a_database_that_is_not_there_is_named(postgres: Server, tmp_path: Path) -> None:
    """It is never created: that is up to the server's administrator."""
    missing = postgres.url.replace("/postgres?", "/no_such_database?")
    with pytest.raises(
        StateUnavailable, match=r"no_such_database.* does not have this database|is out of reach"
    ):
        open_database(tmp_path, missing)


def test_processes_may_open_an_empty_database_at_the_same_moment(url: str) -> None:
    """One of them creates the schema; the others wait for it."""

    def open_one(_number: int) -> str:
        with closing(open_database(Path(), url)) as opened, opened.reading() as connection:
            return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())

    assert together(open_one, 6) == [REVISION] * 6


def test_a_newer_database_is_refused(database: Database, url: str) -> None:
    """It was written by newer software."""
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StateTooNew, match=f"newer version of this software.*{REVISION}.*9999"):
        open_database(Path(), url)


def test_a_schema_that_is_gone_beside_used_history_is_refused(url: str, tmp_path: Path) -> None:
    """An empty database in its place would look like an empty product."""
    with pytest.raises(StateUnavailable, match="has been in use: restore it from a backup"):
        open_database(tmp_path, url, must_exist=True)


def test_the_clock_is_the_servers(database: Database) -> None:
    """In UTC, whatever zone the server is set to, and it goes on within a transaction."""
    with database.writing() as connection:
        connection.exec_driver_sql("SET LOCAL timezone = 'Asia/Kolkata'")
        first, second = database.now(connection), database.now(connection)
    assert first.utcoffset() == timedelta(0)
    assert first < second
    assert abs(second - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_reader_sees_one_state_and_cannot_write(database: Database) -> None:
    """What is committed meanwhile is seen by the next transaction."""
    storage = SqlStorage(database)
    count = sa.select(sa.func.count()).select_from(refresh_run)
    with database.reading() as connection:
        assert connection.execute(count).scalar_one() == 0
        running(storage)
        assert connection.execute(count).scalar_one() == 0
    with database.reading() as connection:
        assert connection.execute(count).scalar_one() == 1
    with pytest.raises(StateUnavailable, match="read-only"), database.reading() as connection:
        connection.execute(sa.delete(refresh_run))


def test_who_asks_for_the_same_lock_waits(database: Database) -> None:
    """Until the other transaction has ended; another name is another lock."""
    inside, order, go_on = threading.Event(), list[str](), threading.Event()

    def first() -> None:
        with database.writing(alone="imports"):
            inside.set()
            go_on.wait(10)
            order.append("first")

    def second() -> None:
        with database.writing(alone="imports"):
            order.append("second")

    with ThreadPoolExecutor(2) as pool:
        threads = [pool.submit(first)]
        assert inside.wait(10)
        with database.writing(alone="schema"):
            order.append("another")
        threads.append(pool.submit(second))
        go_on.set()
        for each in threads:
            each.result(10)
    assert order == ["another", "first", "second"]


def test_workers_claim_different_runs_at_the_same_moment(database: Database) -> None:
    """Nobody waits for another's claim, and no run is claimed twice."""
    storage = SqlStorage(database)
    for number in range(40):
        storage.requests.submit(press(str(number)), retrain)

    def claim_all(number: int) -> str:
        mine = []
        while runs := storage.claims.claim(f"worker-{number}", LEASE, LIMIT):
            mine += [run.run_id for run in runs]
        return " ".join(mine)

    claimed = " ".join(together(claim_all, 4)).split()
    assert sorted(claimed) == sorted({run.run_id for run in storage.runs.recent(99)})
    assert len(claimed) == 40


def test_a_press_during_a_publication_waits_for_it(database: Database) -> None:
    """It is decided on the forecast that has just been published."""
    storage = SqlStorage(database)
    run = running(storage)
    publishing, go_on, seen = threading.Event(), threading.Event(), list[bool]()

    def hold(*arguments: object) -> None:
        if "INTO forecast_head" in str(arguments[2]):
            publishing.set()
            go_on.wait(10)

    def decide(snapshot: object) -> object:
        seen.append(snapshot.head is not None)  # type: ignore[attr-defined] # a StoreSnapshot
        return retrain(snapshot)  # type: ignore[arg-type]

    sa.event.listen(database.engine, "before_cursor_execute", hold)
    with ThreadPoolExecutor(2) as pool:
        publication_ = pool.submit(storage.publications.publish, run, publication(), run.requested_at)
        assert publishing.wait(10)
        asked = pool.submit(
            storage.requests.submit,
            press(run_id="second", at=run.requested_at),
            decide,  # type: ignore[arg-type]
        )
        threading.Event().wait(0.2)
        assert not asked.done()
        go_on.set()
        publication_.result(10)
        answer = asked.result(10)
    assert (answer.verdict, seen) == (Verdict.RETRAIN, [True])


def test_a_rule_of_the_schema_is_a_storage_error(database: Database) -> None:
    """The driver's own errors never leave the storage."""
    with (
        pytest.raises(StorageError, match=r"refused by the database: .*foreign key"),
        database.writing() as connection,
    ):
        connection.exec_driver_sql("INSERT INTO forecast_head VALUES ('1', 77)")


@pytest.mark.postgres
def test_a_server_that_was_restarted_is_used_again() -> None:
    """While it is down the error says so. Dropped connections are replaced, and nothing committed is lost."""
    with serving(own=True) as server:
        storage = SqlStorage(open_database(Path(), server.new_database()))
        header = publish(storage)
        storage.manifest.record("a.csv", "sales", "me", header.published_at, [move()])
        server.stop()
        for act in (storage.runs.backlog, lambda: storage.claims.claim("worker", LEASE, LIMIT)):
            with pytest.raises(StateUnavailable, match=r"is out of reach|was stopped"):
                act()
        server.start()
        assert storage.runs.snapshots()["1"].head == header
        run = running(storage, "2")
        assert run.state is RunState.RUNNING
        storage.close()
