"""The parts of loky outside its public interface that this package uses, as seen in loky 3.7.0.

`tests/compute/test_loky_internals.py` fails when one of them changes.
"""

import threading

from loky.process_executor import ProcessPoolExecutor, ShutdownExecutorError

__all__ = ["ShutdownExecutorError", "feeder_of"]


def feeder_of(executor: ProcessPoolExecutor) -> threading.Thread | None:
    """Return the daemon thread that sends submitted tasks to the workers, or None where there is none.

    There is none before the first task. An executor that was shut down has dropped the queue with it.
    """
    queue = executor._call_queue  # noqa: SLF001 – no public way to it
    feeder: threading.Thread | None = queue and queue._thread  # noqa: SLF001 – as above
    return feeder
