"""The words of the product as frozen values; nothing here reads a file, a clock or a database.

Instants (`*_at`) are aware datetimes in UTC. Days (`cutoff`, `ds`) are business dates without a zone.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from forecasting.core.error_sums import ErrorSums

ALL_ITEMS = "all"
"""The item that stands for a store's total."""

GROUP = "group:"
"""How the scope of a group of stores begins."""

IMPORT = "import "
"""How it is written which import was the newest."""

QUANTILES = (0.1, 0.5, 0.9)
"""Levels of `q10`, `q50`, `q90`."""


@dataclass(frozen=True, slots=True, order=True)
class SeriesKey:
    """One series: an item in a store, or the store's total."""

    store: str
    item: str = ALL_ITEMS

    def __str__(self) -> str:
        return f"store {self.store}" if self.item == ALL_ITEMS else f"store {self.store}, product {self.item}"


@dataclass(frozen=True, slots=True)
class HistoryFile:
    """One immutable Parquet file of one store, as the manifest knows it.

    Attributes
    ----------
    kind
        ``"sales"`` or ``"plan"``.
    content_hash
        SHA-256 of the values inside; also the file's name.
    first_ds, last_ds
        First and last day in the file.
    items
        Items in the file, in natural order.
    region
        The store's region (sales), or ``""``.
    """

    store: str
    kind: str
    content_hash: str
    rows: int
    first_ds: date
    last_ds: date
    items: tuple[str, ...]
    region: str = ""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What one import did.

    Attributes
    ----------
    import_id
        Its number in the manifest, or None where the file held nothing new.
    added, revised, unchanged
        Rows that were new, that replaced another value, and that were already there.
    notes
        What was assumed or noticed, in words.
    """

    import_id: int | None
    source: str
    kind: str
    stores: tuple[str, ...]
    first_ds: date
    last_ds: date
    added: int
    revised: int
    unchanged: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Store:
    """A store that has sales history."""

    store: str
    region: str
    items: tuple[str, ...]
    first_ds: date
    last_ds: date


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking. `stores` and `regions` of None mean all of them."""

    subject: str
    name: str
    roles: frozenset[str]
    stores: frozenset[str] | None = None
    regions: frozenset[str] | None = None

    def sees(self, store: str, region: str) -> bool:
        """Whether a store of a region belongs to this principal."""
        return (self.stores is None or store in self.stores) and (
            self.regions is None or region in self.regions
        )

    @property
    def sees_all(self) -> bool:
        """Whether every store belongs to this principal, also those still to come."""
        return self.stores is None and self.regions is None

    @property
    def is_operator(self) -> bool:
        """Whether this principal may do what concerns all stores."""
        return "operator" in self.roles


LOCAL_USER = Principal("local", "Local user", frozenset({"planner", "operator"}))
"""The one principal there is without a login provider; only ever served on loopback."""

SYSTEM = Principal("system", "Storecast", frozenset({"planner", "operator"}))
"""Who asks for what nobody pressed a button for, such as the first forecast."""


class Verdict(StrEnum):
    """The answer to a press on Refresh."""

    FRESH = "fresh"
    ATTACHED = "attached"
    REFORECAST = "reforecast"
    RETRAIN = "retrain"


