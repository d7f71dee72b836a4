"""The loop that claims refresh runs, has them trained and records their outcomes."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from time import monotonic

from forecasting.config.logs import get_logger
from forecasting.core.errors import StateUnavailable, StorageError
from forecasting.core.ports import Clock, Storage
from forecasting.refresh.claimed_runs import ClaimedRuns
from forecasting.refresh.lifecycle import LeaseTerms
from forecasting.refresh.run_outcome import RunOutcome, Train

log = get_logger(__name__)

Idle = Callable[[Callable[[], bool]], None]
"""Work between runs. It is given a check that it must call after each small step.

It has to return as soon as the check answers no: a run is waiting, or the worker is stopping.
"""

RUNS_TOGETHER = 16
"""Most runs of a batch claimed together. They take a second or two, which a press may have to wait."""

IDLE_SECONDS = 0.5
"""How soon a run requested by another process is noticed."""

HEARTBEAT = timedelta(seconds=5)
"""How often a worker writes a heartbeat, and how often it does its idle work between runs."""

PROGRESS_SECONDS = 0.2
"""How soon others see a run's progress."""

RENEW = timedelta(seconds=1)
"""Longest time between two renewals of a lease; a renewal also tells the worker that a run was cancelled."""

REST_SECONDS = 0.02
"""Pause after each small step of the idle work, so that others can use the database."""


class RefreshWorker:
    """Works through the ledger's runs until it is stopped: a press alone, runs of a batch together.

    Parameters
    ----------
    storage, clock
        Ports.
    train
        Does the work, in a thread of its own. Meanwhile this thread renews the leases and publishes each run
        as soon as it is done.
    terms
        The terms of the leases.
    name
        The worker's name in the ledger.
    idle
        Work to do between runs.
    runs_together
        Most runs of a batch to claim together.
    """

    def __init__(
        self,
        storage: Storage,
        train: Train,
        clock: Clock,
        terms: LeaseTerms,
        name: str,
        idle: Idle = lambda _undisturbed: None,
        runs_together: int = RUNS_TOGETHER,
    ) -> None:
        self._storage = storage
        self._train = train
        self._clock = clock
        self._terms = terms
        self._name = name
        self._idle = idle
        self._runs_together = runs_together
        self._heartbeat_at = datetime.min.replace(tzinfo=UTC)
        self._trouble = ""
        self._stop = threading.Event()
        self._wake = threading.Event()

    def wake(self) -> None:
        """Look for runs now."""
        self._wake.set()

    def stop(self) -> None:
        """Make the loop end; runs in progress are released to the queue."""
        self._stop.set()
        self._wake.set()

    def serve(self) -> None:
        """Work until `stop`. While the state can't be used, wait and try again."""
        while not self._stop.is_set():
            claimed = 0
            try:
                claimed = self.run_next()
                self.run_idle_work()
            except StorageError as error:
                self._log_trouble(str(error))
            except Exception:
                log.exception("unexpected error in the refresh worker; continuing")
            else:
                self._log_trouble("")
            if not claimed:
                self._wake.wait(IDLE_SECONDS)
                self._wake.clear()

    def beat(self) -> bool:
        """Write a heartbeat if it is due, and return whether it was.

        Raises
        ------
        StateUnavailable
            If the ledger can't be written.
        """
        now = self._clock.now()
        if abs(now - self._heartbeat_at) < HEARTBEAT:
            return False
        self._storage.claims.beat(self._name)
        self._heartbeat_at = now
        return True

    def run_idle_work(self) -> None:
        """Write a heartbeat and do the idle work, if they are due."""
        if self.beat():
            self._idle(self._undisturbed)

    def run_next(self) -> int:
        """Claim the next runs and do their work; return how many there were."""
        runs = self._storage.claims.claim(
            self._name, self._terms.lease, self._terms.limit, self._runs_together
        )
        for run in runs:
            log.info(
                "run started",
                run_id=run.run_id,
                scope=run.scope,
                verdict=str(run.verdict),
                attempt=run.attempt,
            )
        if runs:
            self._attend(ClaimedRuns(self._storage, self._clock, runs, self._terms, self._stop))
        return len(runs)

    def _attend(self, claimed: ClaimedRuns) -> None:
        """Train claimed runs in a thread, and record their outcomes in this one."""
        outcomes: SimpleQueue[RunOutcome | None] = SimpleQueue()
        with ThreadPoolExecutor(1, thread_name_prefix="refresh") as executor:
            training = executor.submit(self._work, claimed, outcomes)
            try:
                self._record_all(claimed, outcomes)
            finally:
                claimed.abandon()
        claimed.close(training.exception())

    def _work(self, claimed: ClaimedRuns, outcomes: SimpleQueue[RunOutcome | None]) -> None:
        """Train, and put each outcome in the queue as soon as it is known, and None at the end."""
        try:
            for outcome in self._train(claimed.runs, claimed.report_progress):
                outcomes.put(outcome)
                if not claimed.wanted:
                    break
        finally:
            outcomes.put(None)

    def _record_all(self, claimed: ClaimedRuns, outcomes: SimpleQueue[RunOutcome | None]) -> None:
        """Record each outcome as it arrives and renew the other leases, until the training has ended.

        While the state can't be used, wait as long as the leases may still hold.

        Raises
        ------
        StateUnavailable
            If the state could not be used for longer than that, or the worker is stopping.
        """
        pause = min(self._terms.lease / 3, RENEW).total_seconds()
        training, due, last_success = True, monotonic() + pause, monotonic()
        while training or not claimed.recorded:
            try:
                outcome = outcomes.get(timeout=min(pause, PROGRESS_SECONDS))
            except Empty:
                pass
            else:
                training = outcome is not None
                if outcome is not None:
                    claimed.add(outcome)
            try:
                due = self._write(claimed, due, pause)
            except StateUnavailable as error:
                if self._stop.is_set() or monotonic() - last_success > self._terms.lease.total_seconds():
                    raise
                self._log_trouble(str(error))
            else:
                last_success = monotonic()
                self._log_trouble("")

    def _write(self, claimed: ClaimedRuns, due: float, pause: float) -> float:
        """Record outcomes or progress, and renew the leases if that is due.

        Parameters
        ----------
        due
            When the next renewal is due, in seconds of `monotonic`.
        pause
            Seconds between two renewals.

        Returns
        -------
        float
            When the renewal after this call is due.
        """
        if not claimed.recorded:
            claimed.record()
        else:
            claimed.write_progress()
        if monotonic() < due:
            return due
        claimed.renew()
        self.beat()
        return monotonic() + pause

    def _undisturbed(self) -> bool:
        """Whether the idle work may go on: nobody has woken the worker, and no run is waiting."""
        self.beat()
        return not self._wake.wait(REST_SECONDS) and not self._storage.runs.backlog()

    def _log_trouble(self, trouble: str) -> None:
        """Log once what keeps the worker from working, and once that it is over; ``""`` is no trouble."""
        if trouble and trouble != self._trouble:
            log.error("the refresh worker can't continue and will try again", trouble=trouble)
        elif self._trouble and not trouble:
            log.warning("the refresh worker continues")
        self._trouble = trouble
