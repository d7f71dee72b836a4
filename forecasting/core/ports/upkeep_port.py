"""The ports for upkeep: daily chores, retention, and the health of the database and its workers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from forecasting.core.domain import Chore, FileKey, StoreDay, Volume


class Chores(Protocol):
    """Records which daily chores are done, for all processes."""

    def last(self, chore: Chore) -> date | None:
        """The newest day on which the chore was done; None if it never was."""
        ...

    def begin(self, chore: Chore, day: date, worker: str, at: datetime) -> bool:
        """Take on a day's chore. Returns False if another worker has it or it is done.

        One transaction. A chore that was begun but not finished within a few minutes may be taken again.
        """
        ...

    def finish(self, chore: Chore, day: date, at: datetime) -> None:
        """Record that a day's chore is done."""
        ...


@dataclass(frozen=True, slots=True)
class OutdatedRecords:
    """Keys of the records that retention no longer keeps."""

    versions: tuple[int, ...] = ()
    predictors: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    imports: tuple[int, ...] = ()
    chains: tuple[str, ...] = ()


class Retention(Protocol):
    """Finds outdated records and removes them, in transactions as small as the caller likes.

    OutdatedRecords are, where *replaced* means before the instant `before`:

    - a forecast version beyond the newest `keep_versions` of its store that was replaced; never a head,
    - a predictor without a version,
    - a run that ended before that instant, unless it belongs to a kept version or is the newest of its store,
      which determines the store's state,
    - a history file that was replaced, unless it is the store's newest or the one before, to which a rollback
      leads,
    - an import whose files are all outdated and whose attributes no store has any more,
    - a chain that was replaced and to which no predictor belongs.

    Each `remove_…` is one transaction. It keeps records that have become needed since, and returns the number
    removed.
    """

    def outdated(self, keep_versions: int, before: datetime) -> OutdatedRecords:
        """Find everything that is outdated now."""
        ...

    def remove_versions(self, versions: Sequence[int]) -> int:
        """Remove forecast versions with their summaries."""
        ...

    def remove_predictors(self, predictors: Sequence[str]) -> int:
        """Remove predictors to which no version belongs."""
        ...

    def remove_chains(self, chains: Sequence[str]) -> int:
        """Remove chains to which no predictor belongs."""
        ...

    def remove_runs(self, runs: Sequence[str]) -> int:
        """Remove ended runs to which no version belongs."""
        ...

    def remove_imports(self, imports: Sequence[int]) -> int:
        """Remove imports and their files from the manifest."""
        ...

    def outdated_track(self, keep: timedelta) -> tuple[StoreDay, ...]:
        """The days in the track record that lie more than `keep` before its newest day (a business date)."""
        ...

    def remove_track(self, days: Sequence[StoreDay]) -> int:
        """Remove days from the track record."""
        ...

    def files(self, before: datetime) -> set[FileKey]:
        """The history files that are not outdated."""
        ...

    def usage(self) -> Volume:
        """The number of forecast versions, and the size of the whole database."""
        ...


@dataclass(frozen=True, slots=True)
class RunTally:
    """The number of runs with one state and verdict, and how many of them were claimed more than once."""

    state: str
    verdict: str
    runs: int
    retried: int


@dataclass(frozen=True, slots=True)
class LedgerVitals:
    """The health of refresh runs and workers, measured on the database's clock.

    Attributes
    ----------
    tallies
        Counts of all stored runs.
    waiting
        How long ago the oldest active run that no worker holds was requested; None if there is none.
    waited, worked
        For runs that ended recently: the time from the request to the first claim, and from there to the end.
    silences
        Time since the last sign of life of each listed worker.
    """

    tallies: tuple[RunTally, ...]
    waiting: timedelta | None
    waited: tuple[timedelta, ...]
    worked: tuple[timedelta, ...]
    silences: tuple[timedelta, ...]


class Vitals(Protocol):
    """Reports the health of the database and its workers. Nothing here changes the database."""

    def require_usable(self) -> None:
        """Check that the database can be read and is at the revision this software works with.

        Raises
        ------
        StateUnavailable
            If not; the message says why.
        """
        ...

    def silence(self) -> timedelta | None:
        """The time since any worker's last sign of life; None if there never was one."""
        ...

    def ledger(self, lately: timedelta) -> LedgerVitals:
        """The health of runs and workers, read in one transaction.

        Parameters
        ----------
        lately
            Durations are reported for runs that ended within this time.
        """
        ...
