"""The last resort: a process that does not come to its end is ended."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from web.runtime import stopping
from web.runtime.stopping import end_in_time

ROOT = Path(__file__).resolve().parents[3]
LIMIT = 0.5
PATIENCE = 30.0


@pytest.fixture
def stubborn() -> Iterator["subprocess.Popen[str]"]:
    """A server that has started and never ends by itself."""
    command = [sys.executable, "-m", "tests.web.runtime.stubborn", str(LIMIT)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_hangs_is_ended_and_tells_where(
    stubborn: "subprocess.Popen[str]", number: signal.Signals
) -> None:
    """After its limit, counted from the first signal; the stack goes to standard error."""
    began = time.monotonic()
    stubborn.send_signal(number)
    _, told = stubborn.communicate(timeout=PATIENCE)
    assert LIMIT <= time.monotonic() - began < LIMIT + 5
    assert stubborn.returncode == 1
    assert "Timeout (0:00:00.500000)!" in told
    assert "most recent call first" in told


def test_the_last_resort_comes_before_an_operators_ten_seconds() -> None:
    """And after the time requests and runs are given."""
    assert stopping.GRACE_SECONDS < stopping.LAST_SECONDS < 10


def test_the_end_of_another_process_is_not_ours_to_decide() -> None:
    """Such as a command's, or a test's."""
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    end_in_time()
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
