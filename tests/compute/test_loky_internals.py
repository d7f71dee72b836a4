"""The private parts of loky are still what `forecasting.compute.loky_internals` takes them for."""

import threading
from contextlib import closing

import loky
from loky import BrokenProcessPool, ProcessPoolExecutor

from forecasting.compute.loky_internals import ShutdownExecutorError, feeder_of
from forecasting.compute.worker_processes import WorkerProcesses
from tests.compute import jobs

SEEN_IN = "3.7.0"
HINT = f"seen in loky {SEEN_IN}, installed is {loky.__version__}: adapt forecasting/compute/loky_internals.py"


def test_an_executor_has_a_queue_with_a_feeder_thread_until_it_is_shut_down() -> None:
    """The thread starts with the first task; after a shutdown there is no queue."""
    executor = ProcessPoolExecutor(1)
    try:
        assert hasattr(executor, "_call_queue"), HINT
        assert hasattr(executor._call_queue, "_thread"), HINT
        assert feeder_of(executor) is None, HINT
        assert executor.submit(jobs.square, 3).result() == 9
        feeder = feeder_of(executor)
        assert isinstance(feeder, threading.Thread), HINT
        assert feeder.daemon, HINT
    finally:
        executor.shutdown(wait=True, kill_workers=True)
    assert executor._call_queue is None, HINT
    assert feeder_of(executor) is None
    feeder.join(5)


def test_an_executor_that_was_shut_down_refuses_tasks_with_an_error_of_its_own() -> None:
    """It differs from the error of an executor that broke."""
    assert not issubclass(ShutdownExecutorError, BrokenProcessPool), HINT
    executor = ProcessPoolExecutor(1)
    executor.shutdown(wait=True)
    try:
        executor.submit(jobs.square, 3)
    except ShutdownExecutorError:
        return
    raise AssertionError(HINT)


def test_replacing_the_same_workers_twice_is_harmless() -> None:
    """Two runs may find the same workers hanging."""
    with closing(WorkerProcesses(1)) as workers:
        future, executor = workers.call(jobs.square, 3)
        assert future.result() == 9
        workers.replace(executor)
        workers.replace(executor)
        assert workers.call(jobs.square, 4)[0].result() == 16
