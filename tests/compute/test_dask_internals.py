"""The parts of Dask that `forecasting.compute.dask_internals` uses are still what it takes them for."""

import inspect
from pathlib import Path

import distributed
import pytest
from distributed import Client

from forecasting.compute.dask_internals import (
    GIVEN_UP,
    ClosedClientError,
    FutureCancelledError,
    is_connected,
    is_reconnecting,
    thread_count,
)
from tests.compute.dask_processes import dask_processes
from tests.compute.watching import eventually

SEEN_IN = "2026.8.0"
HINT = (
    f"seen in distributed {SEEN_IN}, installed is {distributed.__version__}: "
    "adapt forecasting/compute/dask_internals.py"
)


def test_errors_are_those_that_are_caught() -> None:
    """A task given up is an error of its own; a cancelled one carries Dask's reason."""
    assert all(issubclass(error, Exception) for error in GIVEN_UP), HINT
    assert not any(issubclass(error, OSError) for error in GIVEN_UP), HINT
    assert issubclass(ClosedClientError, Exception), HINT
    assert FutureCancelledError("key", "lost").reason == "lost", HINT


def test_workers_can_be_called_without_their_errors() -> None:
    """`Client.run` may ignore workers that do not answer."""
    assert "ignore" in str(inspect.signature(Client.run).parameters["on_error"].annotation), HINT


@pytest.mark.dask
def test_a_client_reports_its_state_and_the_threads_of_its_workers(tmp_path: Path) -> None:
    """It is connected, looks for a scheduler that was killed, and is neither once it is closed."""
    with dask_processes(tmp_path) as processes:
        processes.complete(1)
        with Client(processes.address, set_as_default=False, timeout=5) as client:
            assert is_connected(client), HINT
            assert not is_reconnecting(client), HINT
            assert eventually(lambda: thread_count(client) == 1), HINT
            processes.kill(processes.scheduler)
            assert eventually(lambda: is_reconnecting(client)), HINT
            assert not is_connected(client), HINT
    assert not is_connected(client), HINT
    assert not is_reconnecting(client), HINT
