"""Many processes on one database: readers see whole versions, and writers don't block each other."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import Server
from tests.processes import ROOT
from tests.storage.child import release

PUBLICATIONS, READERS = 200, 4


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path, postgres: Server) -> Iterator[tuple[str, str]]:
    """A state folder and the address of its database."""
    url = postgres.migrated_database() if request.param == "postgres" else ""
    yield str(tmp_path), url
    if url:
        postgres.drop(url)


def start(place: tuple[str, str], *arguments: str) -> "subprocess.Popen[str]":
    """Start a process that is ready to act."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.crowd", *place, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def test_readers_during_two_hundred_publications_see_whole_versions(place: tuple[str, str]) -> None:
    """The content of every read belongs to one version, the one published under its number."""
    writer = start(place, "publish", str(PUBLICATIONS))
    readers = [start(place, "read") for _ in range(READERS)]
    published, *seen = release([writer, *readers])
    made: Any = published
    assert len(made) == PUBLICATIONS
    looked = 0
    for each in seen:
        versions: Any = each
        for version, hashes in versions.items():
            if version in made:  # not the first, old version
                assert hashes == [made[version]]
                looked += 1
    assert looked > READERS


def test_two_processes_of_fifty_writers_never_find_the_database_locked(tmp_path: Path) -> None:
    """On SQLite, which allows one write at a time, all of two thousand transactions succeed."""
    writers = [start((str(tmp_path), ""), "write", "50") for _ in range(2)]
    assert release(writers) == [[], []]
