"""What the core needs from the world, as small Protocols for adapters (docs/adr/0002-ports.md)."""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Generic, Protocol, TypeVar, runtime_checkable

import pandas as pd

from forecasting.core.domain import (
    ALL_ITEMS,
    Actual,
    Answer,
    BatchProgress,
    Chore,
    Decision,
    FileKey,
    HistoryFile,
    ImportReport,
    Predictor,
    RefreshRequest,
    RefreshRun,
    Review,
    SeriesDay,
    SeriesSummary,
    StoreDay,
    StoreSnapshot,
    TrackRow,
    VersionHeader,
    Visit,
    Volume,
)
from forecasting.core.error_sums import ErrorSums
from forecasting.core.explanation import Explanation, StoreReasons
from forecasting.core.pooled_priors import Chain
from forecasting.core.series_arrays import SeriesDays, SeriesForecast

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


class Clock(Protocol):
    """The wall clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class FittedSeries(Protocol):
    """One fitted series."""

    def forecast(self, future: SeriesDays) -> SeriesForecast:
        """Forecast the days of `future`.

        Parameters
        ----------
        future
            Days after the fit's cutoff; their `y` is NaN.

        Returns
        -------
        SeriesForecast
            The same days in the same order; keeps the promises of `SeriesForecast.require`.
        """
        ...


class LocalEngine(Protocol):
    """An engine that fits and forecasts in this process: deterministic, and blind to what it isn't given."""

    @property
    def name(self) -> str:
        """The name shown to planners and stored with every forecast."""
        ...

    def fit(self, past: SeriesDays) -> FittedSeries:
        """Fit one series.

        Parameters
        ----------
        past
            Its history; the last day is the cutoff.

        Raises
        ------
        FitFailed
            If the series can't be fitted; says what was expected and what came.
        """
        ...


@runtime_checkable
class PoolableSeries(FittedSeries, Protocol):
    """A fitted series whose coefficients can be pooled over the chain."""

    @property
    def coefficients(self) -> Mapping[str, float]:
        """Each coefficient by a name that means the same in every series, on the log scale of demand."""
        ...


@runtime_checkable
class ExplainableSeries(FittedSeries, Protocol):
    """A fitted series that can say what its forecast is made of."""

    def explain(self, future: SeriesDays) -> Explanation:
        """Take the expected demand of each day apart; keeps the promises of `Explanation.require`."""
        ...


@dataclass(frozen=True, slots=True)
class Done(Generic[TaskT, ResultT]):
    """A task that was done: its result, or what it raised."""

    task: TaskT
    result: ResultT | None = None
    error: Exception | None = None


def always() -> bool:
    """Say that a run is wanted to its end."""
    return True


class Compute(Protocol[TaskT, ResultT]):
    """Runs fits outside the server process."""

    def warm(self, prepare: Callable[[], object] | None = None) -> None:
        """Let the workers import what fits need, without waiting for them.

        Parameters
        ----------
        prepare
            Called in each worker; an error in it is left to the fits to meet again.

        Raises
        ------
        ComputeLost
            If it is closed.
        """
        ...

    def run(
        self, tasks: Sequence[TaskT], wanted: Callable[[], bool] = always
    ) -> Iterator[Done[TaskT, ResultT]]:
        """Yield each task as it is done, in any order; one that raises leaves the others alone.

        Parameters
        ----------
        wanted
            Looked at between tasks, and at least every half second while none is done. Where it says no the
            iterator ends without the rest: what is under way is waited for only briefly, and workers that
            still hang in it then are replaced.

        Raises
        ------
        ComputeLost
            If workers were lost; nothing is known about the tasks not yet yielded.
        """
        ...

    def close(self) -> None:
        """Let go of the workers, whatever they do."""
        ...


class HistoryReader(Protocol):
    """Reads history files for fits; small enough to be sent to a worker process."""

    def days(self, file: HistoryFile) -> dict[str, SeriesDays]:
        """The days of one store's file, by item; those of a plan have no demand.

        Raises
        ------
        StateUnavailable
            If the file is missing or damaged.
        """
        ...


