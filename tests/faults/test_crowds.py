"""Many processes on one database: readers see whole versions, and writers don't block each other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.children import Child, release
from tests.faults.crowd import publish_many, read_on, write_on
from tests.postgres import Server

PUBLICATIONS, READERS = 200, 4


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path, postgres: Server) -> Iterator[tuple[Path, str]]:
    """A state folder and the address of its database."""
    url = postgres.migrated_database() if request.param == "postgres" else ""
    yield tmp_path, url
    if url:
        postgres.drop(url)


def test_readers_during_two_hundred_publications_see_whole_versions(place: tuple[Path, str]) -> None:
    """The content of every read belongs to one version, the one published under its number."""
    writer = Child(publish_many, *place, PUBLICATIONS)
    readers = [Child(read_on, *place) for _ in range(READERS)]
    made, *seen = release([writer, *readers])
    assert len(made) == PUBLICATIONS
    looked = 0
    for versions in seen:
        for version, hashes in versions.items():
            if version in made:  # not the first, old version
                assert hashes == [made[version]]
                looked += 1
    assert looked > READERS


def test_two_processes_of_fifty_writers_never_find_the_database_locked(tmp_path: Path) -> None:
    """On SQLite, which allows one write at a time, all of two thousand transactions succeed."""
    writers = [Child(write_on, tmp_path, 50) for _ in range(2)]
    assert release(writers) == [[], []]
