"""Observe pools and processes from outside."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import TypeVar

from forecasting.core.ports import Compute

DEADLINE = 20.0

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


def results(pool: Compute[TaskT, ResultT], tasks: Sequence[TaskT]) -> list[ResultT]:
    """Return the results of tasks, in the order of completion; none of them may fail."""
    made = []
    for done in pool.run(tasks):
        assert done.error is None
        assert done.result is not None
        made.append(done.result)
    return made


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether a condition comes true before the deadline."""
    tick, end = threading.Event(), monotonic() + DEADLINE
    while not condition():
        if monotonic() > end:
            return False
        tick.wait(0.02)
    return True


def gone(pid: int) -> bool:
    """Whether a process has ended; a zombie, which only waits for its parent to read its status, has."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in ("Z", "X")
