"""The loop that claims refresh runs and sees them through."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta

from forecasting.domain import RefreshRun, RunState
from forecasting.errors import ComputeLost, Fenced, StorageError, StorecastError
from forecasting.ports import Clock, Ledger, Publication

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
"""Told a stage in words, the series done and their total; raises when the run is to be given up."""

Train = Callable[[RefreshRun, Progress], Publication | None]
"""Does what a run asks for; None where another has done it since."""

Idle = Callable[[Callable[[], bool]], None]
"""Called between runs; told how to ask, after each small step, whether there is still nothing else to do."""

IDLE_SECONDS = 0.5
"""How soon a run asked for by another process is noticed."""

BEAT = timedelta(seconds=5)
"""How often a worker gives a sign of life, and looks round between runs."""

REST_SECONDS = 0.02
"""How long what is done between runs rests after each small step, so that others get at the database."""


class Stopping(StorecastError):
    """The worker was told to stop while a run was under way."""


class RefreshWorker:
    """Works the ledger's runs one after another until told to stop.

    Parameters
    ----------
    ledger, clock
        Ports.
    train
        The work itself; runs in a thread of its own, so that the lease is renewed by this one.
    lease
        How long a run stays ours without a renewal.
    name
        Who claims, for the ledger.
    idle
        What to look after between runs.
    """

    def __init__(
        self,
        ledger: Ledger,
        train: Train,
        clock: Clock,
        lease: timedelta,
        name: str,
        idle: Idle = lambda _undisturbed: None,
    ) -> None:
        self._ledger = ledger
        self._train = train
        self._clock = clock
        self._lease = lease
        self._name = name
        self._idle = idle
        self._beaten_at = datetime.min.replace(tzinfo=UTC)
        self._trouble = ""
        self._stop = threading.Event()
        self._wake = threading.Event()

    def wake(self) -> None:
        """Look at the ledger now."""
        self._wake.set()

    def stop(self) -> None:
        """Ask the loop to end; a run under way is given back to the queue."""
        self._stop.set()
        self._wake.set()

    def serve(self) -> None:
        """Work until `stop`; a state folder that can't be used for a while is waited for."""
        while not self._stop.is_set():
            worked = False
            try:
                worked = self.run_next()
                self.look_round()
            except StorageError as error:
                self._complain(str(error))
            except Exception:
                log.exception("the refresh worker met a bug and goes on")
            else:
                self._complain("")
            if not worked:
                self._wake.wait(IDLE_SECONDS)
                self._wake.clear()

    def beat(self) -> bool:
        """Give a sign of life unless the last one was a moment ago; tell whether it was given.

        Raises
        ------
        StateUnavailable
            If the state can't be written.
        """
        now = self._clock.now()
        if abs(now - self._beaten_at) < BEAT:
            return False
        self._ledger.beat(self._name, now)
        self._beaten_at = now
        return True

    def look_round(self) -> None:
        """Give a sign of life and look after the rest of the house, unless that was a moment ago."""
        if self.beat():
            self._idle(self._undisturbed)

    def run_next(self) -> bool:
        """Claim and work one run; False if there was none."""
        now = self._clock.now()
        run = self._ledger.claim(self._name, now, now + self._lease)
        if run is None:
            return False
        log.info("run %s of %s started: %s", run.run_id, run.scope, run.verdict)
        try:
            self._attend(run)
        except Fenced:
            log.warning(
                "run %s of %s was lost to another worker; its result is dropped", run.run_id, run.scope
            )
        return True

    def _attend(self, run: RefreshRun) -> None:
        with ThreadPoolExecutor(1, thread_name_prefix="refresh") as executor:
            training = executor.submit(self._train, run, self._progress_of(run))
            while wait([training], timeout=min(self._lease / 3, BEAT).total_seconds()).not_done:
                self._ledger.renew(run, self._clock.now() + self._lease)
                self.beat()
        error = training.exception()
        if error is None:
            self._finish(run, training.result())
        elif isinstance(error, Stopping) or (isinstance(error, ComputeLost) and self._stop.is_set()):
            self._ledger.release(run)
        elif isinstance(error, Fenced):
            raise error
        else:
            self._fail(run, error)

    def _undisturbed(self) -> bool:
        self.beat()
        return not self._wake.wait(REST_SECONDS)

    def _complain(self, trouble: str) -> None:
        """Say once what keeps the worker from working, and once that it is over."""
        if trouble and trouble != self._trouble:
            log.error("the refresh worker can't go on, and tries again: %s", trouble)
        elif self._trouble and not trouble:
            log.warning("the refresh worker goes on")
        self._trouble = trouble

    def _progress_of(self, run: RefreshRun) -> Progress:
        def progress(stage: str, done: int, total: int) -> None:
            if self._stop.is_set():
                raise Stopping(f"{run.scope} was interrupted by a shutdown")
            self._ledger.progress(run, stage, done, total)

        return progress

    def _finish(self, run: RefreshRun, publication: Publication | None) -> None:
        if publication is None:
            message = "Already up to date when its turn came: nothing was run"
            self._ledger.close(run, RunState.SUCCEEDED, message, self._clock.now())
            return
        try:
            header = self._ledger.publish(run, publication, self._clock.now())
        except Fenced:
            raise
        except StorecastError as error:
            self._fail(run, error)
        else:
            log.info("run %s of %s published version %d", run.run_id, run.scope, header.version)

    def _fail(self, run: RefreshRun, error: BaseException) -> None:
        log.error("run %s of %s failed", run.run_id, run.scope, exc_info=error)
        known = isinstance(error, StorecastError)
        words = (
            str(error)
            if known
            else f"Unexpected {type(error).__name__}; the log has it under run {run.run_id}"
        )
        self._ledger.close(run, RunState.FAILED, words, self._clock.now())
