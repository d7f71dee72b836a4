"""What operators see: daily chores, the size of the state, what pruning removed, and the overall status."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from forecasting.core.domain.stores import StoreState


class Chore(StrEnum):
    """A task that one worker does once a day for all processes."""

    REFRESH = "refresh"
    PRUNE = "prune"


@dataclass(frozen=True, slots=True)
class Volume:
    """A number of stored things, and the bytes they take on disk."""

    count: int
    bytes: int


@dataclass(frozen=True, slots=True)
class PruneReport:
    """Counts of what retention removed.

    Attributes
    ----------
    files, bytes
        History files, and their size. The database file does not shrink; its free space is used again.
    track_days
        Store days in the track record.
    complete
        False if the pruning stopped early because there was other work.
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
    """The size of the state.

    Attributes
    ----------
    database_bytes, versions
        Size of the database, and the number of forecast versions in it.
    history_bytes, files
        Size and number of the history files.
    """

    database_bytes: int = 0
    versions: int = 0
    history_bytes: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """The figures an operator asks for first.

    Attributes
    ----------
    home
        Where the state is kept.
    as_of
        The business date; None without stores.
    states
        Number of stores in each state.
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
