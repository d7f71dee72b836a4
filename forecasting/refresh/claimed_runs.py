"""The runs a worker has claimed together: their leases, their progress and their outcomes."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from forecasting.config.logs import get_logger
from forecasting.core.domain import RefreshRun
from forecasting.core.errors import LeaseLost
from forecasting.core.ports import Clock, Storage
from forecasting.refresh.lifecycle import LeaseTerms
from forecasting.refresh.outcome_recorder import OutcomeRecorder
from forecasting.refresh.run_outcome import RunOutcome, StopRequested

log = get_logger(__name__)


class ClaimedRuns:
    """Runs that one worker has claimed together.

    The training thread calls only `report_progress` and reads only `wanted`. The worker's thread does the
    rest, so that no fit waits for the database.

    Parameters
    ----------
    storage, clock
        Ports.
    runs
        The claimed runs.
    terms
        The terms of their leases.
    stopping
        Set when the worker is to stop.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        runs: Sequence[RefreshRun],
        terms: LeaseTerms,
        stopping: threading.Event,
    ) -> None:
        self.runs = tuple(runs)
        self._claims = storage.claims
        self._terms = terms
        self._recorder = OutcomeRecorder(storage, clock, terms, stopping)
        self._stopping = stopping
        self._abandoned = threading.Event()
        self._open = {run.run_id: run for run in runs}
        self._outcomes: deque[RunOutcome] = deque()
        self._progress: dict[str, tuple[str, int, int]] = {}
        self._lock = threading.Lock()

    @property
    def wanted(self) -> bool:
        """Whether the training should go on: the worker is not stopping and still holds a run."""
        return not (self._stopping.is_set() or self._abandoned.is_set())

    @property
    def recorded(self) -> bool:
        """Whether every outcome so far has been written to the ledger."""
        return not self._outcomes

    def report_progress(self, run: RefreshRun, stage: str, done: int, total: int) -> None:
        """Note the progress of a run; `write_progress` or `renew` writes it to the ledger.

        Raises
        ------
        StopRequested
            If the training should not go on.
        """
        if not self.wanted:
            raise StopRequested(f"{run.scope} was interrupted by a shutdown")
        with self._lock:
            self._progress[run.run_id] = (stage, done, total)

    def abandon(self) -> None:
        """Make the training thread stop at its next step."""
        self._abandoned.set()

    def write_progress(self) -> None:
        """Write the progress of a single run. Several runs are usually short; for them `renew` does it.

        Raises
        ------
        StateUnavailable
            If the ledger can't be written.
        """
        if len(self.runs) == 1:
            for run in tuple(self._open.values()):
                self._write_progress(run)

    def renew(self) -> None:
        """Renew the leases of the open runs and write their progress; drop a run whose lease was lost.

        Raises
        ------
        StateUnavailable
            If the ledger can't be written.
        """
        runs = tuple(self._open.values())
        held = self._claims.renew(runs, self._terms.lease, self._terms.limit)
        for run in runs:
            if run.run_id in held:
                self._write_progress(run)
            else:
                self._drop(run)

    def add(self, outcome: RunOutcome) -> None:
        """Add an outcome; `record` writes it to the ledger."""
        self._outcomes.append(outcome)

    def record(self) -> None:
        """Write the outcomes to the ledger, except those of runs that were lost.

        Raises
        ------
        StateUnavailable
            If the ledger can't be written. Outcomes not yet written are kept for the next call.
        """
        while self._outcomes:
            outcome = self._outcomes[0]
            if outcome.run.run_id in self._open:
                self.write_progress()
                self._end(outcome.run, partial(self._recorder.record, outcome))
            self._outcomes.popleft()

    def close(self, error: BaseException | None) -> None:
        """End the runs that are still open after the training: release them at a stop, otherwise fail them.

        Parameters
        ----------
        error
            What ended the training; None if it ended normally.

        Raises
        ------
        StateUnavailable
            If the ledger can't be written.
        """
        for run in tuple(self._open.values()):
            self._end(run, partial(self._recorder.fail_or_release, run, error))

    def _end(self, run: RefreshRun, write: Callable[[], None]) -> None:
        try:
            write()
        except LeaseLost:
            self._drop(run)
        else:
            self._open.pop(run.run_id, None)

    def _drop(self, run: RefreshRun) -> None:
        if self._open.pop(run.run_id, None) is None:
            return
        log.warning("lost the lease of a run; its result is dropped", run_id=run.run_id, scope=run.scope)
        if not self._open:
            self.abandon()

    def _write_progress(self, run: RefreshRun) -> None:
        with self._lock:
            progress = self._progress.pop(run.run_id, None)
        if progress is not None:
            try:
                self._claims.progress(run, *progress)
            except LeaseLost:
                self._drop(run)
