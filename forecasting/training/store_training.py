"""Train or reforecast stores: prepare the assignment of each run, then carry them out together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from forecasting.config.settings import Settings
from forecasting.core.domain import Predictor, RefreshRun, StoreSnapshot, Verdict
from forecasting.core.errors import StorecastError, UnknownSeries
from forecasting.core.pooled_priors import ChainPriors
from forecasting.core.ports import Clock, Compute, Storage
from forecasting.refresh.policy import settled, store_facts
from forecasting.refresh.run_outcome import ReportProgress, RunOutcome
from forecasting.training.assignment import Assignment
from forecasting.training.assignment_executor import AssignmentExecutor
from forecasting.training.previous_version import PreviousVersionFinder
from forecasting.training.store_files import StoreFiles
from forecasting.training.tasks import Result, Task


@dataclass(frozen=True, slots=True)
class StoreTraining:
    """Trains or reforecasts the stores of several runs together."""

    storage: Storage
    compute: Compute[Task, Result]
    clock: Clock
    settings: Settings

    def __call__(self, runs: Sequence[RefreshRun], report_progress: ReportProgress) -> Iterator[RunOutcome]:
        """Do the work of the runs of stores and yield their outcomes.

        Raises
        ------
        StopRequested
            If the runs are to be abandoned.
        """
        snapshots = self.storage.runs.snapshots([run.store for run in runs])
        chain = self.storage.chains.latest() if runs else None
        finder = PreviousVersionFinder(self.storage, self.settings.horizon)
        assignments = []
        for run in runs:
            snapshot = snapshots.get(run.store)
            if snapshot is not None and settled(run, snapshot, self.settings.horizon, self.settings.holidays):
                yield RunOutcome(run)
                continue
            report_progress(run, "Starting", 0, 0)
            try:
                assignment = self._assignment(run, snapshot, chain)
                previous = finder.find(snapshot, assignment.files, assignment.predictor) if snapshot else None
                assignments.append(replace(assignment, previous=previous))
            except StorecastError as error:  # the stored state of this store can't be read
                yield RunOutcome(run, error=error)
        executor = AssignmentExecutor(
            self.storage.checkpoints, self.compute, self.clock, self.settings, report_progress
        )
        yield from executor.execute(assignments)

    def _assignment(
        self, run: RefreshRun, snapshot: StoreSnapshot | None, latest: ChainPriors | None
    ) -> Assignment:
        """The assignment of one run, without its previous version.

        Raises
        ------
        StorecastError
            If the store has no sales, or its stored state can't be read.
        """
        if snapshot is None or snapshot.sales is None:
            raise UnknownSeries(f"{run.scope}: expected sales history, found none")
        predictor = None
        if run.verdict is Verdict.REFORECAST and snapshot.head is not None:
            predictor = self.storage.versions.predictor(snapshot.head.predictor_id)
        files = StoreFiles(
            snapshot.sales,
            self.storage.manifest.head(run.store, "plan"),
            store_facts(snapshot, self.settings.holidays),
        )
        return Assignment(run, files, self._chain_of(predictor) if predictor else latest, predictor)

    def _chain_of(self, predictor: Predictor) -> ChainPriors | None:
        """The chain a predictor was trained with."""
        return self.storage.chains.get(predictor.chain_id) if predictor.chain_id else None
