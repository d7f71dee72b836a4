"""The only module that wires the product together: from settings to services and workers."""

import os
import socket
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
from forecasting.refresh.worker_threads import WorkerThreads
from forecasting.services.composition import compose
from forecasting.services.housekeeping import DailyChores
from forecasting.storage.database import open_database
from forecasting.storage.sql_storage import SqlStorage
from forecasting.training.group_publisher import GroupPublisher
from forecasting.training.group_training import GroupTraining
from forecasting.training.run_training import RunTraining
from forecasting.training.store_group import StoreGroup
from forecasting.training.tasks import Result, Task

CONCURRENT_RUNS = 2
"""Concurrent runs in one process, so that one is read and published while the other is fitted."""

STOP_SECONDS = 2.5
"""How long runs in progress may take to be released before the worker processes are ended."""


class Storecast:
    """Everything one process needs, wired together; a context manager.

    Parameters
    ----------
    settings
        What the operator has set.

    Attributes
    ----------
    history
        The sales history.
    group
        The stores that AWS Forecast trains together; None if it is not configured.
    services
        The use cases.
    """

    def __init__(self, settings: Settings) -> None:
        require_places(settings.holidays, "STORECAST_HOLIDAYS")
        self._settings = settings
        self._clock = SystemClock()
        self._storage = _open_storage(settings)
        self.history = ParquetHistory(settings.history, self._storage.manifest, self._clock)
        self._pool: Compute[Task, Result] = build_compute(
            partial(run_task, self.history.reader), settings.processes, settings.dask_scheduler
        )
        self.group = self._store_group()
        self.services = compose(
            self.history,
            self._storage,
            self._clock,
            settings,
            self._wake,
            next_feed_file,
            pooled=poolable(settings.local_engine),
        )
        self._workers = WorkerThreads(self._refresh_workers())

    def start_worker(self) -> None:
        """Start running refreshes in the background. A second call does nothing.

        Raises
        ------
        StateUnavailable
            If the state can be read, but not written.
        """
        if self._workers.started:
            return
        self._workers.require_writable_state()
        self._pool.warm(partial(preload_engine, self._settings.local_engine))
        self._workers.start()

    def back_up(self, path: Path, report: ReportProgress, *, replace: bool = False) -> Contents:
        """Write database, history and settings to one file; see `backup.back_up`."""
        settings = portable_settings(os.environ, self._settings.home)
        database, now = self._storage.database, self._clock.now()
        return backup.back_up(database, self.history, settings, now, path, replace=replace, report=report)

    def close(self) -> None:
        """Release runs in progress to the queue, end the worker processes, close the database."""
        self._workers.stop(STOP_SECONDS)
        self._pool.close()
        self._workers.stop(STOP_SECONDS)
        self._storage.close()

    def _refresh_workers(self) -> list[RefreshWorker]:
        """The workers of this process. The first one also does the daily chores."""
        settings, name = self._settings, f"{socket.gethostname()}:{os.getpid()}"
        training = RunTraining(self._storage, self._pool, self._clock, settings, self._group_training())
        terms = LeaseTerms(settings.lease, settings.run_limit, settings.first_wait)
        worker = partial(RefreshWorker, self._storage, training, self._clock, terms)
        count = CONCURRENT_RUNS if settings.processes else 1  # without worker processes there is one to fit
        others = [worker(f"{name}/{number}") for number in range(2, count + 1)]
        return [worker(name, self._daily_chores(name)), *others]

    def _daily_chores(self, worker: str) -> DailyChores:
        """The chores that a worker does between runs."""
        services = self.services
        return DailyChores(
            self._storage,
            self._clock,
            self._settings,
            worker,
            refresh=partial(services.refreshing.refresh_all, SYSTEM),
            prune=partial(services.operations.prune, SYSTEM),
            score=partial(services.imports.score_arrivals, SYSTEM),
        )

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
        self._workers.wake()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def restore(settings: Settings, path: Path, report: ReportProgress) -> RestoreReport:
    """Restore a backup into the state folder, database and history of the settings; see `backup.restore`."""
    return backup.restore(path, settings, os.environ, SystemClock(), report)


def _open_storage(settings: Settings) -> SqlStorage:
    """Open the database. It must exist if there is a history, because only the database makes sense of it."""
    in_use = open_folder(settings.history).in_use()
    database = open_database(settings.home, settings.database_url, must_exist=in_use)
    return SqlStorage(database, settings.tolerance)
