from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forecasting.storage import SqlStorage, open_database
from tests.empty_states import lay_down
from tests.fakes import TurnedClock
from tests.postgres import Server
from tests.storage.examples import NOW


@pytest.fixture(params=["sqlite", "postgres"])
def open_storage(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: Server
) -> Iterator[Callable[[], SqlStorage]]:
    """Opens one and the same state as often as it is called, each time with connections of its own."""
    url = postgres.migrated_database() if request.param == "postgres" else ""
    home, clock = tmp_path if url else lay_down(tmp_path), TurnedClock(NOW)
    opened: list[SqlStorage] = []

    def open_one() -> SqlStorage:
        opened.append(SqlStorage(open_database(home, url, clock=clock)))
        return opened[-1]

    yield open_one
    for storage in opened:
        storage.close()
    if url:
        postgres.drop(url)


@pytest.fixture
def storage(open_storage: Callable[[], SqlStorage]) -> SqlStorage:
    """An empty storage."""
    return open_storage()
