"""Real processes that tests start, stop, kill and observe."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STOP_SECONDS = 10.0
TICK = 0.05


def until(holds: Callable[[], bool], seconds: float, expected: str) -> float:
    """Wait for a condition and return how long it took, in seconds.

    Raises
    ------
    TimeoutError
        If it is not met in time.
    """
    began, pause = time.monotonic(), threading.Event()
    while not holds():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"expected within {seconds:g} s: {expected}")
        pause.wait(TICK)
    return time.monotonic() - began


class Process:
    """A process and its descendants.

    Parameters
    ----------
    arguments
        Arguments of the Python interpreter.
    env
        Its whole environment.
    log
        The file its output is added to.
    """

    def __init__(self, arguments: Sequence[str], env: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # its descendants are found by the session
            )

    @property
    def pid(self) -> int:
        """Id of the process itself."""
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything it has printed."""
        return self._log.read_text(errors="replace")

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def processes(self) -> list[int]:
        """Ids of the process and of its descendants that are still alive."""
        return [pid for pid in _pids() if _session(pid) == self.pid]

    def fitting(self) -> list[int]:
        """Ids of its worker processes."""
        return [pid for pid in self.processes() if "LokyProcess" in _command(pid)]

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process itself."""
        self._process.send_signal(number)

    def terminate(self) -> float:
        """Send SIGTERM; return the seconds until it and its descendants have exited.

        Raises
        ------
        TimeoutError
            If that takes longer than `STOP_SECONDS`.
        """
        self.send(signal.SIGTERM)
        return self.wait_until_gone(STOP_SECONDS)

    def wait_until_gone(self, seconds: float) -> float:
        """Wait until it and its descendants have exited; return the seconds that took."""
        gone = f"the process and its workers gone, found {self.processes()}"
        return until(lambda: self.exit_code is not None and not self.processes(), seconds, gone)

    def close(self) -> None:
        """Kill every process that is left."""
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        self._process.wait(STOP_SECONDS)


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _session(pid: int) -> int | None:
    """The session of a live process; None if it has ended."""
    try:
        state, _parent, _group, session, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state == "Z" else int(session)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
