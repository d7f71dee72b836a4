"""A process that does not end is ended by force."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from web.runtime import shutdown
from web.runtime.shutdown import limit_shutdown

ROOT = Path(__file__).resolve().parents[3]
LIMIT = 0.5
PATIENCE = 30.0


@pytest.fixture
def hanging() -> Iterator["subprocess.Popen[str]"]:
    """A server that has started and never ends by itself."""
    command = [sys.executable, "-m", "tests.web.runtime.hanging_server", str(LIMIT)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_hangs_is_ended_with_its_stacks_printed(
    hanging: "subprocess.Popen[str]", number: signal.Signals
) -> None:
    """After its limit, counted from the first signal; the stack goes to standard error."""
    began = time.monotonic()
    hanging.send_signal(number)
    _, told = hanging.communicate(timeout=PATIENCE)
    assert LIMIT <= time.monotonic() - began < LIMIT + 5
    assert hanging.returncode == 1
    assert "Timeout (0:00:00.500000)!" in told
    assert "most recent call first" in told


def test_the_limit_is_below_the_ten_seconds_of_an_operator() -> None:
    """And after the grace period of open requests."""
    assert shutdown.GRACE_SECONDS < shutdown.LAST_SECONDS < 10


def test_the_signals_of_other_processes_are_left_alone() -> None:
    """Such as a command line's or a test's."""
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    limit_shutdown()
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def test_uvicorn_handles_signals_by_a_method_of_its_server() -> None:
    """The private part: fails if uvicorn no longer installs `Server.handle_exit` itself."""
    server = uvicorn.Server(uvicorn.Config("unused:app"))
    with server.capture_signals():
        assert getattr(signal.getsignal(signal.SIGTERM), "__self__", None) is server
        limit_shutdown()
        assert server.config.timeout_graceful_shutdown == shutdown.GRACE_SECONDS
        assert getattr(signal.getsignal(signal.SIGTERM), "__self__", None) is None
