"""The run of a group of stores that an engine elsewhere trains together (docs/adr/0014-remote-engines.md).

It is looked at again and again until that engine is done; in between it waits in the ledger, and no worker
waits with it. Its inputs are those of the instant it was first claimed, however long it takes.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from forecasting.calendar.inputs import StoreInputs, all_facts
from forecasting.config.logs import get_logger
from forecasting.config.settings import Settings
from forecasting.core.domain import ALL_ITEMS, HistoryFile, Predictor, RefreshRun, Verdict, natural_order
from forecasting.core.errors import EngineError, FitFailed, StorageError, StorecastError, UnknownSeries
from forecasting.core.pooled_priors import ChainPriors
from forecasting.core.ports import Compute, HistoryReader, Publication, Storage
from forecasting.evaluation.remote_engine import Brought, Fetch, RemoteEngine, RemoteJob, Ticket
from forecasting.refresh.chunk import Finished, Later, Progress, PublishedTogether
from forecasting.refresh.policy import current_hash
from forecasting.training.assignment import Assignment
from forecasting.training.previous_version import ELSEWHERE, Earlier
from forecasting.training.resuming import still_wanted
from forecasting.training.tasks import Result, StoreFiles, StorePart, Task

log = get_logger(__name__)

TICKET = "elsewhere"
"""Under which checkpoint of the run it is kept what it has begun elsewhere."""

LONGEST_WAIT = 10
"""How long a run waits between two looks at most, in the shortest waits."""

MOST_NAMED = 5
"""Stores that are named where some were left out."""

LOOKS = 20
"""About how often it is looked at what happens elsewhere, until that is done."""


@dataclass(frozen=True, slots=True)
class GroupTraining:
    """Has a group of stores trained and forecast elsewhere, and publishes what comes back.

    Attributes
    ----------
    reader
        Of the history.
    poll
        How long a run waits between two looks, at least.
    """

    engine: RemoteEngine
    storage: Storage
    compute: Compute[Task, Result]
    reader: HistoryReader
    settings: Settings
    poll: timedelta

    def __call__(self, run: RefreshRun, progress: Progress) -> Finished:
        """Do the next thing that can be done of a run.

        Raises
        ------
        Stopping
            If it is to be given up.
        ComputeLost
            If worker processes died.
        """
        progress(run, run.stage or "Starting", 0, 0)
        try:
            members = self.members(run.read_import)
            if run.verdict is Verdict.REFORECAST and self._settled(members):
                return Finished(run)
            return self._next(run, members, progress)
        except (EngineError, StorageError, UnknownSeries) as error:
            return Finished(run, error=error)

    def _next(self, run: RefreshRun, members: Sequence[StoreFiles], progress: Progress) -> Finished:
        job = self._job(run, members, progress)
        ticket = self._ticket(run) or self._kept(run, self.engine.start(job))
        how = self.engine.poll(job, ticket)
        if how.ticket != ticket:
            self._kept(run, how.ticket)
        if not how.ready:
            return Finished(run, later=Later(how.stage, self._wait(how.remaining), how.remaining))
        progress(run, how.stage, 0, 0)
        return self._published(run, members, self.engine.fetch(job, how.ticket), progress)

    def members(self, through: int | None = None) -> list[StoreFiles]:
        """The stores of the group, in natural order, with what they have now or had through an import.

        Raises
        ------
        UnknownSeries
            If there are none.
        """
        manifest = self.storage.manifest
        sales, plans = manifest.heads("sales", through=through), manifest.heads("plan", through=through)
        facts = all_facts(sales, manifest.attributes(), self.settings.holidays)
        members = [
            StoreFiles(sales[store], plans.get(store), facts[store])
            for store in sorted(sales, key=natural_order)
            if self._is_member(sales[store])
        ]
        if not members:
            raise UnknownSeries(f"group {self.engine.group}: expected stores with sales history, found none")
        return members

    def job(
        self,
        members: Sequence[StoreFiles],
        at: datetime,
        told: Callable[[int], None] = lambda _number: None,
    ) -> RemoteJob:
        """What is asked of the engine where nothing is to be trained.

        Parameters
        ----------
        members
            The stores.
        at
            When it is asked.
        told
            Is told how many stores were read, before each.
        """
        horizon = self.settings.horizon

        def inputs() -> Iterator[StoreInputs]:
            for number, files in enumerate(members):
                told(number)
                yield files.read(self.reader, horizon)

        return RemoteJob(
            run_id="",
            requested_at=at,
            train=False,
            trained_before=None,
            inputs_hash=_inputs_hash(members, horizon),
            horizon=horizon,
            series=sum(len({ALL_ITEMS, *files.sales.items}) for files in members),
            inputs=inputs,
        )

    def _is_member(self, sales: HistoryFile) -> bool:
        return self.engine.name in self.settings.engines_of(sales.store, sales.region)

    def _settled(self, members: Sequence[StoreFiles]) -> bool:
        """Whether every store has a forecast of its newest inputs."""
        snapshots = self.storage.runs.snapshots([each.store for each in members])
        return all(
            each.head is not None
            and each.head.input_hash == current_hash(each, self.settings.horizon, self.settings.holidays)
            for each in snapshots.values()
        )

    def _job(self, run: RefreshRun, members: Sequence[StoreFiles], progress: Progress) -> RemoteJob:
        return replace(
            self.job(
                members,
                run.requested_at,
                lambda number: progress(run, "Sending data", number, len(members)),
            ),
            run_id=run.run_id,
            train=run.verdict is Verdict.RETRAIN,
            trained_before=run.trained_before,
        )

    def _ticket(self, run: RefreshRun) -> Ticket | None:
        kept = self.storage.checkpoints.read(run).get(TICKET)
        if kept is None:
            return None
        ticket: dict[str, str] = json.loads(kept)
        return ticket

    def _kept(self, run: RefreshRun, ticket: Ticket) -> Ticket:
        self.storage.checkpoints.save(run, {TICKET: json.dumps(dict(ticket)).encode()})
        return ticket

    def _wait(self, remaining: timedelta | None) -> timedelta:
        often = remaining / LOOKS if remaining is not None else self.poll
        return max(self.poll, min(often, LONGEST_WAIT * self.poll))

    def _published(
        self, run: RefreshRun, members: Sequence[StoreFiles], fetch: Fetch, progress: Progress
    ) -> Finished:
        """Judge and calibrate what was fetched, store by store; one that fails keeps its forecast."""
        assignments = {each.files.store: each for each in self._assignments(run, members, fetch)}
        horizon = self.settings.horizon
        tasks = [task for each in assignments.values() for task in each.tasks(horizon)]
        made: list[Publication] = []
        errors: dict[str, Exception] = {}

        def tell() -> None:
            progress(run, "Publishing", len(made) + len(errors), len(tasks))

        for done in self.compute.run(tasks, still_wanted(tell)):
            store = done.task.files.store
            try:
                made.append(_publication(assignments[store], done.result, done.error, horizon, fetch))
            except StorecastError as error:
                log.warning(
                    "a store is left out", run_id=run.run_id, scope=run.scope, store=store, error=str(error)
                )
                errors[store] = error
        tell()
        if not made:
            return Finished(run, error=next(iter(errors.values())))
        return Finished(run, PublishedTogether(tuple(made), _told(run, errors)))

    def _assignments(
        self, run: RefreshRun, members: Sequence[StoreFiles], fetch: Fetch
    ) -> Iterator[Assignment]:
        """What is to be done of each store; where no predictor is kept it is chosen for anew."""
        latest = self.storage.chains.latest()
        kept = self._predictors(run, members)
        stores = self.storage.runs.snapshots([files.store for files in members])
        for files in members:
            snapshot = stores.get(files.store)
            head = snapshot.head if snapshot else None
            engine = self.settings.engine_of(files.store, files.sales.region)
            predictor = kept.get(files.store)
            if predictor is not None and predictor.asked_engine != engine:
                predictor = None
            elif predictor is not None and predictor.trained_at != fetch.trained_at:  # by somebody else since
                predictor = replace(predictor, predictor_id=uuid4().hex, trained_at=fetch.trained_at)
            yield Assignment(
                replace(run, engine=engine),
                files,
                self._chain_of(predictor) if predictor else latest,
                predictor,
                brought=Brought(self.engine.name, fetch.stores.get(files.store, {})),
                earlier=Earlier(head.version, untold=ELSEWHERE) if head else None,
            )

    def _predictors(self, run: RefreshRun, members: Sequence[StoreFiles]) -> Mapping[str, Predictor]:
        if run.verdict is Verdict.RETRAIN:
            return {}
        return self.storage.versions.head_predictors([files.store for files in members])

    def _chain_of(self, kept: Predictor) -> ChainPriors | None:
        return self.storage.chains.get(kept.chain_id) if kept.chain_id else None


def _publication(
    assignment: Assignment, result: Result | None, error: Exception | None, horizon: int, fetch: Fetch
) -> Publication:
    if isinstance(error, StorecastError):
        raise error
    if not isinstance(result, StorePart):
        raise FitFailed(f"store {assignment.files.store}: expected a forecast, found {error}")
    return assignment.publication([result], horizon, fetch.trained_at)


def _told(run: RefreshRun, errors: Mapping[str, Exception]) -> str:
    """What is told of a run, with the stores that were left out."""
    if not errors:
        return run.message
    first = next(iter(errors.values()))
    left = ", ".join(sorted(errors, key=natural_order)[:MOST_NAMED])
    more = f" and {len(errors) - MOST_NAMED:,} more" if len(errors) > MOST_NAMED else ""
    return f"{run.message}; left out: store {left}{more} ({first})"


def _inputs_hash(members: Sequence[StoreFiles], horizon: int) -> str:
    """SHA-256 over the values of all stores."""
    values = [
        [each.store, each.sales.content_hash, each.plan.content_hash if each.plan else "", each.facts.digest]
        for each in members
    ]
    return hashlib.sha256(json.dumps([1, horizon, values]).encode()).hexdigest()
