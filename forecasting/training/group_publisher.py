"""Turn the forecasts of a remote engine into publications, one for each store of the group."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from forecasting.config.logs import get_logger
from forecasting.config.settings import Settings
from forecasting.core.domain import Predictor, RefreshRun, Verdict, natural_order
from forecasting.core.errors import FitFailed, StorecastError
from forecasting.core.pooled_priors import ChainPriors
from forecasting.core.ports import Compute, Publication, RemoteForecasts, Storage
from forecasting.evaluation.remote_forecasts import RemoteStoreForecasts
from forecasting.refresh.run_outcome import GroupPublication, ReportProgress, RunOutcome
from forecasting.training.assignment import Assignment
from forecasting.training.forecast_task import StorePart
from forecasting.training.previous_version import REMOTE, PreviousVersion
from forecasting.training.run_checkpoints import still_wanted
from forecasting.training.store_files import StoreFiles
from forecasting.training.tasks import Result, Task

log = get_logger(__name__)

MOST_NAMED = 5
"""Most stores the message names when some were left out."""


@dataclass(frozen=True, slots=True)
class GroupPublisher:
    """Compares, calibrates and publishes what a remote engine forecast.

    Attributes
    ----------
    engine
        The remote engine's name.
    """

    engine: str
    storage: Storage
    compute: Compute[Task, Result]
    settings: Settings

    def outcome(
        self,
        run: RefreshRun,
        members: Sequence[StoreFiles],
        forecasts: RemoteForecasts,
        report_progress: ReportProgress,
    ) -> RunOutcome:
        """Make the publication of every store. A store that fails keeps its present forecast.

        Raises
        ------
        StopRequested
            If the run is to be abandoned.
        ComputeLost
            If worker processes died.
        """
        assignments = {each.files.store: each for each in self._assignments(run, members, forecasts)}
        horizon = self.settings.horizon
        tasks = [task for each in assignments.values() for task in each.tasks(horizon)]
        publications: list[Publication] = []
        errors: dict[str, Exception] = {}

        def report() -> None:
            report_progress(run, "Publishing", len(publications) + len(errors), len(tasks))

        for done in self.compute.run(tasks, still_wanted(report)):
            store = done.task.files.store
            try:
                part = _part(store, done.result, done.error)
                publications.append(assignments[store].publication([part], horizon, forecasts.trained_at))
            except StorecastError as error:
                log.warning(
                    "a store is left out", run_id=run.run_id, scope=run.scope, store=store, error=str(error)
                )
                errors[store] = error
        report()
        if not publications:
            return RunOutcome(run, error=next(iter(errors.values())))
        return RunOutcome(run, GroupPublication(tuple(publications), _message(run, errors)))

    def _assignments(
        self, run: RefreshRun, members: Sequence[StoreFiles], forecasts: RemoteForecasts
    ) -> Iterator[Assignment]:
        """The assignment of each store; a store without a reusable predictor gets new choices."""
        latest = self.storage.chains.latest()
        predictors = self._predictors(run, members)
        stores = self.storage.runs.snapshots([files.store for files in members])
        for files in members:
            snapshot = stores.get(files.store)
            head = snapshot.head if snapshot else None
            engine = self.settings.engine_of(files.store, files.sales.region)
            predictor = predictors.get(files.store)
            if predictor is not None and predictor.asked_engine != engine:
                predictor = None
            elif predictor is not None and predictor.trained_at != forecasts.trained_at:
                # the remote engine's predictor has been trained again since, by another run or from outside
                predictor = replace(predictor, predictor_id=uuid4().hex, trained_at=forecasts.trained_at)
            yield Assignment(
                replace(run, engine=engine),
                files,
                self._chain_of(predictor) if predictor else latest,
                predictor,
                remote=RemoteStoreForecasts(self.engine, forecasts.stores.get(files.store, {})),
                previous=PreviousVersion(head.version, unexplained=REMOTE) if head else None,
            )

    def _predictors(self, run: RefreshRun, members: Sequence[StoreFiles]) -> Mapping[str, Predictor]:
        """The predictors to reuse, by store."""
        if run.verdict is Verdict.RETRAIN:
            return {}
        return self.storage.versions.head_predictors([files.store for files in members])

    def _chain_of(self, predictor: Predictor) -> ChainPriors | None:
        return self.storage.chains.get(predictor.chain_id) if predictor.chain_id else None


def _part(store: str, result: Result | None, error: Exception | None) -> StorePart:
    """The result of a store's task.

    Raises
    ------
    StorecastError
        If the task failed.
    """
    if isinstance(error, StorecastError):
        raise error
    if not isinstance(result, StorePart):
        raise FitFailed(f"store {store}: expected a forecast, found {error}")
    return result


def _message(run: RefreshRun, errors: Mapping[str, Exception]) -> str:
    """The message of the run, with the stores that were left out."""
    if not errors:
        return run.message
    first = next(iter(errors.values()))
    left = ", ".join(sorted(errors, key=natural_order)[:MOST_NAMED])
    more = f" and {len(errors) - MOST_NAMED:,} more" if len(errors) > MOST_NAMED else ""
    noun = "store" if len(errors) == 1 else "stores"
    return f"{run.message}; left out: {noun} {left}{more} ({first})"
