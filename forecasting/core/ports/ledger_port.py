"""The ports for the refresh ledger, which decides who trains (docs/adr/0004-ledger.md).

`RefreshRequests` creates and cancels runs, `RunClaims` is for the workers that hold them, `Publications`
stores their results, `RunQueries` reads. All of them work on one set of runs.

However a run ends, unless it is cancelled, a follow-up noted on it becomes the next run of its scope in the
same transaction.
"""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from forecasting.core.domain import (
    BatchProgress,
    RefreshAnswer,
    RefreshDecision,
    RefreshRequest,
    RefreshRun,
    StoreSnapshot,
    VersionHeader,
)
from forecasting.core.pooled_priors import ChainPriors
from forecasting.core.ports.versions_port import Publication


class RefreshRequests(Protocol):
    """Turns presses on Refresh into runs, and cancels runs."""

    def submit(
        self, ask: RefreshRequest, decide: Callable[[StoreSnapshot], RefreshDecision]
    ) -> RefreshAnswer:
        """Attach to the active run of the scope, or decide on the snapshot and record a new run.

        One transaction. Attaching moves a queued run forward if the request has a lower priority number. If
        the run is under way and the store has newer inputs than it reads, a follow-up is noted on it.
        """
        ...

    def submit_many(
        self, asks: Sequence[RefreshRequest], decide: Callable[[StoreSnapshot], RefreshDecision]
    ) -> list[RefreshAnswer]:
        """Submit requests for many stores in one transaction. The answers keep the order of the requests."""
        ...

    def submit_chain(
        self, ask: RefreshRequest, decide: Callable[[ChainPriors | None], RefreshDecision]
    ) -> RefreshAnswer:
        """Submit a request for the scope `pooled_priors.CHAIN`.

        Parameters
        ----------
        decide
            Called with the latest chain; None if there is none.
        """
        ...

    def cancel(self, run_id: str, reason: str, at: datetime) -> bool:
        """End a run, whoever holds it; its worker is refused from then on. False if it has already ended."""
        ...

    def cancel_batch(self, batch_id: str, stores: Collection[str] | None, reason: str, at: datetime) -> int:
        """End the active runs of a batch in one transaction, and return how many were ended.

        Parameters
        ----------
        stores
            Only the runs of these stores; None means all runs of the batch.
        """
        ...


class RunClaims(Protocol):
    """What a worker does with the runs it holds. Every change checks the run's fencing token."""

    def claim(self, worker: str, lease: timedelta, limit: timedelta, most: int = 1) -> list[RefreshRun]:
        """Claim the next run that is queued, due for its next attempt, or whose lease has expired.

        Returns an empty list if there is nothing to do. One transaction, on the database's clock. A run past
        its last attempt, or running for longer than `limit`, is closed as failed instead. While a run of the
        scope `pooled_priors.CHAIN` is active, the runs of batches wait, except those a press moved ahead.

        Parameters
        ----------
        lease
            How long the worker holds the runs without a renewal.
        limit
            How long one attempt may take in total.
        most
            The maximum number of runs to claim. More than one are claimed only if the next run belongs to a
            batch: that run and the ones queued after it with the same batch and priority. A run that has
            lost a worker before is claimed alone.
        """
        ...

    def renew(self, runs: Collection[RefreshRun], lease: timedelta, limit: timedelta) -> set[str]:
        """Extend the leases from now on, and return the ids of the runs that are still held.

        A run is no longer held if another worker has claimed it or if it has ended, for example because it
        was cancelled or has been running for longer than `limit`.
        """
        ...

    def progress(self, run: RefreshRun, stage: str, done: int, total: int) -> None:
        """Record how far a run is.

        Raises
        ------
        LeaseLost
            If another worker has claimed the run, or it has ended.
        """
        ...

    def close(self, run: RefreshRun, state: str, message: str, at: datetime) -> None:
        """End a run without a version.

        Parameters
        ----------
        state
            ``"failed"``, with the error as `message`; or ``"succeeded"`` if there was nothing left to do.

        Raises
        ------
        LeaseLost
            As for `progress`.
        """
        ...

    def postpone(self, run: RefreshRun, error: str, wait: timedelta) -> None:
        """Make a run wait before its next attempt, after an error that may pass.

        The run keeps its scope. A press ends the wait.

        Raises
        ------
        LeaseLost
            As for `progress`.
        """
        ...

    def await_elsewhere(
        self, run: RefreshRun, stage: str, wait: timedelta, remaining: timedelta | None
    ) -> None:
        """Make a run wait for an engine elsewhere. The count of its attempts starts again at 0.

        Parameters
        ----------
        stage
            What is happening there, in words.
        wait
            How long to wait before the run is checked again.
        remaining
            How much longer the engine expects to take; None if unknown.

        Raises
        ------
        LeaseLost
            As for `progress`.
        """
        ...

    def release(self, run: RefreshRun) -> None:
        """Return a run to the queue when its worker stops cleanly. The attempt does not count."""
        ...

    def beat(self, worker: str) -> None:
        """Record a worker's sign of life, on the database's clock."""
        ...


