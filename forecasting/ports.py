"""What the core needs from the world, as small Protocols for adapters (docs/adr/0002-ports.md)."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol, TypeVar

import pandas as pd

from forecasting.domain import (
    Answer,
    BatchProgress,
    Decision,
    HistoryFile,
    ImportReport,
    Predictor,
    RefreshRequest,
    RefreshRun,
    SeriesSummary,
    StoreSnapshot,
    VersionHeader,
)

TaskT_contra = TypeVar("TaskT_contra", contravariant=True)
ResultT_co = TypeVar("ResultT_co", covariant=True)


class Clock(Protocol):
    """The wall clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class FittedSeries(Protocol):
    """One fitted series."""

    def forecast(self, future: pd.DataFrame) -> pd.DataFrame:
        """Forecast the days of `future`.

        Parameters
        ----------
        future
            `schema.FUTURE` (without `assumed` is fine), days after the fit's cutoff.

        Returns
        -------
        pandas.DataFrame
            `schema.FORECAST`, the same days in the same order; promises of `schema.require_forecast`.
        """
        ...


class LocalEngine(Protocol):
    """An engine that fits and forecasts in this process: deterministic, and blind to what it isn't given."""

    @property
    def name(self) -> str:
        """The name shown to planners and stored with every forecast."""
        ...

    def fit(self, history: pd.DataFrame) -> FittedSeries:
        """Fit one series.

        Parameters
        ----------
        history
            `schema.HISTORY`, ascending; its last day is the cutoff.

        Raises
        ------
        FitFailed
            If the series can't be fitted; says what was expected and what came.
        """
        ...


class Compute(Protocol[TaskT_contra, ResultT_co]):
    """Runs fits outside the server process."""

    def run(self, tasks: Sequence[TaskT_contra]) -> Iterator[ResultT_co]:
        """Yield each task's result as it is done, in any order.

        Raises
        ------
        ComputeLost
            If a worker process died; nothing is known about the tasks not yet yielded.
        """
        ...

    def close(self) -> None:
        """End the worker processes."""
        ...


@dataclass(frozen=True, slots=True)
class HeadMove:
    """One store's head to be moved by an import: from `previous` (None: there was none) to `file`."""

    file: HistoryFile
    previous: str | None


class Manifest(Protocol):
    """Which immutable history file each store's sales and plan are made of."""

    def heads(self, kind: str, known_at: datetime | None = None) -> dict[str, HistoryFile]:
        """The newest file of each store, or the one that was newest at an instant."""
        ...

    def head(self, store: str, kind: str) -> HistoryFile | None:
        """The newest file of one store, or None."""
        ...

    def record(self, source: str, kind: str, by: str, at: datetime, moves: Sequence[HeadMove]) -> int:
        """Move all heads of one import in one transaction and return the import's number.

        Raises
        ------
        ImportConflict
            If a head is no longer at the move's `previous`; no head is moved.
        """
        ...

    def roll_back(self, import_id: int, by: str, at: datetime) -> int:
        """Put the heads an import moved back to what they were, as an import of its own.

        Raises
        ------
        ImportConflict
            If a later import has moved one of them since.
        """
        ...


class SalesHistory(Protocol):
    """Sales and plans of all stores."""

    def read(self, file: HistoryFile) -> pd.DataFrame:
        """`schema.SALES` or `schema.PLAN` of one store's file, sorted by item and day.

        Raises
        ------
        StateUnavailable
            If the file is missing or damaged.
        """
        ...

    def import_file(self, path: Path, kind: str, by: str) -> ImportReport:
        """Read, check and apply one file of ``"sales"`` or ``"plan"``; all of it or nothing.

        Raises
        ------
        InvalidFile
            With every problem found; nothing is changed.
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
    """

    store: str
    predictor: Predictor
    cutoff: date
    horizon: int
    input_hash: str
    assumptions: tuple[str, ...]
    forecast: pd.DataFrame
    summaries: tuple[SeriesSummary, ...]


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

    def header(self, version: int) -> VersionHeader:
        """The header of one version.

        Raises
        ------
        InvalidRequest
            If there is no such version.
        """
        ...

    def predictor(self, predictor_id: str) -> Predictor:
        """A stored predictor."""
        ...

    def totals(self) -> dict[str, SeriesSummary]:
        """The summary row of each store's total in its head version."""
        ...

    def summaries(self, stores: Collection[str] | None = None) -> dict[str, tuple[SeriesSummary, ...]]:
        """The summary rows of the stores' head versions; None means every store."""
        ...


class Ledger(Protocol):
    """Refresh runs; the one place that decides who trains (docs/adr/0004-ledger.md)."""

    def request(self, ask: RefreshRequest, decide: Callable[[StoreSnapshot], Decision]) -> Answer:
        """Attach to the scope's active run, or decide on the snapshot and record a new run.

        One transaction. An attached request with a lower priority number moves a queued run forward.
        """
        ...

    def claim(self, worker: str, now: datetime, lease_until: datetime) -> RefreshRun | None:
        """Take the next queued run, or one whose lease has run out; None if there is nothing to do.

        A run past its last attempt is closed as failed instead.
        """
        ...

    def renew(self, run: RefreshRun, lease_until: datetime) -> None:
        """Prolong the lease.

        Raises
        ------
        Fenced
            If the run was claimed by another worker or has ended.
        """
        ...

    def progress(self, run: RefreshRun, stage: str, done: int, total: int) -> None:
        """Record how far a run is.

        Raises
        ------
        Fenced
            As for `renew`.
        """
        ...

    def publish(self, run: RefreshRun, publication: Publication, at: datetime) -> VersionHeader:
        """Check the fence, insert the version and its summaries, move the head, end the run: one transaction.

        Raises
        ------
        Fenced
            As for `renew`; nothing is published.
        """
        ...

    def close(self, run: RefreshRun, state: str, message: str, at: datetime) -> None:
        """End a run without a version: as failed with its error, or succeeded with nothing left to do.

        Raises
        ------
        Fenced
            As for `renew`.
        """
        ...

    def release(self, run: RefreshRun) -> None:
        """Give a run back to the queue at a clean stop; the attempt does not count."""
        ...

    def get(self, run_id: str) -> RefreshRun | None:
        """One run, or None."""
        ...

    def recent(self, limit: int, store: str | None = None) -> list[RefreshRun]:
        """The newest runs first."""
        ...

    def backlog(self) -> int:
        """How many runs are queued or running."""
        ...

    def pulse(self) -> tuple[int, int, int]:
        """Newest published version, newest import, number of active runs; 0 where there is none."""
        ...

    def batch(self) -> BatchProgress | None:
        """The newest batch that still has active runs, or None."""
        ...

    def snapshots(self, stores: Collection[str] | None = None) -> Mapping[str, StoreSnapshot]:
        """The snapshot of each store that has sales or runs; None means every store."""
        ...


class Storage(Protocol):
    """The database, in three parts that share their transactions."""

    @property
    def ledger(self) -> Ledger:
        """Refresh runs."""
        ...

    @property
    def versions(self) -> Versions:
        """Published forecasts."""
        ...

    @property
    def manifest(self) -> Manifest:
        """History heads."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