StoreAttributes = Mapping[str, str | float | None]
"""What is known of a store besides its sales, by the attribute's name; None where it is unknown."""


@dataclass(frozen=True, slots=True)
class HeadMove:
    """One store's head to be moved by an import: from `previous` (None: there was none) to `file`."""

    file: HistoryFile
    previous: str | None


class Manifest(Protocol):
    """Which immutable history file each store's sales and plan are made of."""

    def heads(
        self, kind: str, known_at: datetime | None = None, through: int | None = None
    ) -> dict[str, HistoryFile]:
        """The newest file of each store, or the one that was newest at an instant or through an import."""
        ...

    def head(self, store: str, kind: str, known_at: datetime | None = None) -> HistoryFile | None:
        """The newest file of one store, or the one that was newest at an instant; or None."""
        ...

    def attributes(self) -> dict[str, StoreAttributes]:
        """The attributes of each store that has any, whether it has sales or not."""
        ...

    def record(
        self,
        source: str,
        kind: str,
        by: str,
        at: datetime,
        moves: Sequence[HeadMove],
        attributes: Mapping[str, StoreAttributes] | None = None,
    ) -> int:
        """Move all heads of one import in one transaction and return the import's number.

        Parameters
        ----------
        attributes
            Replaces the attributes of these stores, in the same transaction; other stores keep theirs.

        Raises
        ------
        ImportConflict
            If a head is no longer at the move's `previous`; no head is moved.
        """
        ...

    def roll_back(self, import_id: int, by: str, at: datetime) -> int:
        """Put the heads an import moved back to what they were, as an import of its own.

        Attributes stay as they are: they have no history.

        Raises
        ------
        ImportConflict
            If a later import has moved one of them since.
        """
        ...


class SalesHistory(Protocol):
    """Sales and plans of all stores; several machines may import, read and prune at the same time."""

    def read(self, file: HistoryFile) -> pd.DataFrame:
        """`schema.SALES` or `schema.PLAN` of one store's file, sorted by item and day.

        Raises
        ------
        StateUnavailable
            If the file is missing or damaged.
        """
        ...

    def days(self, file: HistoryFile) -> dict[str, SeriesDays]:
        """The same as `HistoryReader.days`."""
        ...

    def import_file(
        self,
        path: Path,
        kind: str,
        by: str,
        *,
        layout: str = "auto",
        stores: Path | None = None,
        dry_run: bool = False,
    ) -> ImportReport:
        """Read, check and apply one file of ``"sales"`` or ``"plan"``; all of it or nothing.

        Of two imports that move the same store at the same time neither is lost. With `dry_run` nothing is
        applied: the report says what would be.

        Parameters
        ----------
        layout
            ``"canonical"``, ``"rossmann"``, or ``"auto"``: told by the header.
        stores
            The layout's file of store attributes, kept with the import.

        Raises
        ------
        InvalidFile
            With every problem found; nothing is changed.
        InvalidRequest
            If there is no such kind or layout, or the layout has no file of store attributes.
        """
        ...

    def usage(self) -> Volume:
        """All files there are."""
        ...

    def prune(self, needed: Collection[FileKey], before: datetime, *, dry_run: bool = False) -> Volume:
        """Remove the files that are not needed, unless written, or found to be there, since `before`.

        What has become a head meanwhile stays.

        Parameters
        ----------
        before
            Gives imports that are under way time to make a file a head.
        dry_run
            Only tell what would be removed.

        Raises
        ------
        StateUnavailable
            If a file can't be removed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Publication:
    """What one run leaves.

    Attributes
    ----------
    predictor
        The predictor it belongs to; stored if it is new (a `retrain`).
    forecast
        `schema.STORE_FORECAST`, one row per item and day.
    reasons
        Why it says so, and what moved it.
    """

    store: str
    predictor: Predictor
    cutoff: date
    horizon: int
    input_hash: str
    assumptions: tuple[str, ...]
    forecast: pd.DataFrame
    summaries: tuple[SeriesSummary, ...]
    reasons: StoreReasons = field(default_factory=StoreReasons)


class Versions(Protocol):
    """Published forecasts; a version never changes once it is there."""

    def read(self, version: int) -> pd.DataFrame:
        """`schema.STORE_FORECAST` of one version.

        Raises
        ------
        InvalidRequest
            If there is no such version.
        """
        ...

    def reasons(self, version: int, item: str | None = None) -> StoreReasons:
        """Why one version says what it says, of one item or of all, and what moved it.

        Raises
        ------
        InvalidRequest
            If there is no such version.
        """
        ...

    def line(self, store: str, first: int, last: int) -> list[VersionHeader]:
        """A store's versions from one number to another, both included, the oldest first."""
        ...

    def before(self, store: str, version: int) -> int | None:
        """The number of the version a store had before another, or None."""
        ...

    def header(self, version: int) -> VersionHeader:
        """The header of one version.

        Raises
        ------
        InvalidRequest
            If there is no such version.
        """
        ...

    def headers(self, store: str, limit: int) -> list[VersionHeader]:
        """The headers of the store's newest versions, newest first; no blob is read."""
        ...

    def predictor(self, predictor_id: str) -> Predictor:
        """A stored predictor."""
        ...

    def head_predictors(self, stores: Collection[str] | None = None) -> dict[str, Predictor]:
        """The predictor behind the head version of each store that has one; None means every store."""
        ...

    def totals(self) -> dict[str, SeriesSummary]:
        """The summary row of each store's total in its head version."""
        ...

    def summaries(self, stores: Collection[str] | None = None) -> dict[str, tuple[SeriesSummary, ...]]:
        """The summary rows of the stores' head versions; None means every store."""
        ...


