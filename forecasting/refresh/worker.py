"""The loop that claims refresh runs and sees them through."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from time import monotonic

from forecasting.config.logs import get_logger
from forecasting.core.errors import StateUnavailable, StorageError
from forecasting.core.ports import Clock, Storage
from forecasting.refresh.chunk import Chunk, Finished, Train
from forecasting.refresh.lifecycle import Terms

log = get_logger(__name__)

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

RENEW = timedelta(seconds=1)
"""How often leases are renewed at least, by which a worker learns that a run was cancelled."""

REST_SECONDS = 0.02
"""How long what is done between runs rests after each small step, so that others get at the database."""


class RefreshWorker:
    """Works the ledger's runs until told to stop: a press alone, those of a batch a few together.

    Parameters
    ----------
    storage, clock
        Ports.
    train
        The work itself; runs in a thread of its own, so that leases are renewed and each run is published
        as it is done by this one.
    terms
        On which runs are held.
    name
        The name under which it claims runs.
    idle
        What to look after between runs.
    chunk
        How many runs of a batch to work together at most.
    """

    def __init__(
        self,
        storage: Storage,
        train: Train,
        clock: Clock,
        terms: Terms,
        name: str,
        idle: Idle = lambda _undisturbed: None,
        chunk: int = CHUNK,
    ) -> None:
        self._storage = storage
        self._train = train
        self._clock = clock
        self._terms = terms
        self._name = name
        self._idle = idle
        self._chunk = chunk
        self._beaten_at = datetime.min.replace(tzinfo=UTC)
        self._trouble = ""
        self._stop = threading.Event()
        self._wake = threading.Event()

    def wake(self) -> None:
        """Look for runs now."""
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
        self._storage.claims.beat(self._name)
        self._beaten_at = now
        return True

    def look_round(self) -> None:
        """Give a sign of life and look after the rest of the house, unless that was a moment ago."""
        if self.beat():
            self._idle(self._undisturbed)

    def run_next(self) -> int:
        """Claim and work what is next; return how many runs that were."""
        runs = self._storage.claims.claim(self._name, self._terms.lease, self._terms.limit, self._chunk)
        for run in runs:
            log.info(
                "run started",
                run_id=run.run_id,
                scope=run.scope,
                verdict=str(run.verdict),
                attempt=run.attempt,
            )
        if runs:
            self._attend(Chunk(self._storage, self._clock, runs, self._terms, self._stop))
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
        """End each run as it arrives, and keep the leases of the others, until the training has ended.

        A state that can't be used is waited for as long as the leases may still hold.

        Raises
        ------
        StateUnavailable
            If it could not be used for longer than that, or the worker is to stop.
        """
        pause = min(self._terms.lease / 3, RENEW).total_seconds()
        training, due, heard = True, monotonic() + pause, monotonic()
        while training or not chunk.settled:
            try:
                finished = arrived.get(timeout=min(pause, TELL_SECONDS))
            except Empty:
                pass
            else:
                training = finished is not None
                if finished is not None:
                    chunk.add(finished)
            try:
                due = self._look_after(chunk, due, pause)
            except StateUnavailable as error:
                if self._stop.is_set() or monotonic() - heard > self._terms.lease.total_seconds():
                    raise
                self._complain(str(error))
            else:
                heard = monotonic()
                self._complain("")

    def _look_after(self, chunk: Chunk, due: float, pause: float) -> float:
        """End what is done, tell how far the rest is, renew where it is time; return when it is next."""
        if not chunk.settled:
            chunk.settle()
        else:
            chunk.tell()
        if monotonic() < due:
            return due
        chunk.renew()
        self.beat()
        return monotonic() + pause

    def _undisturbed(self) -> bool:
        self.beat()
        return not self._wake.wait(REST_SECONDS) and not self._storage.runs.backlog()

    def _complain(self, trouble: str) -> None:
        """Say once what keeps the worker from working, and once that it is over."""
        if trouble and trouble != self._trouble:
            log.error("the refresh worker can't go on, and tries again", trouble=trouble)
        elif self._trouble and not trouble:
            log.warning("the refresh worker goes on")
        self._trouble = trouble
