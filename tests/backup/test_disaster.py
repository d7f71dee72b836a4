"""A busy server is backed up, then killed and all its data is lost; it is restored elsewhere."""

import json
import shutil
import threading
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from forecasting.bootstrap import Storecast
from forecasting.config.settings import Settings
from forecasting.core.domain import LOCAL_USER
from forecasting.history.parquet_history import ParquetHistory
from forecasting.storage import SqlStorage, open_database
from tests.browser.server import FIRST, Server, command, serving, until
from tests.fakes import TurnedClock
from tests.house import LAST, sales
from tests.postgres import Server as Postgres

STORES = ("3", "7")
COLUMNS = ["item", "ds", "mean", "q10", "q50", "q90", "engine"]
SECONDS = 60.0


@dataclass(frozen=True)
class Place:
    """State folder, database and history of one server."""

    home: Path
    url: str

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of its processes, without the state folder."""
        return {"STORECAST_DATABASE_URL": self.url} if self.url else {}

    def command(self, *arguments: str) -> str:
        """Run a command on it and return the output."""
        return command(self.home, *arguments, **self.environment)

    def opened(self) -> Storecast:
        """Open it in this process, with an engine that does not wait at a gate."""
        environ = {**self.environment, "STORECAST_HOME": str(self.home), "STORECAST_ENGINE": "seasonal_naive"}
        return Storecast(Settings.from_env(environ))

    def bring(self, file: Path) -> None:
        """Import sales."""
        with self.opened() as storecast:
            storecast.services.imports.import_file(LOCAL_USER, file, "sales")

    def storage(self) -> "closing[SqlStorage]":
        """The database."""
        return closing(SqlStorage(open_database(self.home, self.url)))

    def heads(self) -> dict[str, int]:
        """The current forecast version of each store."""
        with self.storage() as storage:
            snapshots = storage.runs.snapshots()
        return {store: each.head.version for store, each in snapshots.items() if each.head}

    def published(self) -> dict[int, pd.DataFrame]:
        """The values of every published version."""
        with self.storage() as storage, storage.database.reading() as connection:
            versions = connection.exec_driver_sql("SELECT version FROM forecast_version").scalars().all()
            return {version: storage.versions.read(version) for version in versions}

    def sold(self) -> dict[str, pd.DataFrame]:
        """The sales of each store."""
        with self.storage() as storage:
            history = ParquetHistory(self.home / "history", storage.manifest, TurnedClock())
            return {store: history.read(file) for store, file in storage.manifest.heads("sales").items()}


class Traffic:
    """Keeps importing sales and requesting a refresh of each store.

    Attributes
    ----------
    days
        How many days of sales have been imported.
    """

    def __init__(self, server: Server, place: Place) -> None:
        self.days = 0
        self._server = server
        self._place = place
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._produce)
        self._thread.start()

    def _produce(self) -> None:
        with self._place.opened() as storecast:
            while not self._over.wait(0.02):
                day = LAST + timedelta(days=self.days + 1)
                file = self._place.home / "day.csv"
                rows = [sales(store, "101", 100.0 + self.days, day, day) for store in STORES]
                pd.concat(rows).to_csv(file, index=False)
                storecast.services.imports.import_file(LOCAL_USER, file, "sales")
                for store in STORES:
                    self._server.ask("POST", "/training", json={"store_number": int(store)})
                self.days += 1

    def end(self) -> None:
        """Stop the imports and requests."""
        self._over.set()
        self._thread.join(SECONDS)


def place_of(kind: str, home: Path, postgres: Postgres) -> Place:
    """An empty place for a server."""
    home.mkdir()
    return Place(home, postgres.new_database() if kind == "postgres" else "")


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("before", "after"), [("sqlite", "postgres"), ("postgres", "sqlite")])
def test_a_server_that_lost_everything_comes_back(
    tmp_path: Path, postgres: Postgres, before: str, after: str
) -> None:
    """As it was at one moment of the backup, into the other kind of database, and it goes on from there.

    Every forecast is one that had been published by then, and every store has the sales of one day, whole.
    """
    old, archive = place_of(before, tmp_path / "old", postgres), tmp_path / "backup.tar"
    opening = pd.concat([sales(store, "101", 100.0, FIRST, LAST) for store in STORES])
    opening.to_csv(old.home / "opening.csv", index=False)
    old.bring(old.home / "opening.csv")
    with serving(old.home, **old.environment) as server:
        server.wait_for_health()
        life = Traffic(server, old)
        try:
            until(lambda: life.days > 2 and set(old.heads()) == set(STORES), SECONDS, "forecasts of days")
            first, day = old.heads(), life.days
            told = old.command("backup", "--out", str(archive))
            last, days = old.heads(), life.days
            until(lambda: life.days > days + 1, SECONDS, "life going on")
        finally:
            life.end()
            server.close()  # kill -9, of all its processes
    assert days > day, "nothing happened during the backup"
    published, sold = old.published(), old.sold()
    shutil.rmtree(old.home)
    if old.url:
        postgres.drop(old.url)

    new = place_of(after, tmp_path / "new", postgres)
    assert " tables, " in told
    new.command("restore", str(archive))
    for store, version in new.heads().items():
        assert first[store] <= version <= last[store]
    with new.opened() as storecast:
        compare(storecast.services.forecasts.export(LOCAL_USER), published, new.heads())
    for store, frame in new.sold().items():
        until_then = sold[store][sold[store]["ds"] <= frame["ds"].max()]
        pd.testing.assert_frame_equal(frame, until_then.reset_index(drop=True))
        assert day <= (frame["ds"].max().date() - LAST).days <= days + 1
    go_on(new)
    if new.url:
        postgres.drop(new.url)


def compare(found: pd.DataFrame, published: dict[int, pd.DataFrame], heads: dict[str, int]) -> None:
    """Check that the export has the values of the given versions."""
    assert set(found["store"]) == set(STORES)
    for store, rows in found.groupby("store"):
        (version,) = set(rows["version"])
        assert version == heads[str(store)]
        said = published[version][COLUMNS].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows[COLUMNS].reset_index(drop=True), said, check_dtype=False)


def go_on(place: Place) -> None:
    """Check that status, import and refresh work, and that new rows get unused numbers."""
    status = json.loads(place.command("status", "--json"))
    assert (status["stores"], status["engine"]) == (2, "tests.browser.engine:waiting")
    with place.storage() as storage, storage.database.reading() as connection:
        newest = connection.exec_driver_sql("SELECT max(import_id) FROM history_import").scalar_one()
    before = place.published()
    later = LAST + timedelta(days=2_000)
    sales("3", "101", 100.0, later, later).to_csv(place.home / "later.csv", index=False)
    place.bring(place.home / "later.csv")
    assert place.command("refresh", "--all").startswith(("1 ", "2 "))
    assert place.heads()["3"] > max(before)
    with place.storage() as storage:
        assert newest < storage.manifest.record("x", "plan", "x", TurnedClock().now(), [], {})