@dataclass(frozen=True, slots=True)
class TrackUpdate:
    """What a store's sales change in its track record.

    Attributes
    ----------
    sales_hash
        Content hash of these sales.
    rows
        Days scored now; they replace rows of the same day and lead.
    corrected
        Recorded days that sold something else than was thought.
    gone
        Recorded days the sales no longer have, such as those of an import that was rolled back.
    """

    sales_hash: str
    rows: Sequence[TrackRow] = ()
    corrected: Mapping[SeriesDay, Actual] = field(default_factory=dict)
    gone: Collection[SeriesDay] = ()


class TrackRecord(Protocol):
    """What published versions said about days that have come since; it outlives the versions."""

    def pending(self, stores: Collection[str] | None = None) -> list[str]:
        """The stores with a forecast whose sales are not those their record was last made of.

        Parameters
        ----------
        stores
            The stores asked about; None means every store.
        """
        ...

    def candidates(self, store: str, first: date, last: date) -> list[VersionHeader]:
        """The store's versions that forecast a day from `first` to `last`, oldest first; no blob is read."""
        ...

    def recorded(self, store: str) -> dict[SeriesDay, Actual]:
        """The days in a store's record, and what it thinks they sold."""
        ...

    def record(self, store: str, update: TrackUpdate) -> bool:
        """Change a store's record and remember the sales it is made of: one transaction.

        False where the store's sales are others by now: nothing was changed, and the store is pending.
        """
        ...

    def read(
        self, stores: Collection[str], *, item: str | None = None, since: date | None = None
    ) -> pd.DataFrame:
        """`schema.TRACK` of stores, by store, item, day and lead.

        Parameters
        ----------
        item
            One item; None means all of them.
        since
            The first day; None means all there are.
        """
        ...

    def rows(self, store: str, item: str, lead: int, since: date) -> list[TrackRow]:
        """Those of one series and one lead from a day on, by day."""
        ...

    def sums(
        self, stores: Collection[str] | None, *, item: str = ALL_ITEMS, since: date | None = None
    ) -> dict[int, ErrorSums]:
        """The errors of an item on open days over all the stores, by lead; `scaled` is not known.

        Parameters
        ----------
        stores
            None means every store that has sales.
        since
            The first day; None means all there are.
        """
        ...

    def sums_by_store(
        self, stores: Collection[str] | None, *, item: str = ALL_ITEMS, since: date | None = None
    ) -> dict[str, dict[int, ErrorSums]]:
        """The same for each store that has any."""
        ...


