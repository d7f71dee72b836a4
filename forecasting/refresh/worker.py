"""The loop that claims refresh runs and sees them through."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from time import monotonic

from forecasting.errors import StorageError
from forecasting.ports import Clock, Ledger
from forecasting.refresh.chunk import Chunk, Finished, Train

log = logging.getLogger(__name__)

Idle = Callable[[Callable[[], bool]], None]
"""Called between runs; told how to ask, after each small step, whether there is still nothing else to do."""

CHUNK = 16
"""How many runs of a batch are worked together: a second or two, for which a press may have to wait."""

IDLE_SECONDS = 0.5
"""How soon a run asked for by another process is noticed."""

BEAT = timedelta(seconds=5)
"""How often a worker gives a sign of life, and looks round between runs."""

TELL_SECONDS = 0.2
"""How soon others see how far a run is."""

REST_SECONDS = 0.02
"""How long what is done between runs rests after each small step, so that others get at the database."""


class RefreshWorker:
    """Works the ledger's runs until told to stop: a press alone, those of a batch a few together.

    Parameters
    ----------
    ledger, clock
        Ports.
    train
        The work itself; runs in a thread of its own, so that leases are renewed and each run is published
        as it is done by this one.
    lease
        How long a run stays ours without a renewal.
    name
        Who claims, for the ledger.
    idle
        What to look after between runs.
    chunk
        How many runs of a batch to work together at most.
    """

    def __init__(
        self,
        ledger: Ledger,
        train: Train,
        clock: Clock,
        lease: timedelta,
        name: str,
        idle: Idle = lambda _undisturbed: None,
        chunk: int = CHUNK,
    ) -> None:
        self._ledger = ledger
        self._train = train
        self._clock = clock
        self._lease = lease
        self._name = name
        self._idle = idle
        self._chunk = chunk
        self._beaten_at = datetime.min.replace(tzinfo=UTC)
        self._trouble = ""
        self._stop = threading.Event()
        self._wake = threading.Event()

    def wake(self) -> None:
        """Look at the ledger now."""
        self._wake.set()

    def stop(self) -> None:
        """Ask the loop to end; runs under way are given back to the queue."""
        self._stop.set()
        self._wake.set()

    def serve(self) -> None:
        """Work until `stop`; a state folder that can't be used for a while is waited for."""
        while not self._stop.is_set():
            worked = 0
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

    def run_next(self) -> int:
        """Claim and work what is next; return how many runs that were."""
        now = self._clock.now()
        runs = self._ledger.claim(self._name, now, now + self._lease, self._chunk)
        for run in runs:
            log.info("run %s of %s started: %s", run.run_id, run.scope, run.verdict)
        if runs:
            self._attend(Chunk(self._ledger, self._clock, runs, self._stop))
        return len(runs)

    def _attend(self, chunk: Chunk) -> None:
        arrived: SimpleQueue[Finished | None] = SimpleQueue()
        with ThreadPoolExecutor(1, thread_name_prefix="refresh") as executor:
            training = executor.submit(self._work, chunk, arrived)
            try:
                self._see_through(chunk, arrived)
            finally:
                chunk.give_up()
        chunk.close(training.exception())

    def _work(self, chunk: Chunk, arrived: SimpleQueue[Finished | None]) -> None:
        """Train, and hand over each run as it is done, and None at the end."""
        try:
            for finished in self._train(chunk.runs, chunk.progress):
                arrived.put(finished)
                if not chunk.wanted:
                    break
        finally:
            arrived.put(None)

    def _see_through(self, chunk: Chunk, arrived: SimpleQueue[Finished | None]) -> None:
        """End each run as it arrives, and keep the leases of the others, until the training has ended."""
        pause = min(self._lease / 3, BEAT).total_seconds()
        due = monotonic() + pause
        while True:
            try:
                finished = arrived.get(timeout=min(pause, TELL_SECONDS))
            except Empty:
                chunk.tell()
            else:
                if finished is None:
                    return
                chunk.end(finished)
            if monotonic() >= due:
                chunk.renew(self._clock.now() + self._lease)
                self.beat()
                due = monotonic() + pause

    def _undisturbed(self) -> bool:
        self.beat()
        return not self._wake.wait(REST_SECONDS) and not self._ledger.backlog()

    def _complain(self, trouble: str) -> None:
        """Say once what keeps the worker from working, and once that it is over."""
        if trouble and trouble != self._trouble:
            log.error("the refresh worker can't go on, and tries again: %s", trouble)
        elif self._trouble and not trouble:
            log.warning("the refresh worker goes on")
        self._trouble = trouble
