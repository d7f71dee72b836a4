"""The threads of the workers, with workers that only wait."""

import threading
from time import monotonic
from typing import Any

from forecasting.refresh.worker_threads import WorkerThreads


class WaitingWorker:
    """Serves until it may leave; counts what is asked of it."""

    def __init__(self, *, stubborn: bool = False) -> None:
        self.serving, self.may_leave = threading.Event(), threading.Event()
        self.stubborn = stubborn
        self.served = self.woken = 0

    def serve(self) -> None:
        """Wait."""
        self.served += 1
        self.serving.set()
        self.may_leave.wait(10)

    def wake(self) -> None:
        """Count."""
        self.woken += 1

    def stop(self) -> None:
        """Leave, unless there is a run that takes its time."""
        if not self.stubborn:
            self.may_leave.set()


def threads_of(*workers: Any) -> WorkerThreads:
    """The threads of fake workers."""
    return WorkerThreads(workers)


def test_every_worker_serves_once_and_is_woken() -> None:
    """Also when they are started twice."""
    workers = [WaitingWorker(), WaitingWorker()]
    threads = threads_of(*workers)
    assert not threads.started
    threads.start()
    threads.start()
    assert threads.started
    assert all(worker.serving.wait(5) for worker in workers)
    threads.wake()
    threads.stop(5)
    assert [(worker.served, worker.woken) for worker in workers] == [(1, 1), (1, 1)]


def test_stopping_waits_no_longer_than_it_is_given_for_all_of_them_together() -> None:
    """A run in progress may take longer; waiting again then finds the workers gone."""
    workers = [WaitingWorker(stubborn=True) for _ in range(4)]
    threads = threads_of(*workers)
    threads.start()
    begun = monotonic()
    threads.stop(0.5)
    assert 0.5 <= monotonic() - begun < 1.5  # 0.5 s for each of them would be 2 s
    for worker in workers:
        worker.may_leave.set()
    threads.stop(5)
    assert not [each for each in threading.enumerate() if each.name == "refresh-worker" and each.is_alive()]
