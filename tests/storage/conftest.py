"""New databases of both kinds."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forecasting.storage import Database
from forecasting.storage.database import connect
from forecasting.storage.upgrade import migrate
from tests.fakes import TurnedClock
from tests.postgres import Server
from tests.storage.dumps import ACROSS, WAYS, Opened
from tests.storage.examples import NOW


@pytest.fixture
def opened(tmp_path: Path, postgres: Server) -> Iterator[Callable[[str, str], Database]]:
    """Opens a new database of a kind, with the present tables or none; its clock stands at `NOW`."""
    databases: list[tuple[Database, str]] = []

    def open_one(kind: str, tables: str) -> Database:
        make = postgres.migrated_database if tables else postgres.new_database
        url = make() if kind == "postgres" else ""
        database = connect(tmp_path / f"{len(databases)}", url, clock=TurnedClock(NOW))
        databases.append((database, url))
        if tables and not url:
            with database.writing() as connection:
                migrate(connection, "head")
        return database

    yield open_one
    for database, url in databases:
        database.close()
        if url:
            postgres.drop(url)


@pytest.fixture
def new(opened: Callable[[str, str], Database]) -> Opened:
    """Opens a new database of a kind, without tables."""
    return lambda kind: opened(kind, "")


@pytest.fixture
def made(opened: Callable[[str, str], Database]) -> Opened:
    """Opens one with the present tables."""
    return lambda kind: opened(kind, "present")


@pytest.fixture(params=WAYS, ids=[" to ".join(way) for way in WAYS])
def way(request: pytest.FixtureRequest) -> tuple[str, str]:
    """From where to where."""
    pair: tuple[str, str] = request.param
    return pair


@pytest.fixture(params=ACROSS, ids=[" to ".join(way) for way in ACROSS])
def across(request: pytest.FixtureRequest) -> tuple[str, str]:
    """From where to where, to another kind."""
    pair: tuple[str, str] = request.param
    return pair
