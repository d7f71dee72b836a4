"""The only wiring: from settings to the services and their workers."""

import logging
import os
import socket
import threading
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from forecasting import backup
from forecasting.backup.archive import ReportProgress
from forecasting.backup.contents import Contents
from forecasting.backup.restoring import RestoreReport
from forecasting.calendar.public_holidays import require_places
from forecasting.compute.build import build_compute
from forecasting.config.clock import SystemClock
from forecasting.config.settings import Settings, portable_settings
from forecasting.core.domain import SYSTEM
from forecasting.core.ports import Compute
from forecasting.engines.registry import poolable
from forecasting.engines.worker_entry import preload_engine, run_task
from forecasting.history.addresses import open_folder
from forecasting.history.parquet_history import ParquetHistory
from forecasting.history.sample import next_feed_file
from forecasting.refresh.lifecycle import LeaseTerms
from forecasting.refresh.worker import RefreshWorker
from forecasting.services.composition import compose
from forecasting.services.housekeeping import DailyChores
from forecasting.storage.database import open_database
from forecasting.storage.sql_storage import SqlStorage
from forecasting.training.group_publisher import GroupPublisher
from forecasting.training.group_training import GroupTraining
from forecasting.training.run_training import RunTraining
from forecasting.training.store_group import StoreGroup
from forecasting.training.tasks import Result, Task

log = logging.getLogger(__name__)

ABREAST = 2
"""Runs worked at the same time, so that one store is read and published while another is fitted."""

STOP_SECONDS = 2.5
"""How long a run under way may take to give itself back before the worker processes are ended."""


class Storecast:
    """Everything one process needs; a context manager.

    Attributes
    ----------
    services
        The use cases.
    group
        What does the runs of stores that are trained elsewhere; None where that is not set up.
    """

    def __init__(self, settings: Settings) -> None:
        require_places(settings.holidays, "STORECAST_HOLIDAYS")
        clock = SystemClock()
        self._settings = settings
        self._clock = clock
        in_use = open_folder(settings.history).in_use()
        database = open_database(settings.home, settings.database_url, must_exist=in_use)
        self._storage = SqlStorage(database, settings.tolerance)
        self.history = ParquetHistory(settings.history, self._storage.manifest, clock)
        self._pool: Compute[Task, Result] = build_compute(
            partial(run_task, self.history.reader), settings.processes, settings.dask_scheduler
        )
        self.group = self._store_group()
        training = RunTraining(self._storage, self._pool, clock, settings, self._group_training())
        self.services = compose(
            self.history,
            self._storage,
            clock,
            settings,
            self._wake,
            next_feed_file,
            pooled=poolable(settings.local_engine),
        )
        name = f"{socket.gethostname()}:{os.getpid()}"
        nightly, prune = (
            partial(self.services.refreshing.refresh_all, SYSTEM),
            partial(self.services.operations.prune, SYSTEM),
        )
        score = partial(self.services.imports.score_arrivals, SYSTEM)
        chores = DailyChores(self._storage, clock, settings, name, nightly, prune, score)
        terms = LeaseTerms(settings.lease, settings.run_limit, settings.first_wait)
        claim = partial(RefreshWorker, self._storage, training, clock, terms)
        abreast = (
            ABREAST if settings.processes else 1
        )  # a process that fits itself has nothing to do beside it
        self._workers = (claim(name, chores), *(claim(f"{name}/{n}") for n in range(2, abreast + 1)))
        self._threads: list[threading.Thread] = []

    def start_worker(self) -> None:
        """Work refresh runs in the background from now on.

        Raises
        ------
        StateUnavailable
            If the state can be read, but not written.
        """
        if self._threads:
            return
        self._workers[0].beat()
        self._pool.warm(partial(preload_engine, self._settings.local_engine))
        for worker in self._workers:
            thread = threading.Thread(target=worker.serve, name="refresh-worker", daemon=True)
            self._threads.append(thread)
            thread.start()

    def back_up(self, path: Path, report: ReportProgress, *, replace: bool = False) -> Contents:
        """Write database, history and settings to one file (`backup.back_up`)."""
        chosen = portable_settings(os.environ, self._settings.home)
        database, now = self._storage.database, self._clock.now()
        return backup.back_up(database, self.history, chosen, now, path, replace=replace, report=report)

    def _store_group(self) -> StoreGroup | None:
        """The stores that AWS Forecast trains together; None if it is not configured."""
        if not self._settings.aws:
            return None
        from forecasting.engines.aws_forecast.aws_engine import AwsForecastEngine  # noqa: PLC0415 – few need it

        engine = AwsForecastEngine(self._settings.aws, self._settings.tolerance, self._clock)
        return StoreGroup(engine, self._storage, self.history.reader, self._settings)

    def _group_training(self) -> GroupTraining | None:
        """The training of that group; None if AWS Forecast is not configured."""
        if self.group is None:
            return None
        return GroupTraining(
            self.group,
            GroupPublisher(self.group.engine.name, self._storage, self._pool, self._settings),
            self._storage.checkpoints,
            self._settings.aws.poll,
        )

    def _wake(self) -> None:
        for worker in self._workers:
            worker.wake()

    def close(self) -> None:
        """Give a run under way back, end the worker processes, close the database."""
        for worker in self._workers:
            worker.stop()
        self._join(STOP_SECONDS)
        self._pool.close()
        self._join(STOP_SECONDS)
        self._storage.close()

    def _join(self, seconds: float) -> None:
        """Wait for the workers, all together no longer than this."""
        wait_for = [(thread, seconds / len(self._threads)) for thread in self._threads]
        for thread, share in wait_for:
            thread.join(share)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def restore(settings: Settings, path: Path, report: ReportProgress) -> RestoreReport:
    """Bring a backup back into the empty place that the settings name (`backup.restore`)."""
    return backup.restore(path, settings, os.environ, SystemClock(), report)
