"""The ports for the refresh ledger and for checkpoints."""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from forecasting.core.domain import (
    Answer,
    BatchProgress,
    Decision,
    RefreshRequest,
    RefreshRun,
    StoreSnapshot,
    VersionHeader,
)
from forecasting.core.pooled_priors import Chain
from forecasting.core.ports.versions_port import Publication


class Ledger(Protocol):
    """Refresh runs; the one place that decides who trains (docs/adr/0004-ledger.md).

    However a run ends but by being cancelled, a follow-up that was noted on it is recorded as the next run of
    its scope in the same transaction.
    """

    def request(self, ask: RefreshRequest, decide: Callable[[StoreSnapshot], Decision]) -> Answer:
        """Attach to the scope's active run, or decide on the snapshot and record a new run.

        One transaction. An attached request with a lower priority number moves a queued run forward. Where
        the run is under way and the store's inputs are newer than those it reads, a follow-up is noted on it.
        """
        ...

    def request_many(
        self, asks: Sequence[RefreshRequest], decide: Callable[[StoreSnapshot], Decision]
    ) -> list[Answer]:
        """Do the same for many stores in one transaction; the answers in the order of the requests."""
        ...

    def request_chain(self, ask: RefreshRequest, decide: Callable[[Chain | None], Decision]) -> Answer:
        """Do the same for the scope `chain.CHAIN`, which is decided on the latest chain, None without one."""
        ...

    def claim(self, worker: str, lease: timedelta, limit: timedelta, most: int = 1) -> list[RefreshRun]:
        """Take the next run that is queued, due for its next attempt, or whose lease has run out.

        Empty if there is nothing to do. One transaction, on the database's clock. A run past its last
        attempt, or that has been running for longer than `limit`, is closed as failed instead. While a run of
        the scope `chain.CHAIN` is active the runs of batches wait, but for those a press moved before it.

        Parameters
        ----------
        lease
            How long the runs stay with the worker without a renewal.
        limit
            How long one attempt may take in all.
        most
            How many runs to take at most. More than one are taken only where the next belongs to a batch: it
            and those queued after it of the same batch and priority. A run that has lost a worker before is
            taken alone.
        """
        ...

    def renew(self, runs: Collection[RefreshRun], lease: timedelta, limit: timedelta) -> set[str]:
        """Prolong the leases from now on; return the ids of the runs that are still held.

        The others were claimed by another worker or have ended, such as by a cancellation or because they
        have been running for longer than `limit`.
        """
        ...

    def progress(self, run: RefreshRun, stage: str, done: int, total: int) -> None:
        """Record how far a run is.

        Raises
        ------
        Fenced
            If the run was claimed by another worker or has ended.
        """
        ...

    def publish(self, run: RefreshRun, publication: Publication, at: datetime) -> VersionHeader:
        """Check the fence, insert the version and its summaries, move the head, end the run: one transaction.

        Raises
        ------
        Fenced
            As for `progress`; nothing is published.
        """
        ...

    def publish_group(
        self, run: RefreshRun, publications: Sequence[Publication], message: str, at: datetime
    ) -> list[VersionHeader]:
        """Do the same for all stores of a group at once; `message` tells of the run what became of it.

        Raises
        ------
        Fenced
            As for `progress`; nothing is published.
        """
        ...

    def publish_chain(self, run: RefreshRun, chain: Chain, at: datetime) -> None:
        """Check the fence, insert the chain, end the run: one transaction.

        Raises
        ------
        Fenced
            As for `progress`; nothing is published.
        """
        ...

    def close(self, run: RefreshRun, state: str, message: str, at: datetime) -> None:
        """End a run without a version: as failed with its error, or succeeded with nothing left to do.

        Raises
        ------
        Fenced
            As for `progress`.
        """
        ...

    def postpone(self, run: RefreshRun, error: str, wait: timedelta) -> None:
        """Let a run wait before its next attempt, because the present one was broken by what may pass.

        It keeps its scope; a press lets it wait no longer.

        Raises
        ------
        Fenced
            As for `progress`.
        """
        ...

    def await_elsewhere(
        self, run: RefreshRun, stage: str, wait: timedelta, remaining: timedelta | None
    ) -> None:
        """Let a run wait for what happens elsewhere, before it is looked at again; its attempts count anew.

        Parameters
        ----------
        stage
            What happens there, in words.
        remaining
            How much longer it takes; None where nobody says.

        Raises
        ------
        Fenced
            As for `progress`.
        """
        ...

    def release(self, run: RefreshRun) -> None:
        """Give a run back to the queue at a clean stop; the attempt does not count."""
        ...

    def cancel(self, run_id: str, reason: str, at: datetime) -> bool:
        """End a run whoever holds it; False where it has ended already. Its worker is refused from now on."""
        ...

    def cancel_batch(self, batch_id: str, stores: Collection[str] | None, reason: str, at: datetime) -> int:
        """End all active runs of a batch, or those of some stores, in one transaction; tell how many."""
        ...

    def get(self, run_id: str) -> RefreshRun | None:
        """One run, or None."""
        ...

    def recent(self, limit: int, store: str | None = None, scope: str | None = None) -> list[RefreshRun]:
        """The newest runs first.

        Parameters
        ----------
        store, scope
            Only those about the store, and where a scope is given with it, those of the scope.
        """
        ...

    def backlog(self) -> int:
        """How many runs are queued or running."""
        ...

    def beat(self, worker: str) -> None:
        """Record a worker's sign of life, on the database's clock."""
        ...

    def silence(self) -> timedelta | None:
        """How long ago any worker gave its last sign of life; None for never."""
        ...

    def pulse(self) -> tuple[int, int, int]:
        """A number that grows with every publication, the newest import, and how many runs are active."""
        ...

    def stamp(self) -> Hashable | None:
        """What differs whenever a snapshot of any store does; None while runs are active, which change."""
        ...

    def holder(self, scope: str) -> RefreshRun | None:
        """The active run of a scope, or None."""
        ...

    def last(self, scope: str) -> RefreshRun | None:
        """The run of a scope that has ended last, or None."""
        ...

    def batch(self) -> BatchProgress | None:
        """The newest batch of which stores still have active runs, or None."""
        ...

    def snapshots(self, stores: Collection[str] | None = None) -> Mapping[str, StoreSnapshot]:
        """The snapshot of each store that has sales or runs; None means every store."""
        ...


class Checkpoints(Protocol):
    """What a run has done so far, for the worker that takes it over; gone once the run has ended."""

    def read(self, run: RefreshRun) -> dict[str, bytes]:
        """Results by their task."""
        ...

    def save(self, run: RefreshRun, results: Mapping[str, bytes]) -> None:
        """Keep results by their task: one transaction.

        Raises
        ------
        Fenced
            If the run was claimed by another worker or has ended; nothing is kept.
        """
        ...
