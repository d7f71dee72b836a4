"""The threads in which the refresh workers of one process run."""

from collections.abc import Sequence
from threading import Thread
from time import monotonic

from forecasting.refresh.worker import RefreshWorker


class WorkerThreads:
    """One thread for each worker, started and stopped together.

    Parameters
    ----------
    workers
        At least one.
    """

    def __init__(self, workers: Sequence[RefreshWorker]) -> None:
        self._workers = workers
        self._threads: list[Thread] = []

    @property
    def started(self) -> bool:
        """Whether `start` has been called."""
        return bool(self._threads)

    def require_writable_state(self) -> None:
        """Write a first heartbeat.

        Raises
        ------
        StateUnavailable
            If the state can be read, but not written.
        """
        self._workers[0].beat()

    def start(self) -> None:
        """Start all workers. A second call does nothing."""
        if not self.started:
            self._threads = [
                Thread(target=worker.serve, name="refresh-worker", daemon=True) for worker in self._workers
            ]
            for thread in self._threads:
                thread.start()

    def wake(self) -> None:
        """Have all workers check for runs at once."""
        for worker in self._workers:
            worker.wake()

    def stop(self, seconds: float) -> None:
        """Ask all workers to stop, and wait for their threads.

        Parameters
        ----------
        seconds
            How long to wait for all of them together. A worker may take longer to release its runs; calling
            `stop` again waits again.
        """
        for worker in self._workers:
            worker.stop()
        deadline = monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - monotonic()))
