from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.site import Site, Sites, built
from tests.postgres import Server


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Sites:
    """A store with an old forecast on either database."""
    template, url = tmp_path_factory.mktemp("template"), postgres.new_database()
    built(template / "sqlite")
    built(template / "postgres", url)
    return Sites(template, postgres, url)


@pytest.fixture(params=["sqlite", "postgres"])
def site(request: pytest.FixtureRequest, sites: Sites, tmp_path: Path) -> Iterator[Site]:
    """An installation of its own for a test, on either database."""
    made = sites.new(tmp_path / "home", request.param)
    yield made
    made.close()
    if made.url:
        sites.postgres.drop(made.url)


@pytest.fixture
def on_sqlite(sites: Sites, tmp_path: Path) -> Iterator[Site]:
    """The same on SQLite alone."""
    made = sites.new(tmp_path / "home", "sqlite")
    yield made
    made.close()
