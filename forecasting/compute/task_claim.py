"""What a worker process executes for `LocalPool`; it imports little, so that workers start fast."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class TaskClaim:
    """A file that only one party can create: a worker to do the task, or the server to withdraw it."""

    path: Path

    def acquire(self) -> bool:
        """Try to claim the task; return whether the caller now owns it."""
        try:
            self.path.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


def do_claimed(claim: TaskClaim, work: Callable[[TaskT], ResultT], task: TaskT) -> ResultT | None:
    """Do a task in a worker, unless the server has withdrawn it."""
    if not claim.acquire():
        claim.path.unlink()
        return None
    try:
        return work(task)
    finally:
        claim.path.unlink(missing_ok=True)


def prepare_worker(_work: object, prepare: Callable[[], object] | None) -> None:
    """Call `prepare` in a worker. Receiving `_work` has already made the worker import its module."""
    if prepare is not None:
        prepare()