class RunState(StrEnum):
    """Where a refresh run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"  # for its next attempt, or for what happens elsewhere
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def active(self) -> bool:
        """Whether the run still holds its scope."""
        return self in (RunState.QUEUED, RunState.RUNNING, RunState.WAITING)


class StoreState(StrEnum):
    """The state of a store as planners read it."""

    RUNNING = "Running"
    FAILED = "Failed"
    BEHIND = "Behind"
    STALE = "Stale"
    AGEING = "Ageing"
    FRESH = "Fresh"
    NONE = "No forecast"


@dataclass(frozen=True, slots=True)
class BacktestScore:
    """How one engine did over all backtest windows of a series.

    Attributes
    ----------
    cutoffs, horizon
        The windows: the last days the engine saw, the oldest first, and how many days were scored after each.
    weeks
        Errors by week ahead, all windows together: ``weeks[i]`` is of days 7i + 1 to 7i + 7 ahead.
    failure
        Why the engine has no figures, in words, or ``""``.
    """

    engine: str
    cutoffs: tuple[date, ...]
    horizon: int
    weeks: tuple[ErrorSums, ...] = ()
    failure: str = ""

    @property
    def total(self) -> ErrorSums:
        """Errors over the whole horizon."""
        return ErrorSums.total(self.weeks)

    @property
    def days(self) -> int:
        """Open days scored, one for each window they are in."""
        return self.total.days

    @property
    def wape(self) -> float | None:
        """Weighted absolute percentage error of the median; None where undefined."""
        return self.total.wape

    @property
    def wql(self) -> float | None:
        """Mean weighted quantile loss over q10, q50, q90; None where undefined."""
        return self.total.wql

    @property
    def coverage(self) -> float | None:
        """Share of days within q10–q90; None where undefined."""
        return self.total.coverage


@dataclass(frozen=True, slots=True)
class SeriesChoice:
    """What a training chose for one series, and why.

    Attributes
    ----------
    widths
        What half-widths of the band are multiplied by in each week ahead; none leaves it as the engine says.
    """

    item: str
    engine: str
    reason: str
    scores: tuple[BacktestScore, ...] = ()
    widths: tuple[float, ...] = ()

    def score_of(self, engine: str) -> BacktestScore | None:
        """The backtest of one engine, or None where it has none."""
        return next((score for score in self.scores if score.engine == engine), None)


@dataclass(frozen=True, slots=True)
class Predictor:
    """What a training leaves: the chosen engine per series with its backtest.

    Attributes
    ----------
    asked_engine
        The engine that was configured; what serves a series is in its choice.
    chain_id
        The `chain.Chain` it was trained with, or ``""`` where there was none.
    """

    predictor_id: str
    scope: str
    asked_engine: str
    trained_at: datetime
    cutoff: date
    choices: tuple[SeriesChoice, ...]
    chain_id: str = ""

    def choice_of(self, item: str) -> SeriesChoice | None:
        """The choice for one item, or None where the training did not see it."""
        return next((choice for choice in self.choices if choice.item == item), None)


@dataclass(frozen=True, slots=True)
class VersionHeader:
    """One forecast version without its days.

    Attributes
    ----------
    input_hash
        Hash of the values that went in.
    trained_at
        When its predictor was trained.
    assumptions
        What the forecast took for granted where the plan is silent, in words.
    chain_id
        Its predictor's.
    """

    version: int
    store: str
    predictor_id: str
    run_id: str
    asked_engine: str
    cutoff: date
    horizon: int
    input_hash: str
    trained_at: datetime
    published_at: datetime
    assumptions: tuple[str, ...] = ()
    chain_id: str = ""


@dataclass(frozen=True, slots=True)
class SeriesSummary:
    """One row per series of a published version: what lists and tiles need without opening the version.

    Attributes
    ----------
    next7, last7
        Expected demand of the next seven days and sales of the same weekdays the week before; None
        where there are fewer than seven days.
    wape, naive_wape, coverage
        Backtest of the serving engine, of seasonal-naive, and the share of days within q10–q90.
    note
        What is special about the next seven days, in words, or ``""``.
    sparkline
        Four weeks of sales and the next seven days.
    closed_ahead
        Closed days right after the newest sales: that long no sales are no surprise.
    year7
        Sales of the same weekdays a year before the next seven days; None where they are not all known.
    spread7
        Half of the likely range of the next seven days, day by day and added up; None as for `next7`.
    unusual
        The day of the next seven that differs most from a usual one, in words, or ``""``.
    """

    store: str
    item: str
    engine: str
    next7: float | None
    last7: float | None
    wape: float | None
    naive_wape: float | None
    coverage: float | None
    sparkline: tuple[float, ...] = ()
    note: str = ""
    closed_ahead: int = 0
    year7: float | None = None
    spread7: float | None = None
    unusual: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """A planner's word that a store was looked at, which holds for one forecast and one day.

    Attributes
    ----------
    version
        The forecast that was looked at.
    as_of
        The business date.
    by, at
        Who said so, and when.
    """

    store: str
    version: int
    as_of: date
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """What somebody has seen of a store.

    Attributes
    ----------
    version
        The forecast seen last.
    at
        When it was first seen.
    before
        The one seen before it; None for none.
    """

    version: int
    at: datetime
    before: int | None = None


@dataclass(frozen=True, slots=True)
class RefreshRun:
    """One row of the ledger: who asked, why, what happened.

    Attributes
    ----------
    store
        What it is about; ``""`` for the run that pools over all stores, and for one of a group of stores.
    message
        Why it runs, as told to the planner.
    done, total
        Series finished and to do; `total` is 0 until known.
    fence
        Raised at every claim; a worker holding an older one is refused.
    error
        Why it failed, or why the last attempt did, or by whom it was cancelled; in words.
    trained_before
        When the predictor of the forecast there was when it was asked for was trained; None without one.
    claimed_at, next_attempt_at
        When its present attempt began, and when its next one may.
    reads
        `StoreSnapshot.inputs` when its attempt began: what it reads is that or newer. Of a group of stores:
        `inputs_through` of the newest import when it was first claimed, which is what it reads.
    follow_up_by, follow_up_at
        Who pressed while it ran, when the inputs were newer than what it reads, and when; None for nobody.
    followed_by
        The run that press led to, once this one has ended.
    ready_at
        When what happens elsewhere is expected to be done; None where nobody says.
    """

    run_id: str
    scope: str
    store: str
    verdict: Verdict
    message: str
    state: RunState
    requested_by: str
    requested_at: datetime
    engine: str
    batch_id: str | None = None
    priority: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    stage: str = ""
    done: int = 0
    total: int = 0
    attempt: int = 0
    fence: int = 0
    error: str = ""
    version: int | None = None
    trained_before: datetime | None = None
    claimed_at: datetime | None = None
    next_attempt_at: datetime | None = None
    reads: str | None = None
    follow_up_by: str | None = None
    follow_up_at: datetime | None = None
    followed_by: str | None = None
    ready_at: datetime | None = None

    @property
    def of_chain(self) -> bool:
        """Whether it pools over all stores, instead of being about some."""
        return not self.store and not self.of_group

    @property
    def of_group(self) -> bool:
        """Whether it is about a group of stores that are trained together elsewhere."""
        return self.scope.startswith(GROUP)

    @property
    def read_import(self) -> int | None:
        """The newest import that a run of a group reads; None before it was claimed."""
        return int(self.reads.removeprefix(IMPORT)) if self.of_group and self.reads else None

    @property
    def elsewhere(self) -> bool:
        """Whether it waits for what happens elsewhere, and not because something broke."""
        return self.of_group and self.state is RunState.WAITING and not self.error

    @property
    def whose(self) -> str:
        """What it is about, in words."""
        if self.of_group:
            return f"group {self.scope.removeprefix(GROUP)}"
        return "all stores" if self.of_chain else f"store {self.store}"


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How far a refresh of many stores is.

    Attributes
    ----------
    done, failed, total
        Stores whose run has ended, those of them where it failed, and all.
    started_at
        When the first of its stores was begun with; None before that.
    remaining
        How much longer it takes; None where that can't be said yet.
    """

    batch_id: str
    requested_by: str
    done: int
    failed: int
    total: int
    started_at: datetime | None = None
    remaining: timedelta | None = None


