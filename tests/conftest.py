from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.house import House
from tests.postgres import Server, serving

settings.register_profile("calm", deadline=None)  # a busy machine is not a failed property
settings.load_profile("calm")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One PostgreSQL server for all tests."""
    with serving() as server:
        yield server


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A furnished house of its own for a test."""
    made = House(tmp_path)
    yield made.furnish()
    made.close()


@pytest.fixture
def empty_house(tmp_path: Path) -> Iterator[House]:
    """A house without sales."""
    made = House(tmp_path)
    yield made
    made.close()