class Chains(Protocol):
    """What was computed over all stores; a chain never changes once it is there."""

    def latest(self) -> Chain | None:
        """The one computed last, or None where there is none yet."""
        ...

    def get(self, chain_id: str) -> Chain:
        """A stored chain.

        Raises
        ------
        InvalidRequest
            If there is no such chain.
        """
        ...


class Ledger(Protocol):
    """Refresh runs; the one place that decides who trains (docs/adr/0004-ledger.md).

    However a run ends but by being cancelled, a follow-up that was noted on it is recorded as the next run of
    its scope in the same transaction.
    """

    def request(self, ask: RefreshRequest, decide: Callable[[StoreSnapshot], Decision]) -> Answer:
        """Attach to the scope's active run, or decide on the snapshot and record a new run.

        One transaction. An attached request with a lower priority number moves a queued run forward. Where
        the run is under way and the store's inputs are newer than those it reads, a follow-up is noted on it.
        """
        ...

    def request_many(
        self, asks: Sequence[RefreshRequest], decide: Callable[[StoreSnapshot], Decision]
    ) -> list[Answer]:
        """Do the same for many stores in one transaction; the answers in the order of the requests."""
        ...

    def request_chain(self, ask: RefreshRequest, decide: Callable[[Chain | None], Decision]) -> Answer:
        """Do the same for the scope `chain.CHAIN`, which is decided on the latest chain, None without one."""
        ...

    def claim(self, worker: str, lease: timedelta, limit: timedelta, most: int = 1) -> list[RefreshRun]:
        """Take the next run that is queued, due for its next attempt, or whose lease has run out.

        Empty if there is nothing to do. One transaction, on the database's clock. A run past its last
        attempt, or that has been running for longer than `limit`, is closed as failed instead. While a run of
        the scope `chain.CHAIN` is active the runs of batches wait, but for those a press moved before it.

        Parameters
        ----------
        lease
            How long the runs stay with the worker without a renewal.
        limit
            How long one attempt may take in all.
        most
            How many runs to take at most. More than one are taken only where the next belongs to a batch: it
            and those queued after it of the same batch and priority. A run that has lost a worker before is
            taken alone.
        """
        ...

    def renew(self, runs: Collection[RefreshRun], lease: timedelta, limit: timedelta) -> set[str]:
        """Prolong the leases from now on; return the ids of the runs that are still held.

        The others were claimed by another worker or have ended, such as by a cancellation or because they
        have been running for longer than `limit`.
        """
        ...

    def progress(self, run: RefreshRun, stage: str, done: int, total: int) -> None:
        """Record how far a run is.

        Raises
        ------
        Fenced
            If the run was claimed by another worker or has ended.
        """
        ...

    def publish(self, run: RefreshRun, publication: Publication, at: datetime) -> VersionHeader:
        """Check the fence, insert the version and its summaries, move the head, end the run: one transaction.

        Raises
        ------
        Fenced
            As for `progress`; nothing is published.
        """
        ...

    def publish_group(
        self, run: RefreshRun, publications: Sequence[Publication], message: str, at: datetime
    ) -> list[VersionHeader]:
        """Do the same for all stores of a group at once; `message` tells of the run what became of it.

        Raises
        ------
        Fenced
            As for `progress`; nothing is published.
        """
        ...

    def publish_chain(self, run: RefreshRun, chain: Chain, at: datetime) -> None:
        """Check the fence, insert the chain, end the run: one transaction.

        Raises
        ------
        Fenced
            As for `progress`; nothing is published.
        """
        ...

    def close(self, run: RefreshRun, state: str, message: str, at: datetime) -> None:
        """End a run without a version: as failed with its error, or succeeded with nothing left to do.

        Raises
        ------
        Fenced
            As for `progress`.
        """
        ...

    def postpone(self, run: RefreshRun, error: str, wait: timedelta) -> None:
        """Let a run wait before its next attempt, because the present one was broken by what may pass.

        It keeps its scope; a press lets it wait no longer.

        Raises
        ------
        Fenced
            As for `progress`.
        """
        ...

    def await_elsewhere(
        self, run: RefreshRun, stage: str, wait: timedelta, remaining: timedelta | None
    ) -> None:
        """Let a run wait for what happens elsewhere, before it is looked at again; its attempts count anew.

        Parameters
        ----------
        stage
            What happens there, in words.
        remaining
            How much longer it takes; None where nobody says.

        Raises
        ------
        Fenced
            As for `progress`.
        """
        ...

    def release(self, run: RefreshRun) -> None:
        """Give a run back to the queue at a clean stop; the attempt does not count."""
        ...

    def cancel(self, run_id: str, reason: str, at: datetime) -> bool:
        """End a run whoever holds it; False where it has ended already. Its worker is refused from now on."""
        ...

    def cancel_batch(self, batch_id: str, stores: Collection[str] | None, reason: str, at: datetime) -> int:
        """End all active runs of a batch, or those of some stores, in one transaction; tell how many."""
        ...

    def get(self, run_id: str) -> RefreshRun | None:
        """One run, or None."""
        ...

    def recent(self, limit: int, store: str | None = None, scope: str | None = None) -> list[RefreshRun]:
        """The newest runs first.

        Parameters
        ----------
        store, scope
            Only those about the store, and where a scope is given with it, those of the scope.
        """
        ...

    def backlog(self) -> int:
        """How many runs are queued or running."""
        ...

    def beat(self, worker: str) -> None:
        """Record a worker's sign of life, on the database's clock."""
        ...

    def silence(self) -> timedelta | None:
        """How long ago any worker gave its last sign of life; None for never."""
        ...

    def pulse(self) -> tuple[int, int, int]:
        """A number that grows with every publication, the newest import, and how many runs are active."""
        ...

    def stamp(self) -> Hashable | None:
        """What differs whenever a snapshot of any store does; None while runs are active, which change."""
        ...

    def holder(self, scope: str) -> RefreshRun | None:
        """The active run of a scope, or None."""
        ...

    def last(self, scope: str) -> RefreshRun | None:
        """The run of a scope that has ended last, or None."""
        ...

    def batch(self) -> BatchProgress | None:
        """The newest batch of which stores still have active runs, or None."""
        ...

    def snapshots(self, stores: Collection[str] | None = None) -> Mapping[str, StoreSnapshot]:
        """The snapshot of each store that has sales or runs; None means every store."""
        ...