@dataclass(frozen=True, slots=True)
class StoreSnapshot:
    """All that decides the state of a store, read in one transaction.

    Attributes
    ----------
    active
        The run that holds the store's scope now.
    last
        The newest run that has ended.
    attributes
        What the file of stores says (`ports.StoreAttributes`).
    """

    store: str
    region: str
    sales: HistoryFile | None
    plan_hash: str | None
    head: VersionHeader | None
    active: RefreshRun | None
    last: RefreshRun | None
    attributes: Mapping[str, str | float | None] = field(default_factory=dict)

    @property
    def inputs(self) -> str:
        """What is known of the store, as one text that changes when any of it does."""
        return inputs_of(self.sales.content_hash if self.sales else None, self.plan_hash, self.attributes)


def inputs_of(
    sales_hash: str | None, plan_hash: str | None, attributes: Mapping[str, str | float | None]
) -> str:
    """`StoreSnapshot.inputs` of its parts."""
    known = json.dumps([sales_hash, plan_hash, dict(attributes)], sort_keys=True)
    return hashlib.sha256(known.encode()).hexdigest()


def inputs_through(import_id: int) -> str:
    """What is known of a group of stores: all that was imported until then."""
    return f"{IMPORT}{import_id}"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a press should lead to, and the sentence that tells why."""

    verdict: Verdict
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a press: the verdict, its sentence, and the run to follow (None for `fresh`)."""

    verdict: Verdict
    message: str
    run: RefreshRun | None = None

    @property
    def of_chain(self) -> bool:
        """Whether the run to follow pools over all stores."""
        return self.run is not None and self.run.of_chain


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """A press on Refresh before it is decided.

    Attributes
    ----------
    store
        The store it is decided on.
    priority
        Lower runs first; a person's press is 0, a batch 10.
    """

    run_id: str
    scope: str
    store: str
    requested_by: str
    requested_at: datetime
    engine: str
    priority: int = 0
    batch_id: str | None = None

    @property
    def of_group(self) -> bool:
        """Whether the run would be about a group of stores, instead of the one."""
        return self.scope.startswith(GROUP)


