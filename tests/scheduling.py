"""Which tests pytest-xdist hands to one process together, and in which order.

Its own ``--dist loadgroup`` does nothing under pytest 9.2 (pytest-xdist issue 1386), so this is our own.
"""

import re
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[1]
FIRST = ("tests/browser/", "tests/faults/", "tests/backup/", "tests/storage/", "tests/compute/")
"""Folders with long tests, which begin before all others so that none of them is left for the end."""

SHARED_SERVERS = ("sample_server", "server")
"""Fixtures with a server that several browser files share."""


class GroupScheduling(LoadScopeScheduling):
    """Keeps together the tests of a file, for the sake of its fixtures.

    Browser files that share a server stay together as well. Fault tests mostly wait for leases and processes,
    and each starts its own, so they are handed out one by one.
    """

    def _split_scope(self, nodeid: str) -> str:
        """Return the group of a test."""
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """Return the group of a test; a test without company is its own group."""
    file = nodeid.partition("::")[0]
    if file.startswith("tests/faults/"):
        return nodeid
    if file.startswith("tests/browser/"):
        return next((f"browser: {name}" for name in SHARED_SERVERS if name in _fixtures(file)), file)
    return file


def urgency(nodeid: str) -> int:
    """Return when a test is handed out; the smallest number comes first."""
    return next((rank for rank, folder in enumerate(FIRST) if nodeid.startswith(folder)), len(FIRST))


@cache
def _fixtures(file: str) -> frozenset[str]:
    """Return which of the shared servers the tests of a file take."""
    tests = re.findall(r"def test_\w+\(([^)]*)\)", (ROOT / file).read_text(encoding="utf-8"))
    names = re.findall(r"(\w+):", " ".join(tests))
    return frozenset(names) & frozenset(SHARED_SERVERS)
