"""What refresh runs do: the tasks each is made of, and what becomes of their results."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from forecasting.config.logs import get_logger
from forecasting.config.settings import Settings
from forecasting.core.domain import Predictor, RefreshRun, StoreSnapshot, Verdict
from forecasting.core.errors import ComputeLost, EngineUnavailable, FitFailed, StorecastError, UnknownSeries
from forecasting.core.pooled_priors import ChainPriors
from forecasting.core.ports import Clock, Compute, Done, Storage
from forecasting.refresh.chunk import Finished, Progress
from forecasting.refresh.policy import settled, store_facts
from forecasting.training.assignment import Assignment
from forecasting.training.chain_training import ChainPooling
from forecasting.training.previous_version import EarlierVersions
from forecasting.training.resuming import Kept, part_key, still_wanted
from forecasting.training.tasks import ForecastTask, Result, StoreFiles, StorePart, Task

log = get_logger(__name__)

Parts = defaultdict[str, dict[int, Done[Task, Result]]]
"""What is done of each store, by part."""

Group = Callable[[RefreshRun, Progress], Finished]

PART = 16
"""Series of one task at most: a store of more products is split, so that its parts run in parallel."""


@dataclass(frozen=True, slots=True)
class StoreTraining:
    """Trains, or forecasts again, the stores that runs are about; pools over all of them where one asks.

    Attributes
    ----------
    group
        Does the runs of a group of stores that are trained elsewhere; None where that is not set up.
    """

    storage: Storage
    compute: Compute[Task, Result]
    clock: Clock
    settings: Settings
    group: Group | None = None

    def __call__(self, runs: Sequence[RefreshRun], progress: Progress) -> Iterator[Finished]:
        """Do what the runs ask for, together; what goes wrong with one leaves the others alone.

        Raises
        ------
        Stopping
            If the runs are to be given up.
        ComputeLost
            If worker processes died while pooling over the chain.
        """
        for run in runs:
            if run.of_chain:
                yield from ChainPooling(self.storage, self.compute, self.clock, self.settings)(run, progress)
            elif run.of_group:
                yield from self._grouped(run, progress)
        stores = [run for run in runs if run.store]
        snapshots = self.storage.runs.snapshots([run.store for run in stores])
        chain = self.storage.chains.latest() if stores else None
        versions = EarlierVersions(self.storage, self.settings.horizon)
        assignments = []
        for run in stores:
            snapshot = snapshots.get(run.store)
            if snapshot is not None and settled(run, snapshot, self.settings.horizon, self.settings.holidays):
                yield Finished(run)
                continue
            progress(run, "Starting", 0, 0)
            try:
                assignment = self._assignment(run, snapshot, chain)
                earlier = versions.of(snapshot, assignment.files, assignment.kept) if snapshot else None
                assignments.append(replace(assignment, earlier=earlier))
            except StorecastError as error:  # what is stored of this one can't be read
                yield Finished(run, error=error)
        yield from self._worked(assignments, progress)

    def _grouped(self, run: RefreshRun, progress: Progress) -> Iterator[Finished]:
        if self.group is None:
            error = EngineUnavailable(f"{run.whose}: expected STORECAST_AWS_BUCKET to be set, found it empty")
            yield Finished(run, error=error)
        else:
            yield self.group(run, progress)

    def _assignment(
        self, run: RefreshRun, snapshot: StoreSnapshot | None, latest: ChainPriors | None
    ) -> Assignment:
        if snapshot is None or snapshot.sales is None:
            raise UnknownSeries(f"{run.scope}: expected sales history, found none")
        kept = None
        if run.verdict is Verdict.REFORECAST and snapshot.head is not None:
            kept = self.storage.versions.predictor(snapshot.head.predictor_id)
        files = StoreFiles(
            snapshot.sales,
            self.storage.manifest.head(run.store, "plan"),
            store_facts(snapshot, self.settings.holidays),
        )
        return Assignment(run, files, self._chain_of(kept) if kept else latest, kept)

    def _chain_of(self, kept: Predictor) -> ChainPriors | None:
        """What was known over the chain when a predictor was trained."""
        return self.storage.chains.get(kept.chain_id) if kept.chain_id else None

    def _worked(self, assignments: Sequence[Assignment], progress: Progress) -> Iterator[Finished]:
        """Work them together; where worker processes die, go on with those still to be done one by one.

        So that one that kills its workers takes no other with it. Parts that were done are kept.
        """
        got, most = Parts(dict), self._part(assignments)
        divided = [self._divided(assignment, most, got) for assignment in assignments]
        left = {assignment.run.store: assignment for assignment in divided}
        try:
            for finished in self._together(divided, got, progress):
                del left[finished.run.store]
                yield finished
        except ComputeLost:
            log.warning("worker processes died; going on with the stores one by one", stores=len(left))
            for assignment in left.values():
                yield from self._alone(assignment, got, progress)

    def _divided(self, assignment: Assignment, most: int, got: Parts) -> Assignment:
        """Divide its series into parts of at most so many; as an earlier attempt did that has done some."""
        run = assignment.run
        parts, done = Kept(self.storage.checkpoints, run).division(
            assignment.fingerprint(self.settings.horizon)
        )
        divided = replace(assignment, parts=parts or -(-assignment.series // most))
        if done:
            log.info("run goes on", run_id=run.run_id, scope=run.scope, parts=parts, done=len(done))
        tasks = divided.tasks(self.settings.horizon)
        for part, result in done.items():
            got[run.store][part] = Done(tasks[part], result)
        return divided

    def _alone(self, assignment: Assignment, got: Parts, progress: Progress) -> Iterator[Finished]:
        try:
            yield from self._together([assignment], got, progress)
        except ComputeLost as error:
            yield Finished(assignment.run, error=error)

    def _together(
        self, assignments: Sequence[Assignment], got: Parts, progress: Progress
    ) -> Iterator[Finished]:
        """Do the parts that are missing and yield each store as its last part is done."""
        by_store = {assignment.run.store: assignment for assignment in assignments}
        tasks = [task for each in assignments for task in each.tasks(self.settings.horizon)]

        def tell(assignments: Sequence[Assignment]) -> None:
            for each in assignments:
                progress(each.run, each.stage, _series_in(got[each.run.store]), each.series)

        tell(assignments)
        missing = [task for task in tasks if task.part not in got[task.files.store]]
        for done in self.compute.run(missing, still_wanted(lambda: tell(assignments[:1]))):
            task = done.task
            if not isinstance(task, ForecastTask):
                continue
            assignment, parts = by_store[task.files.store], got[task.files.store]
            parts[task.part] = done
            tell([assignment])
            if len(parts) == task.parts:
                yield self._finished(assignment, list(got.pop(task.files.store).values()))
            else:
                self._keep(assignment, task, done.result)
        tell([each for each in assignments if got.get(each.run.store)])  # not wanted any more: it says so

    def _keep(self, assignment: Assignment, task: ForecastTask, result: Result | None) -> None:
        """Keep a part that is done, for a worker that takes the run over."""
        if result is not None:
            key = part_key(assignment.fingerprint(self.settings.horizon), task.parts, task.part)
            Kept(self.storage.checkpoints, assignment.run).save({key: result})

    def _part(self, assignments: Sequence[Assignment]) -> int:
        """Series of one task: of a single store so few that each process gets some, more than once."""
        if len(assignments) != 1:
            return PART
        return max(1, min(PART, assignments[0].series // (2 * max(1, self.settings.processes))))

    def _finished(self, assignment: Assignment, done: Sequence[Done[Task, Result]]) -> Finished:
        run = assignment.run
        failed = next((each.error for each in done if each.error is not None), None)
        if failed is not None:
            return Finished(run, error=failed)
        made = [each.result for each in done if isinstance(each.result, StorePart)]
        try:
            return Finished(run, assignment.publication(made, self.settings.horizon, self.clock.now()))
        except FitFailed as error:  # not one of its series could be forecast
            return Finished(run, error=error)


def _series_in(parts: Mapping[int, Done[Task, Result]]) -> int:
    return sum(len(each.result.results) for each in parts.values() if isinstance(each.result, StorePart))