class Checkpoints(Protocol):
    """What a run has done so far, for the worker that takes it over; gone once the run has ended."""

    def read(self, run: RefreshRun) -> dict[str, bytes]:
        """Results by their task."""
        ...

    def save(self, run: RefreshRun, results: Mapping[str, bytes]) -> None:
        """Keep results by their task: one transaction.

        Raises
        ------
        Fenced
            If the run was claimed by another worker or has ended; nothing is kept.
        """
        ...


class Looks(Protocol):
    """What planners have looked at."""

    def review(self, review: Review) -> None:
        """Keep that a store was looked at; it takes the place of what was said of it before."""
        ...

    def withdraw(self, store: str) -> None:
        """Forget that a store was looked at."""
        ...

    def reviews(self, stores: Collection[str] | None = None) -> Mapping[str, Review]:
        """What was said of stores, by store; None means all of them."""
        ...

    def pulse(self) -> tuple[int, datetime | None]:
        """How many stores something is said of, and when it was last: differs after every change."""
        ...

    def visit(self, subject: str, store: str, version: int, at: datetime) -> Visit:
        """Note that somebody sees a version, and return what they have seen; writes only what is new."""
        ...


class Chores(Protocol):
    """Which of the daily chores are done, for all processes."""

    def last(self, chore: Chore) -> date | None:
        """The newest day the chore is done for, or None."""
        ...

    def begin(self, chore: Chore, day: date, worker: str, at: datetime) -> bool:
        """Take a day's chore on; False where it is another worker's, or done.

        One transaction. A chore that was begun and not finished within a few minutes may be taken again.
        """
        ...

    def finish(self, chore: Chore, day: date, at: datetime) -> None:
        """Record that a day's chore is done."""
        ...


@dataclass(frozen=True, slots=True)
class Outdated:
    """What retention no longer keeps, by its keys."""

    versions: tuple[int, ...] = ()
    predictors: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    imports: tuple[int, ...] = ()
    chains: tuple[str, ...] = ()


