"""Checkpoints of a run, so that a worker that takes it over does not repeat finished work.

Results are stored under a key that covers everything they depend on. A worker with newer inputs or newer
software finds nothing under its own key and starts again. A checkpoint that can't be written or read only
costs the repeated work; it never fails a run.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from forecasting.config.logs import get_logger
from forecasting.core.domain import RefreshRun
from forecasting.core.errors import StorageError
from forecasting.core.ports import Checkpoints, Compute, TaskOutcome
from forecasting.refresh.run_outcome import StopRequested
from forecasting.training.forecast_task import StorePart
from forecasting.training.result_codec import VERSION, read_result, write_result
from forecasting.training.tasks import Result, Task

log = get_logger(__name__)

SAVED_TOGETHER = 10
"""Results of small tasks are saved in groups of this many; at most that many are lost with a worker."""

Wanted = Callable[[], bool]
"""Whether the work should go on."""


def still_wanted(report: Callable[[], None]) -> Wanted:
    """Return a check that reports progress and answers no once that raises `StopRequested`."""

    def wanted() -> bool:
        try:
            report()
        except StopRequested:
            return False
        return True

    return wanted


def fingerprint(*values: object) -> str:
    """A short key of the values that results depend on, and of the version of the result format."""
    text = json.dumps([VERSION, *map(str, values)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(slots=True)
class RunCheckpoints:
    """The checkpoints of one run.

    Attributes
    ----------
    found
        Stored results by key, as an earlier worker left them; empty in a first attempt.
    """

    checkpoints: Checkpoints
    run: RefreshRun
    found: dict[str, bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.found = {}
        if self.run.fence > 1:  # another worker has had this run before
            try:
                self.found = self.checkpoints.read(self.run)
            except StorageError as error:
                self._warn("can't be read", error)

    def result(self, key: str) -> Result | None:
        """Return the result stored under a key, or None."""
        if key not in self.found:
            return None
        try:
            return read_result(self.found[key])
        except StorageError as error:
            self._warn("can't be read", error)
            return None

    def save(self, results: dict[str, Result]) -> None:
        """Store results by key."""
        try:
            self.checkpoints.save(self.run, {key: write_result(each) for key, each in results.items()})
        except StorageError as error:
            self._warn("can't be written", error)

    def parts(self, key: str) -> tuple[int, dict[int, StorePart]]:
        """Return how many parts a store was divided into, and the finished parts; 0 if none is finished.

        Parameters
        ----------
        key
            The store's fingerprint, as in `part_key`.
        """
        finished: dict[int, list[int]] = {}
        for match in filter(None, (re.fullmatch(rf"{key}/(\d+)/(\d+)", name) for name in self.found)):
            finished.setdefault(int(match[1]), []).append(int(match[2]))
        count = max(finished, key=lambda number: len(finished[number]), default=0)
        results = {part: self.result(part_key(key, count, part)) for part in finished.get(count, ())}
        return count, {part: each for part, each in results.items() if isinstance(each, StorePart)}

    def _warn(self, what: str, error: StorageError) -> None:
        about = {"run_id": self.run.run_id, "scope": self.run.scope}
        log.warning("a checkpoint %s; its work is repeated", what, **about, error=str(error))


def part_key(key: str, parts: int, part: int) -> str:
    """The key of one part of a store's series."""
    return f"{key}/{parts}/{part}"


def run_with_checkpoints(
    compute: Compute[Task, Result],
    checkpoints: RunCheckpoints,
    tasks: Sequence[Task],
    key: Callable[[Task], str],
    wanted: Wanted,
) -> Iterator[TaskOutcome[Task, Result]]:
    """Yield the tasks that have a stored result, then run the others and store their results.

    Parameters
    ----------
    key
        Returns a task's key.
    wanted
        As for `ports.Compute.run`.

    Raises
    ------
    ComputeLost
        If worker processes died.
    """
    stored = {key(task): checkpoints.result(key(task)) for task in tasks}
    for task in tasks:
        if stored[key(task)] is not None:
            yield TaskOutcome(task, stored[key(task)])
    unsaved: dict[str, Result] = {}
    for done in compute.run([task for task in tasks if stored[key(task)] is None], wanted):
        if done.error is None and done.result is not None:
            unsaved[key(done.task)] = done.result
        if len(unsaved) >= SAVED_TOGETHER:
            checkpoints.save(unsaved)
            unsaved = {}
        yield done
    if unsaved:
        checkpoints.save(unsaved)
