"""Carry out the assignments of several stores together, divided into tasks that run in parallel."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from forecasting.config.logs import get_logger
from forecasting.config.settings import Settings
from forecasting.core.errors import ComputeLost, FitFailed
from forecasting.core.ports import Checkpoints, Clock, Compute, TaskOutcome
from forecasting.refresh.run_outcome import ReportProgress, RunOutcome
from forecasting.training.assignment import Assignment
from forecasting.training.forecast_task import ForecastTask, StorePart
from forecasting.training.run_checkpoints import RunCheckpoints, part_key, still_wanted
from forecasting.training.tasks import Result, Task

log = get_logger(__name__)

DoneParts = defaultdict[str, dict[int, TaskOutcome[Task, Result]]]
"""The finished tasks of each store, by part."""

SERIES_PER_TASK = 16
"""Most series in one task. A store with more products is split, so that its parts run in parallel."""


@dataclass(frozen=True, slots=True)
class AssignmentExecutor:
    """Runs the tasks of assignments, stores the results of finished parts, and makes the publications."""

    checkpoints: Checkpoints
    compute: Compute[Task, Result]
    clock: Clock
    settings: Settings
    report_progress: ReportProgress

    def execute(self, assignments: Sequence[Assignment]) -> Iterator[RunOutcome]:
        """Carry out assignments together and yield the outcome of each store as it is done.

        If worker processes die, the remaining stores are done one by one, so that a store that kills its
        workers fails alone. Parts that were finished before are not repeated.

        Raises
        ------
        StopRequested
            If the runs are to be abandoned.
        """
        parts, most = DoneParts(dict), self._series_per_task(assignments)
        divided = [self._divided(assignment, most, parts) for assignment in assignments]
        left = {assignment.run.store: assignment for assignment in divided}
        try:
            for outcome in self._together(divided, parts):
                del left[outcome.run.store]
                yield outcome
        except ComputeLost:
            log.warning("worker processes died; continuing with one store at a time", stores=len(left))
            for assignment in left.values():
                yield from self._alone(assignment, parts)

    def _series_per_task(self, assignments: Sequence[Assignment]) -> int:
        """Most series in one task. A single store is split so that every process gets several tasks."""
        if len(assignments) != 1:
            return SERIES_PER_TASK
        several = assignments[0].series // (2 * max(1, self.settings.processes))
        return max(1, min(SERIES_PER_TASK, several))

    def _divided(self, assignment: Assignment, most: int, parts: DoneParts) -> Assignment:
        """Divide the series into parts of at most `most`, or as an earlier worker did that finished some."""
        run, horizon = assignment.run, self.settings.horizon
        checkpoints = RunCheckpoints(self.checkpoints, run)
        count, finished = checkpoints.parts(assignment.fingerprint(horizon))
        divided = replace(assignment, parts=count or -(-assignment.series // most))
        if finished:
            log.info("run resumed", run_id=run.run_id, scope=run.scope, parts=count, done=len(finished))
        tasks = divided.tasks(horizon)
        for part, result in finished.items():
            parts[run.store][part] = TaskOutcome(tasks[part], result)
        return divided

    def _alone(self, assignment: Assignment, parts: DoneParts) -> Iterator[RunOutcome]:
        try:
            yield from self._together([assignment], parts)
        except ComputeLost as error:
            yield RunOutcome(assignment.run, error=error)

    def _together(self, assignments: Sequence[Assignment], parts: DoneParts) -> Iterator[RunOutcome]:
        """Run the missing parts and yield the outcome of each store when its last part is done."""
        by_store = {assignment.run.store: assignment for assignment in assignments}
        tasks = [task for each in assignments for task in each.tasks(self.settings.horizon)]

        def report(assignments: Sequence[Assignment]) -> None:
            for each in assignments:
                self.report_progress(each.run, each.stage, _series_done(parts[each.run.store]), each.series)

        report(assignments)
        missing = [task for task in tasks if task.part not in parts[task.files.store]]
        for done in self.compute.run(missing, still_wanted(lambda: report(assignments[:1]))):
            task = done.task
            if not isinstance(task, ForecastTask):
                continue
            assignment, of_store = by_store[task.files.store], parts[task.files.store]
            of_store[task.part] = done
            report([assignment])
            if len(of_store) == task.parts:
                yield self._outcome(assignment, list(parts.pop(task.files.store).values()))
            else:
                self._save(assignment, task, done.result)
        report([each for each in assignments if parts.get(each.run.store)])  # raises if no longer wanted

    def _save(self, assignment: Assignment, task: ForecastTask, result: Result | None) -> None:
        """Store a finished part for a worker that takes the run over."""
        if result is not None:
            key = part_key(assignment.fingerprint(self.settings.horizon), task.parts, task.part)
            RunCheckpoints(self.checkpoints, assignment.run).save({key: result})

    def _outcome(self, assignment: Assignment, done: Sequence[TaskOutcome[Task, Result]]) -> RunOutcome:
        run = assignment.run
        failed = next((each.error for each in done if each.error is not None), None)
        if failed is not None:
            return RunOutcome(run, error=failed)
        parts = [each.result for each in done if isinstance(each.result, StorePart)]
        try:
            return RunOutcome(run, assignment.publication(parts, self.settings.horizon, self.clock.now()))
        except FitFailed as error:  # none of its series could be forecast
            return RunOutcome(run, error=error)


def _series_done(parts: Mapping[int, TaskOutcome[Task, Result]]) -> int:
    return sum(len(each.result.results) for each in parts.values() if isinstance(each.result, StorePart))