class Retention(Protocol):
    """What has been kept long enough, and its removal in transactions as small as the caller likes.

    A forecast version is outdated once it is beyond the newest `keep_versions` of its store and was
    replaced before an instant; never a head. A predictor goes with its last version. A run is outdated if
    it ended before that instant, unless a kept version is its, or it is its store's newest, which tells the
    store's state. A history file is outdated if it was replaced before that instant and is neither its
    store's newest nor the one before, to which a roll-back leads; an import, once all its files are and no
    store has its attributes any more. A chain is outdated if it was replaced before that instant and no
    predictor belongs to it.

    Each `remove_…` is one transaction, leaves what has come to be needed, and returns how many went.
    """

    def outdated(self, keep_versions: int, before: datetime) -> Outdated:
        """All that is outdated now."""
        ...

    def remove_versions(self, versions: Sequence[int]) -> int:
        """Remove forecast versions with their summaries."""
        ...

    def remove_predictors(self, predictors: Sequence[str]) -> int:
        """Remove predictors no version belongs to."""
        ...

    def remove_chains(self, chains: Sequence[str]) -> int:
        """Remove chains no predictor belongs to."""
        ...

    def remove_runs(self, runs: Sequence[str]) -> int:
        """Remove ended runs no version belongs to."""
        ...

    def remove_imports(self, imports: Sequence[int]) -> int:
        """Remove what the manifest knows of imports."""
        ...

    def outdated_track(self, keep: timedelta) -> tuple[StoreDay, ...]:
        """The days in the track record more than `keep` before its newest day (a business date)."""
        ...

    def remove_track(self, days: Sequence[StoreDay]) -> int:
        """Remove days from the track record."""
        ...

    def files(self, before: datetime) -> set[FileKey]:
        """The history files that are not outdated."""
        ...

    def usage(self) -> Volume:
        """The forecast versions, and the size of the whole database."""
        ...


@dataclass(frozen=True, slots=True)
class RunTally:
    """How many runs there are of a state and verdict, and how many of them were claimed more than once."""

    state: str
    verdict: str
    runs: int
    retried: int


@dataclass(frozen=True, slots=True)
class LedgerSigns:
    """How refresh runs and their workers are doing, by the database's clock.

    Attributes
    ----------
    tallies
        All runs that are kept.
    waiting
        How long ago the oldest run that is active, but not being worked, was asked for; None where none is.
    waited, worked
        Of runs that were worked and have ended lately: from the press to the first claim, and from there to
        the end.
    silences
        Time since the last sign of life of each worker that is listed.
    """

    tallies: tuple[RunTally, ...]
    waiting: timedelta | None
    waited: tuple[timedelta, ...]
    worked: tuple[timedelta, ...]
    silences: tuple[timedelta, ...]


class Vitals(Protocol):
    """What tells an operator that the database and those who work it are well; nothing here changes it."""

    def require_usable(self) -> None:
        """Check that the database can be read and is at the revision this software works with.

        Raises
        ------
        StateUnavailable
            If not; says why.
        """
        ...

    def ledger(self, lately: timedelta) -> LedgerSigns:
        """How runs and workers are doing, in one transaction.

        Parameters
        ----------
        lately
            How long ago runs may have ended whose durations are told.
        """
        ...


class Storage(Protocol):
    """The database, in parts that share their transactions."""

    @property
    def ledger(self) -> Ledger:
        """Refresh runs."""
        ...

    @property
    def checkpoints(self) -> Checkpoints:
        """What runs under way have done."""
        ...

    @property
    def versions(self) -> Versions:
        """Published forecasts."""
        ...

    @property
    def chains(self) -> Chains:
        """What is pooled over all stores."""
        ...

    @property
    def track(self) -> TrackRecord:
        """What came of published forecasts."""
        ...

    @property
    def manifest(self) -> Manifest:
        """History heads."""
        ...

    @property
    def chores(self) -> Chores:
        """Daily chores."""
        ...

    @property
    def looks(self) -> Looks:
        """What planners have looked at."""
        ...

    @property
    def retention(self) -> Retention:
        """What may go."""
        ...

    @property
    def vitals(self) -> Vitals:
        """How it is doing."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