def group_scope(group: str) -> str:
    """The training scope of an engine that trains a group of stores together."""
    return f"{GROUP}{group}"


def scope_of(store: str) -> str:
    """The training scope of engines that train one store at a time."""
    return f"store:{store}"


def natural_order(name: str) -> tuple[int, int | str]:
    """Sort key that puts store 9 before store 10 and numbers before words."""
    return (0, int(name)) if name.isdecimal() else (1, name)


class Chore(StrEnum):
    """What is done once a day, by whichever worker comes first."""

    REFRESH = "refresh"
    PRUNE = "prune"


class FileKey(NamedTuple):
    """What names one history file."""

    kind: str
    store: str
    content_hash: str


class StoreDay(NamedTuple):
    """A day of a store."""

    store: str
    ds: date


class SeriesDay(NamedTuple):
    """A day of a series of a store."""

    item: str
    ds: date


class Actual(NamedTuple):
    """What a series sold on a day, and whether it could."""

    y: float
    is_open: bool


class TrackRow(NamedTuple):
    """What a published version said about a day at least `lead` days before, and what came.

    Attributes
    ----------
    version, engine, cutoff
        The version that counted, what made it, and the last day it had seen.
    y, is_open
        What was sold; a day on which the series was closed is recorded and not scored.
    """

    item: str
    ds: date
    lead: int
    version: int
    engine: str
    cutoff: date
    y: float
    mean: float
    q10: float
    q50: float
    q90: float
    is_open: bool


@dataclass(frozen=True, slots=True)
class Volume:
    """How many there are, and how much room they take on disk."""

    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What was removed because retention no longer keeps it.

    Attributes
    ----------
    files, bytes
        History files and their size. Room in the database is used again; its file does not shrink.
    track_days
        Days of stores in the track record.
    complete
        False where it was broken off because there was other work.
    """

    versions: int = 0
    predictors: int = 0
    runs: int = 0
    files: int = 0
    bytes: int = 0
    track_days: int = 0
    complete: bool = True
    chains: int = 0


@dataclass(frozen=True, slots=True)
class DiskUse:
    """What the state folder holds.

    Attributes
    ----------
    database_bytes, versions
        Size of the database and the forecast versions in it.
    history_bytes, files
        Size and number of the history files.
    """

    database_bytes: int = 0
    versions: int = 0
    history_bytes: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """What an operator asks for first.

    Attributes
    ----------
    states
        How many stores are in each state.
    """

    home: str
    stores: int
    series: int
    first_ds: date | None
    last_ds: date | None
    as_of: date | None
    engine: str
    states: Mapping[StoreState, int] = field(default_factory=dict)
    active_runs: int = 0
    disk: DiskUse = field(default_factory=DiskUse)
