from collections.abc import Iterator
from pathlib import Path

import pytest

from forecasting.storage import SqlStorage, open_database
from tests.fakes import TurnedClock
from tests.refresh.run_bench import RunBench
from tests.storage.examples import NOW


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[RunBench]:
    """An empty storage and its clock."""
    clock = TurnedClock(NOW)
    storage = SqlStorage(open_database(tmp_path, clock=clock))
    yield RunBench(storage, clock)
    storage.close()
