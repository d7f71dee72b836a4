"""One installation for fault tests: a state folder, a database, an old forecast and real processes."""

import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from forecasting.bootstrap import Storecast
from forecasting.config.settings import Settings
from forecasting.core.domain import LOCAL_USER, RefreshRun, RunState, VersionHeader
from forecasting.storage import SqlStorage, open_database
from forecasting.storage.tables import refresh_run
from tests.browser.engine import VARIABLE, Gate
from tests.browser.server import Server, environment, imported, trained
from tests.children import Child
from tests.faults.engine import ENGINE, series_log
from tests.faults.press import press_many
from tests.house import LAST, sales
from tests.postgres import Server as Postgres
from tests.processes import ROOT, Process, until

STORE = "1"
LEASE = 2.0
"""Seconds."""

LEVELS = {"101": 60, "102": 10, "103": 70, "104": 80, "105": 20, "106": 90, "107": 100, "108": 30}
"""Mean demand of the products. They form three parts of three series; those of the third part sell little."""

SLOW = 45.0
"""The gate can hold the series that sell less than this, which are one part of the three."""

HELD = {"12", "25", "37"}
"""Units that the series of that part sell on an open day, as they appear in the log of fits."""

PARTS = 3


@dataclass
class Site:
    """An installation.

    Attributes
    ----------
    url
        Of its PostgreSQL database; ``""`` for SQLite.
    """

    home: Path
    url: str = ""
    tolerance: timedelta = timedelta(hours=48)
    run_minutes: float = 60
    pool: int = 1
    processes: list[Process] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        """The environment of its processes."""
        return {
            "PYTHONPATH": f"{ROOT / 'tests' / 'faults' / 'hooks'}:{ROOT}",
            "STORECAST_ENGINE": ENGINE,
            "STORECAST_DATABASE_URL": self.url,
            "STORECAST_LEASE_SECONDS": str(LEASE),
            "STORECAST_RETRY_SECONDS": "0.2",
            "STORECAST_RUN_MINUTES": f"{self.run_minutes}",
            "STORECAST_TOLERANCE_HOURS": f"{self.tolerance.total_seconds() / 3600:f}",
            "STORECAST_PROCESSES": str(self.pool),
            "STORECAST_TEST_PUBLISH_GATE": str(self.publish_gate),
            **({} if self.url else {"STORECAST_TEST_DISK_FULL": str(self.home / "full")}),
            VARIABLE: str(self.gate.file),
        }

    @cached_property
    def storage(self) -> SqlStorage:
        """The installation's storage, opened in this process."""
        return SqlStorage(open_database(self.home, self.url))

    @property
    def gate(self) -> Gate:
        """The gate that holds fits."""
        return Gate(self.home / "gate")

    @property
    def publish_gate(self) -> Path:
        """The file that holds publications while it exists."""
        return self.home / "publish-gate"

    def worker(self) -> Process:
        """Start a worker and wait until it is ready."""
        (started,) = self.workers(1)
        return started

    def workers(self, count: int) -> set[Process]:
        """Start workers and wait until they are ready."""
        env, before = environment(self.home, **self.env), len(self.processes)
        self.processes += [
            Process(["-m", "forecasting", "worker"], env, self.home / f"worker-{before + number}.log")
            for number in range(count)
        ]
        started = self.processes[before:]
        for each in started:
            _wait_until_it_says(each, "running refreshes")
        return set(started)

    def server(self) -> Server:
        """Start the dashboard and wait until it is healthy."""
        started = Server(self.home, **self.env)
        self.processes.append(started)
        started.wait_for_health()
        _wait_until_it_says(started, "] started ")
        return started

    def holder(self) -> Process:
        """The worker that holds the newest run."""
        query = sa.select(refresh_run.c.worker).where(refresh_run.c.run_id == self.run().run_id)
        with self.storage.database.reading() as connection:
            name = str(connection.execute(query).scalar_one())
        pid = int(name.rpartition(":")[2].partition("/")[0])
        return next(process for process in self.processes if process.pid == pid)

    def pressers(self, processes: int, presses: int) -> list[Child]:
        """Start processes with several users each, who are ready to press for the store."""
        env = environment(self.home, **self.env)
        return [Child(press_many, STORE, presses, environment=env) for _ in range(processes)]

    def refresh(self) -> RefreshRun:
        """Press once, in this process, and return the run."""
        settings = Settings.from_env(environment(self.home, **self.env))
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(VARIABLE, str(self.gate.file))  # read by the engine
            with Storecast(settings) as storecast:
                storecast.services.refreshing.refresh(LOCAL_USER, STORE)
        return self.run()

    def run(self) -> RefreshRun:
        """The newest run of the store."""
        return self.runs()[0]

    def runs(self) -> list[RefreshRun]:
        """The runs of the store, newest first."""
        return self.storage.runs.recent(999, STORE)

    def head(self) -> VersionHeader:
        """The store's newest forecast."""
        head = self.storage.runs.snapshots([STORE])[STORE].head
        assert head is not None
        return head

    def versions(self) -> int:
        """Number of published versions."""
        return self.storage.retention.usage().count

    def fits(self) -> set[str]:
        """The series fitted since `forget_fits`, by the units they sell."""
        log = series_log(self.gate)
        return set(log.read_text().split()) if log.exists() else set()

    def forget_fits(self) -> None:
        """Forget the fits so far."""
        series_log(self.gate).write_text("")

    def wait_for_publication(self, seconds: float) -> float:
        """Wait until the newest run has succeeded; return how long that took."""
        return until(
            lambda: self.run().state is RunState.SUCCEEDED, seconds, f"a published run, found {self.run()}"
        )

    def close(self) -> None:
        """Stop every process."""
        self.gate.release()
        self.publish_gate.unlink(missing_ok=True)
        for process in self.processes:
            process.close()
        self.storage.close()


def _wait_until_it_says(process: Process, words: str) -> None:
    until(lambda: words in process.log or process.exit_code is not None, 30, f"{words!r} in its log")
    assert process.exit_code is None, process.log


def built(home: Path, url: str = "") -> None:
    """Import 120 days of the store and publish an old forecast of another engine."""
    home.mkdir(parents=True)
    first = LAST - timedelta(days=119)
    frames = [sales(STORE, item, level, first, LAST) for item, level in LEVELS.items()]
    pd.concat(frames).to_csv(home / "sales.csv", index=False)
    imported(home, home / "sales.csv", url=url)
    trained(home, "seasonal_naive", STORE, url)


@dataclass
class Sites:
    """Makes identical installations by copying one."""

    template: Path
    postgres: Postgres
    template_url: str

    def new(self, home: Path, kind: str) -> Site:
        """Make one on SQLite or PostgreSQL."""
        shutil.copytree(self.template / kind, home)
        url = self.postgres.copy_of(self.template_url) if kind == "postgres" else ""
        return Site(home, url)
