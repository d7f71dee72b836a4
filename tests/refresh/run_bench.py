"""A storage with requested runs, and a worker whose training each test writes itself."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from forecasting.core.domain import RefreshRun
from forecasting.refresh.lifecycle import LeaseTerms
from forecasting.refresh.run_outcome import ReportProgress, RunOutcome, Train
from forecasting.refresh.worker import RefreshWorker
from forecasting.storage import SqlStorage
from forecasting.storage.sql_claims import SqlRunClaims
from forecasting.storage.tables import refresh_run
from tests.fakes import TurnedClock
from tests.storage.examples import (
    LEASE,
    after,
    claim,
    predictor,
    press,
    publication,
    retrain,
)

MOMENT = timedelta(milliseconds=30)
"""A lease that is renewed every ten milliseconds."""


class RunBench:
    """A storage, and the stores whose runs were claimed together, in order.

    `worked` is the storage the worker gets; tests replace it to inject faults.
    """

    def __init__(self, storage: SqlStorage, clock: TurnedClock) -> None:
        self.storage = storage
        self.worked: Any = storage
        self.clock = clock
        self.claimed: list[list[str]] = []

    def ask(self, *stores: str) -> None:
        """Request trainings as one batch."""
        asks = [press(store, after(n / 100), priority=10, batch_id="b") for n, store in enumerate(stores)]
        self.storage.requests.submit_many(asks, retrain)

    def worker(self, train: Train, most: int = 16, lease: timedelta = LEASE) -> RefreshWorker:
        """A worker whose claims are noted in `claimed`."""

        def noting(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
            self.claimed.append([run.store for run in runs])
            return train(runs, progress)

        return RefreshWorker(self.worked, noting, self.clock, LeaseTerms(lease), "worker", runs_together=most)

    def run(self, store: str) -> RefreshRun:
        """The newest run of a store."""
        return next(run for run in self.storage.runs.recent(99) if run.store == store)

    def published(self) -> set[str]:
        """The stores that have a forecast."""
        return {store for store, snapshot in self.storage.runs.snapshots().items() if snapshot.head}

    def with_claims(self, claims: SqlRunClaims) -> SimpleNamespace:
        """The parts of the storage that a worker uses, with other claims."""
        return SimpleNamespace(claims=claims, publications=self.storage.publications, runs=self.storage.runs)

    def steal(self) -> RefreshRun:
        """Let another worker take over the first run, as if its lease had expired."""
        stolen = claim(self.storage, "thief", after(3600), after(7200))
        assert stolen is not None
        return stolen


def done(run: RefreshRun) -> RunOutcome:
    """A run that succeeded."""
    return RunOutcome(run, publication(run.store, trained=predictor(f"p-{run.store}")))


def all_done(runs: Sequence[RefreshRun], _progress: ReportProgress) -> Iterator[RunOutcome]:
    """A training in which every run succeeds."""
    return map(done, runs)


def until(holds: Callable[[], bool]) -> None:
    """Wait until a condition holds that another thread brings about.

    Raises
    ------
    AssertionError
        If it does not hold within ten seconds.
    """
    tick = threading.Event()
    for _ in range(1000):
        if holds():
            return
        tick.wait(0.01)
    raise AssertionError("waited for ten seconds")


def leases(bench: RunBench) -> set[object]:
    """When the leases of the running runs expire."""
    with bench.storage.database.reading() as connection:
        running = refresh_run.select().where(refresh_run.c.state == "running")
        return {row.lease_until for row in connection.execute(running)}
