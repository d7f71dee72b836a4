"""Runs that are worked together: which of them are still to be done, and how each ends in the ledger."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from forecasting.config.logs import get_logger
from forecasting.core.domain import RefreshRun, RunState
from forecasting.core.errors import ComputeLost, Fenced, StorecastError
from forecasting.core.pooled_priors import ChainPriors
from forecasting.core.ports import Clock, Publication, Storage
from forecasting.refresh.lifecycle import Terms, in_words, next_wait

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Later:
    """What happens elsewhere before a run can go on.

    Attributes
    ----------
    stage
        In words.
    wait
        How soon to look again.
    remaining
        How much longer it takes; None where nobody says.
    """

    stage: str
    wait: timedelta
    remaining: timedelta | None = None


@dataclass(frozen=True, slots=True)
class PublishedTogether:
    """What the run of a group of stores leaves, and what is told of it."""

    publications: tuple[Publication, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A run whose work is done, for now.

    Attributes
    ----------
    publication
        What it leaves; None where another has done it since, or where it failed.
    error
        Why it failed.
    later
        What it waits for; None where it has ended.
    """

    run: RefreshRun
    publication: Publication | ChainPriors | PublishedTogether | None = None
    error: Exception | None = None
    later: Later | None = None


Progress = Callable[[RefreshRun, str, int, int], None]
"""Told of a run a stage in words, the series done and their total; raises `Stopping` when all is given up."""

Train = Callable[[Sequence[RefreshRun], Progress], Iterator[Finished]]
"""Does what runs ask for and yields each as it is done, in any order."""


class Stopping(StorecastError):
    """The work on some runs is to be given up: the worker was told to stop, or lost all of them."""


