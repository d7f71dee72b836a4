"""What a run has done before it lost its worker is not done again.

Results are kept under a key that names all they depend on: a worker that takes the run over with newer
inputs, or with newer software, finds nothing under its own key and starts anew. A checkpoint that can't be
written or read costs only that the work is done again; it never breaks a run.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from forecasting.config.logs import get_logger
from forecasting.core.domain import RefreshRun
from forecasting.core.errors import StorageError
from forecasting.core.ports import Checkpoints, Compute, Done
from forecasting.refresh.chunk import Stopping
from forecasting.training.result_codec import VERSION, read_result, write_result
from forecasting.training.tasks import Result, StorePart, Task

log = get_logger(__name__)

AT_ONCE = 10
"""Small tasks whose results are kept together: what is done again at most, with those in flight."""

Wanted = Callable[[], bool]


def still_wanted(tell: Callable[[], None]) -> Wanted:
    """Ask whether runs are still wanted, by telling how far they are."""

    def wanted() -> bool:
        try:
            tell()
        except Stopping:
            return False
        return True

    return wanted


def fingerprint(*known: object) -> str:
    """A short name for all that results depend on."""
    text = json.dumps([VERSION, *map(str, known)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(slots=True)
class Kept:
    """What one run has done so far, as its worker keeps it.

    Attributes
    ----------
    found
        What was there when this worker took the run over.
    """

    checkpoints: Checkpoints
    run: RefreshRun
    found: dict[str, bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.found = {}
        if self.run.fence > 1:  # somebody has begun it before
            try:
                self.found = self.checkpoints.read(self.run)
            except StorageError as error:
                self._complain("can't be read", error)

    def result(self, key: str) -> Result | None:
        """The result under a key, or None."""
        if key not in self.found:
            return None
        try:
            return read_result(self.found[key])
        except StorageError as error:
            self._complain("can't be read", error)
            return None

    def save(self, results: dict[str, Result]) -> None:
        """Keep results by their keys."""
        try:
            self.checkpoints.save(self.run, {key: write_result(each) for key, each in results.items()})
        except StorageError as error:
            self._complain("can't be written", error)

    def division(self, of: str) -> tuple[int, dict[int, StorePart]]:
        """Into how many parts a store's series are divided, and those that are done; 0 where none is."""
        divided: dict[int, list[int]] = {}
        for match in filter(None, (re.fullmatch(rf"{of}/(\d+)/(\d+)", key) for key in self.found)):
            divided.setdefault(int(match[1]), []).append(int(match[2]))
        parts = max(divided, key=lambda number: len(divided[number]), default=0)
        results = {part: self.result(part_key(of, parts, part)) for part in divided.get(parts, ())}
        return parts, {part: each for part, each in results.items() if isinstance(each, StorePart)}

    def _complain(self, what: str, error: StorageError) -> None:
        about = {"run_id": self.run.run_id, "scope": self.run.scope}
        log.warning("the checkpoints %s; the work is done again", what, **about, error=str(error))


def part_key(of: str, parts: int, part: int) -> str:
    """The key of one part of a store's series."""
    return f"{of}/{parts}/{part}"


def resumed(
    compute: Compute[Task, Result],
    kept: Kept,
    tasks: Sequence[Task],
    key: Callable[[Task], str],
    wanted: Wanted,
) -> Iterator[Done[Task, Result]]:
    """Yield each task as it is done, those first that were done before; keep the results as they come.

    Raises
    ------
    ComputeLost
        If worker processes died.
    """
    before = {key(task): kept.result(key(task)) for task in tasks}
    for task in tasks:
        if before[key(task)] is not None:
            yield Done(task, before[key(task)])
    fresh: dict[str, Result] = {}
    for done in compute.run([task for task in tasks if before[key(task)] is None], wanted):
        if done.error is None and done.result is not None:
            fresh[key(done.task)] = done.result
        if len(fresh) >= AT_ONCE:
            kept.save(fresh)
            fresh = {}
        yield done
    if fresh:
        kept.save(fresh)