class Publications(Protocol):
    """Stores the result of a run and ends it, in one transaction each."""

    def publish(self, run: RefreshRun, publication: Publication, at: datetime) -> VersionHeader:
        """Check the fence, insert the version and its summaries, move the head, and end the run.

        Raises
        ------
        LeaseLost
            As for `RunClaims.progress`; nothing is published.
        """
        ...

    def publish_group(
        self, run: RefreshRun, publications: Sequence[Publication], message: str, at: datetime
    ) -> list[VersionHeader]:
        """Publish the forecasts of all stores of a group at once.

        Parameters
        ----------
        message
            The outcome, stored as the run's message.

        Raises
        ------
        LeaseLost
            As for `RunClaims.progress`; nothing is published.
        """
        ...

    def publish_chain(self, run: RefreshRun, chain: ChainPriors, at: datetime) -> None:
        """Check the fence, insert the chain, and end the run.

        Raises
        ------
        LeaseLost
            As for `RunClaims.progress`; nothing is published.
        """
        ...


class RunQueries(Protocol):
    """Reads runs, and the snapshots of stores."""

    def get(self, run_id: str) -> RefreshRun | None:
        """One run; None if there is no such run."""
        ...

    def recent(self, limit: int, store: str | None = None, scope: str | None = None) -> list[RefreshRun]:
        """The newest runs, newest first.

        Parameters
        ----------
        store
            Only runs of this store.
        scope
            Also runs of this scope; needs a `store`.
        """
        ...

    def backlog(self) -> int:
        """The number of active runs."""
        ...

    def holder(self, scope: str) -> RefreshRun | None:
        """The active run of a scope; None if there is none."""
        ...

    def last(self, scope: str) -> RefreshRun | None:
        """The run of a scope that ended last; None if none has ended."""
        ...

    def batch(self) -> BatchProgress | None:
        """The newest batch in which stores still have active runs; None if there is none."""
        ...

    def snapshots(self, stores: Collection[str] | None = None) -> Mapping[str, StoreSnapshot]:
        """The snapshot of each store that has sales or runs; None means every store."""
        ...

    def pulse(self) -> tuple[int, int, int]:
        """A number that grows with every publication, the newest import, and the number of active runs."""
        ...

    def stamp(self) -> Hashable | None:
        """A value that changes whenever any store's snapshot does; None while runs are active."""
        ...


class Checkpoints(Protocol):
    """Partial results of runs, for the worker that takes a run over. They are deleted when the run ends."""

    def read(self, run: RefreshRun) -> dict[str, bytes]:
        """The stored results, by task."""
        ...

    def save(self, run: RefreshRun, results: Mapping[str, bytes]) -> None:
        """Store results by task, in one transaction.

        Raises
        ------
        LeaseLost
            If another worker has claimed the run, or it has ended; nothing is stored.
        """
        ...
