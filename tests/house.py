"""The wired services in one process: real storage and history, a fake clock, compute without processes."""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from forecasting.config.settings import Settings
from forecasting.core.domain import LOCAL_USER, Principal
from forecasting.core.ports import LocalEngine, RemoteEngine
from forecasting.engines.empirical import Empirical
from forecasting.engines.seasonal_naive import SeasonalNaive
from forecasting.history.parquet_history import ParquetHistory
from forecasting.refresh.lifecycle import LeaseTerms
from forecasting.refresh.worker import RefreshWorker
from forecasting.services.composition import compose
from forecasting.storage.database import open_database
from forecasting.storage.sql_storage import SqlStorage
from forecasting.training.group_publisher import GroupPublisher
from forecasting.training.group_training import GroupTraining
from forecasting.training.run_training import RunTraining
from forecasting.training.store_group import StoreGroup
from tests.empty_states import lay_down
from tests.fakes import FlatEngine, InlineCompute, TurnedClock, engines
from tests.templates import copy_template

FIRST, LAST = date(2019, 1, 1), date(2019, 4, 2)
SUNDAY = 6


class House:
    """Wired services with their worker, which tests run by hand.

    Stores 1 (North, products 101 and 102) and 2 (South, product 101) have sales from `FIRST` to `LAST`.
    """

    def __init__(
        self, home: Path, *more: LocalEngine, remote: RemoteEngine | None = None, **settings: object
    ) -> None:
        self.home = home
        self.clock = TurnedClock()
        self.settings = Settings(home=home, **{"engine": "flat", "processes": 2, **settings})  # type: ignore[arg-type] # by name
        self.engine = FlatEngine()
        self._engines = engines(self.engine, SeasonalNaive(), Empirical(), *more)
        self._remote = remote
        self.wakes = 0
        self._open()

    def _open(self) -> None:
        """Open the state folder and wire everything over it."""
        self.storage = SqlStorage(
            open_database(lay_down(self.home), clock=self.clock), self.settings.tolerance
        )
        self.history = ParquetHistory(self.home / "history", self.storage.manifest, self.clock)
        self.compute = InlineCompute(self._engines, self.history.reader)
        group = None
        if self._remote is not None:
            group = GroupTraining(
                StoreGroup(self._remote, self.storage, self.history.reader, self.settings),
                GroupPublisher(self._remote.name, self.storage, self.compute, self.settings),
                self.storage.checkpoints,
                self.settings.aws.poll,
            )
        self.training = RunTraining(self.storage, self.compute, self.clock, self.settings, group)
        self.worker = RefreshWorker(
            self.storage, self.training, self.clock, LeaseTerms(self.settings.lease), "worker"
        )
        self.services = compose(self.history, self.storage, self.clock, self.settings, self._woken)

    def _woken(self) -> None:
        self.wakes += 1

    @classmethod
    def furnished(cls, home: Path) -> "House":
        """Open a house to which the sales of both stores have been imported."""
        return cls(copy_template("furnished", home, _furnish))

    def furnish(self) -> "House":
        """Bring a new house to where the import of the sales of both stores leaves it."""
        self.storage.close()
        copy_template("furnished", self.home, _furnish)
        self._open()
        return self

    def import_both_stores(self) -> None:
        """Import the sales of both stores."""
        rows = [("1", "101", 100.0), ("1", "102", 50.0), ("2", "101", 80.0)]
        self.deliver("sales", [sales(store, item, level, FIRST, LAST) for store, item, level in rows])

    def deliver(self, kind: str, frames: list[pd.DataFrame], by: Principal = LOCAL_USER) -> None:
        """Import frames as one file, as an operator would."""
        path = self.home / f"{kind}.csv"
        pd.concat(frames).to_csv(path, index=False)
        self.services.imports.import_file(by, path, kind)

    def next_day(self, day: date = LAST + timedelta(days=1)) -> None:
        """Import one more day of sales of store 1."""
        self.deliver("sales", [sales("1", "101", 120.0, day, day), sales("1", "102", 60.0, day, day)])

    def work(self) -> int:
        """Do every waiting run until it has ended; return how many were claimed.

        The clock is turned to the next attempt of postponed runs.
        """
        done = 0
        while worked := self.worker.run_next() or self._turn_to_next_attempt():
            done += worked
        return done

    def _turn_to_next_attempt(self) -> int:
        waits = [run.next_attempt_at for run in self.storage.runs.recent(99) if run.next_attempt_at]
        if waits:
            self.clock.instant = min(waits)
        return self.worker.run_next() if waits else 0

    def close(self) -> None:
        """Close the database."""
        self.storage.close()


def _furnish(home: Path) -> None:
    """Make the template of a furnished house."""
    house = House(home)
    house.import_both_stores()
    house.close()


def sales(store: str, item: str, level: float, first: date, last: date) -> pd.DataFrame:
    """Canonical sales rows: a weekly shape, closed on Sundays."""
    days = pd.date_range(first, last)
    is_open = days.day_of_week != SUNDAY
    return pd.DataFrame(
        {
            "store": store,
            "item": item,
            "date": days.strftime("%Y-%m-%d"),
            "demand": level * (1 + days.day_of_week / 10) * is_open,
            "region": {"1": "North", "2": "South"}.get(store, "East"),
            "is_open": is_open.astype(int),
        }
    )


def plan(store: str, first: date, last: date, **covariates: object) -> pd.DataFrame:
    """Canonical plan rows of a whole store."""
    days = pd.date_range(first, last).strftime("%Y-%m-%d")
    return pd.DataFrame({"store": store, "date": days, "is_open": 1, **covariates})