class Chunk:
    """Runs one worker has claimed together.

    The thread that trains calls `progress` and looks at `wanted`; all else is for the thread that attends, so
    that no fit waits for the database.

    Parameters
    ----------
    storage, clock
        Ports.
    runs
        Claimed runs.
    terms
        On which they are held.
    stopping
        Set when the worker is to end.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        runs: Sequence[RefreshRun],
        terms: Terms,
        stopping: threading.Event,
    ) -> None:
        self.runs = tuple(runs)
        self._storage = storage
        self._clock = clock
        self._terms = terms
        self._stopping = stopping
        self._given_up = threading.Event()
        self._open = {run.run_id: run for run in runs}
        self._finished: deque[Finished] = deque()
        self._untold: dict[str, tuple[str, int, int]] = {}
        self._lock = threading.Lock()

    @property
    def wanted(self) -> bool:
        """Whether somebody still waits for the runs not yet done."""
        return not (self._stopping.is_set() or self._given_up.is_set())

    @property
    def settled(self) -> bool:
        """Whether every run that is finished has been ended in the ledger."""
        return not self._finished

    def progress(self, run: RefreshRun, stage: str, done: int, total: int) -> None:
        """Note how far a run is; `tell` writes it down.

        Raises
        ------
        Stopping
            If the runs are not wanted any more.
        """
        if not self.wanted:
            raise Stopping(f"{run.scope} was interrupted by a shutdown")
        with self._lock:
            self._untold[run.run_id] = (stage, done, total)

    def give_up(self) -> None:
        """Let the thread that trains end at its next step."""
        self._given_up.set()

    def tell(self) -> None:
        """Write down how far the run is; of several, which are usually done in a moment, `renew` does it.

        Raises
        ------
        StateUnavailable
            If the state can't be written.
        """
        if len(self.runs) == 1:
            for run in tuple(self._open.values()):
                self._tell(run)

    def renew(self) -> None:
        """Prolong the leases of the runs not yet done, and write down how far they are; one lost is dropped.

        Raises
        ------
        StateUnavailable
            If the state can't be written.
        """
        runs = tuple(self._open.values())
        held = self._storage.claims.renew(runs, self._terms.lease, self._terms.limit)
        for run in runs:
            if run.run_id in held:
                self._tell(run)
            else:
                self._lose(run)

    def add(self, finished: Finished) -> None:
        """Take a run that is done; `settle` ends it."""
        self._finished.append(finished)

    def settle(self) -> None:
        """End the runs that are done in the ledger, but for those that were lost.

        Raises
        ------
        StateUnavailable
            If the state can't be written; what could not be ended is kept for the next time.
        """
        while self._finished:
            finished = self._finished[0]
            if finished.run.run_id in self._open:
                self.tell()
                self._end(finished)
            self._finished.popleft()

    def close(self, error: BaseException | None) -> None:
        """End the runs that are still open after the training: released at a stop, else failed.

        Parameters
        ----------
        error
            What the training ended with.

        Raises
        ------
        StateUnavailable
            If the state can't be written.
        """
        for run in tuple(self._open.values()):
            self._settle(run, lambda each: self._fail_or_release(each, error))

    def _end(self, finished: Finished) -> None:
        if finished.error is not None:
            self._settle(finished.run, lambda run: self._fail_or_release(run, finished.error))
        elif finished.later is not None:
            later = finished.later
            self._settle(finished.run, lambda run: self._await(run, later))
        elif finished.publication is None:
            self._settle(finished.run, self._close_as_done)
        else:
            made = finished.publication
            self._settle(finished.run, lambda run: self._publish(run, made))

    def _settle(self, run: RefreshRun, end: Callable[[RefreshRun], None]) -> None:
        try:
            end(run)
        except Fenced:
            self._lose(run)
        else:
            self._open.pop(run.run_id, None)

    def _lose(self, run: RefreshRun) -> None:
        if self._open.pop(run.run_id, None) is None:
            return
        log.warning("run was taken away; its result is dropped", run_id=run.run_id, scope=run.scope)
        if not self._open:
            self.give_up()

    def _tell(self, run: RefreshRun) -> None:
        with self._lock:
            untold = self._untold.pop(run.run_id, None)
        if untold is not None:
            try:
                self._storage.claims.progress(run, *untold)
            except Fenced:
                self._lose(run)

    def _close_as_done(self, run: RefreshRun) -> None:
        message = "Already up to date when its turn came: nothing was run"
        self._storage.claims.close(run, RunState.SUCCEEDED, message, self._clock.now())

    def _await(self, run: RefreshRun, later: Later) -> None:
        self._storage.claims.await_elsewhere(run, later.stage, later.wait, later.remaining)

    def _publish(self, run: RefreshRun, made: Publication | ChainPriors | PublishedTogether) -> None:
        now = self._clock.now()
        try:
            if isinstance(made, ChainPriors):
                self._storage.publications.publish_chain(run, made, now)
                what = made.chain_id
            elif isinstance(made, PublishedTogether):
                headers = self._storage.publications.publish_group(run, made.publications, made.message, now)
                what = ", ".join(str(header.version) for header in headers)
            else:
                what = str(self._storage.publications.publish(run, made, now).version)
        except Fenced:
            raise
        except StorecastError as error:
            self._fail(run, error)
        else:
            log.info("run published", run_id=run.run_id, scope=run.scope, version=what)

    def _fail_or_release(self, run: RefreshRun, error: BaseException | None) -> None:
        cut_short = error is None or isinstance(error, ComputeLost)
        if isinstance(error, Stopping) or (cut_short and self._stopping.is_set()):
            self._storage.claims.release(run)
        else:
            self._fail(run, error or RuntimeError("the training ended without a word about this run"))

    def _fail(self, run: RefreshRun, error: BaseException) -> None:
        """End a run, or let it wait for its next attempt where what broke it may pass."""
        words = in_words(error, run.attempt, run.run_id)
        wait = next_wait(run.attempt, error, self._terms.first_wait, self._terms.jitter())
        about = {"run_id": run.run_id, "scope": run.scope, "attempt": run.attempt}
        if wait is None:
            log.error("run failed", **about, exc_info=error)
            self._storage.claims.close(run, RunState.FAILED, words, self._clock.now())
        else:
            log.warning("run waits for its next attempt", **about, error=words, seconds=wait.total_seconds())
            self._storage.claims.postpone(run, words, wait)
