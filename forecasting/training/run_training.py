"""Do the work of refresh runs, each by the kind of its scope: stores, the chain, or a group."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from forecasting.config.settings import Settings
from forecasting.core.domain import RefreshRun
from forecasting.core.errors import EngineUnavailable
from forecasting.core.ports import Clock, Compute, Storage
from forecasting.refresh.run_outcome import ReportProgress, RunOutcome
from forecasting.training.chain_training import ChainTraining
from forecasting.training.store_training import StoreTraining
from forecasting.training.tasks import Result, Task

TrainGroup = Callable[[RefreshRun, ReportProgress], RunOutcome]
"""Does the next step of the run of a group of stores."""


@dataclass(frozen=True, slots=True)
class RunTraining:
    """Does the work of refresh runs: of stores, of the chain, and of a group.

    Attributes
    ----------
    train_group
        Does the runs of a group of stores that a remote engine trains; None if no remote engine is set up.
    """

    storage: Storage
    compute: Compute[Task, Result]
    clock: Clock
    settings: Settings
    train_group: TrainGroup | None = None

    def __call__(self, runs: Sequence[RefreshRun], report_progress: ReportProgress) -> Iterator[RunOutcome]:
        """Do the work of several runs and yield their outcomes. A failed run does not affect the others.

        Raises
        ------
        StopRequested
            If the runs are to be abandoned.
        ComputeLost
            If worker processes died while pooling over the chain.
        """
        for run in runs:
            if run.is_chain_run:
                chain = ChainTraining(self.storage, self.compute, self.clock, self.settings)
                yield from chain(run, report_progress)
            elif run.is_group_run:
                yield self._group_outcome(run, report_progress)
        stores = StoreTraining(self.storage, self.compute, self.clock, self.settings)
        yield from stores([run for run in runs if run.store], report_progress)

    def _group_outcome(self, run: RefreshRun, report_progress: ReportProgress) -> RunOutcome:
        if self.train_group is None:
            error = EngineUnavailable(
                f"{run.target}: expected STORECAST_AWS_BUCKET to be set, found it empty"
            )
            return RunOutcome(run, error=error)
        return self.train_group(run, report_progress)
