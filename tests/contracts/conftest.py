from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forecasting.storage import SqlStorage, open_database


@pytest.fixture(params=["sqlite"])
def open_storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], SqlStorage]]:
    """Opens one and the same state as often as it is called, each time with connections of its own."""
    openers = {"sqlite": lambda: SqlStorage(open_database(tmp_path))}
    opened: list[SqlStorage] = []

    def open_one() -> SqlStorage:
        opened.append(openers[request.param]())
        return opened[-1]

    yield open_one
    for storage in opened:
        storage.close()


@pytest.fixture
def storage(open_storage: Callable[[], SqlStorage]) -> SqlStorage:
    """An empty storage."""
    return open_storage()
