"""The parts of Dask outside its documented interface that this package uses, as seen in distributed 2026.8.0.

`tests/compute/test_dask_internals.py` fails when one of them changes.
"""

from distributed import Client, KilledWorker
from distributed.client import ClosedClientError, FutureCancelledError
from distributed.scheduler import NoValidWorkerError, NoWorkerError

__all__ = [
    "GIVEN_UP",
    "ClosedClientError",
    "FutureCancelledError",
    "is_connected",
    "is_reconnecting",
    "thread_count",
]

GIVEN_UP = (KilledWorker, NoValidWorkerError, NoWorkerError)
"""The errors of a task that Dask will not try again."""


def is_connected(client: Client) -> bool:
    """Return whether the client is connected to its scheduler."""
    return client.status == "running"


def is_reconnecting(client: Client) -> bool:
    """Return whether the client has lost its scheduler and tries to reach it again."""
    return client.status == "connecting"


def thread_count(client: Client) -> int:
    """Return how many threads the workers have together, as the scheduler last reported (every 2 s).

    It is 0 until the first report.
    """
    threads: int = client.scheduler_info().get("total_threads", 0)
    return threads
