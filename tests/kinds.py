"""The slow kinds of tests, marked by what a test uses, so that nobody has to remember to mark one.

``make quick`` leaves these kinds out. What starts a server or a cluster calls `require_slow_kind`, so a test
that uses one without being marked fails instead of making the quick run slow.
"""

from collections.abc import Iterable, Mapping

import pytest

SLOW = {
    "browser": "starts the dashboard's server; most drive it in headless Chromium",
    "faults": "kills, stops and starves real processes",
    "postgres": "uses a PostgreSQL server",
    "s3": "uses an S3 server",
    "dask": "uses a Dask cluster of real processes",
    "aws": "speaks to the double of AWS over HTTP",
}
FOLDERS = {"browser": "browser", "faults": "faults"}
FIXTURES = {
    "postgres": "postgres",
    "s3_server": "s3",
    "bucket": "s3",
    "cluster": "dask",
    "aws_server": "aws",
}
ALTERNATIVES = {
    "postgres": frozenset({"sqlite"}),
    "s3": frozenset({"folder", "file url", "memory", "plain"}),
    "dask": frozenset({"local"}),
}
"""For a kind, the parameters that stand for something else in its place."""

_running: list[frozenset[str]] = []


def kinds_of(folders: Iterable[str], fixtures: Iterable[str], parameters: Iterable[object]) -> frozenset[str]:
    """Return the slow kinds of a test.

    Parameters
    ----------
    folders
        The folders its module stands in, by name.
    fixtures
        All fixtures it uses, directly or through others.
    parameters
        The values it is parametrized with. One that names a kind makes the test one of that kind; one that
        names an alternative (``"sqlite"``) says that a fixture which could use the kind does not.
    """
    values = [each for value in parameters for each in (value if isinstance(value, tuple) else (value,))]
    named = frozenset(value for value in values if isinstance(value, str))
    by_fixture = {FIXTURES[each] for each in fixtures if each in FIXTURES}
    used = {kind for kind in by_fixture if not named & ALTERNATIVES.get(kind, frozenset())}
    return frozenset(used | (named & SLOW.keys()) | {FOLDERS[each] for each in folders if each in FOLDERS})


def mark(item: pytest.Item) -> None:
    """Mark a test with its slow kinds."""
    callspec = getattr(item, "callspec", None)
    parameters: Mapping[str, object] = callspec.params if callspec else {}
    folders = item.path.relative_to(item.config.rootpath).parts
    for kind in sorted(kinds_of(folders, getattr(item, "fixturenames", ()), parameters.values())):
        item.add_marker(kind)


def slow_kinds(item: pytest.Item) -> frozenset[str]:
    """Return the slow kinds a test is marked with."""
    return frozenset(mark.name for mark in item.iter_markers() if mark.name in SLOW)


def enter(item: pytest.Item) -> None:
    """Note which test is being set up."""
    _running[:] = [slow_kinds(item)]


def require_slow_kind(what: str) -> None:
    """Refuse to start something slow for a test that is in the quick run.

    Raises
    ------
    RuntimeError
        If the present test has no slow kind.
    """
    if _running == [frozenset()]:
        raise RuntimeError(
            f"{what}: expected a test marked with one of {', '.join(SLOW)}, found none; see tests/kinds.py"
        )
