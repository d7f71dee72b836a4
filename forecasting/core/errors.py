"""The error tree.

::

    StorecastError
    ├── BadInput                wrong input from a person or another system
    │   ├── InvalidFile         a sales or plan file, with the problems found in it
    │   ├── InvalidArchive      a backup file that is damaged, or is not a backup
    │   ├── InvalidFrame        a data frame that breaks its schema
    │   ├── InvalidRequest      a request that can't be answered as asked
    │   │   ├── UnknownSeries   a store or product without history
    │   │   ├── UnknownRun      a refresh run that does not exist
    │   │   └── NoForecastYet   a store without a published forecast
    │   └── InvalidSetting      an environment variable with an unusable value
    ├── NotPermitted            the principal has no right to see or do this
    ├── EngineError
    │   ├── FitFailed           a series that could not be fitted
    │   ├── EngineUnavailable   the requested engine is not available
    │   └── EngineBusy          a remote engine that is unreachable, or asks to retry later
    ├── ComputeLost             a worker process died before its fits were done
    ├── StorageError
    │   ├── StateUnavailable    the state folder or its database can't be used now
    │   ├── StateTooNew         written by a newer version of the software
    │   ├── ImportConflict      another import changed the same store in the meantime
    │   └── LeaseLost              this worker lost its lease on a run
    └── UnsafeBinding           the server would accept connections from other machines

A stale forecast is a state, not an error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class StorecastError(Exception):
    """Base class of every error that this package raises on purpose. Its text can be shown to a planner.

    Attributes
    ----------
    passing
        Whether the same operation may succeed a little later.
    """

    passing: ClassVar[bool] = False


class BadInput(StorecastError):
    """The input of a person or another system is wrong; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem in a file.

    Attributes
    ----------
    file
        Name of the file, without its folder.
    row
        Line number as an editor shows it (the header of a CSV is line 1; in Parquet the first record is row
        1), or None if the problem is not in one row.
    column
        Column, or None if the problem concerns the whole row or file.
    expected, found
        The value that should be there, and the one that is; as words.
    """

    file: str
    row: int | None
    column: str | None
    expected: str
    found: str

    def __str__(self) -> str:
        where = [self.file]
        if self.row is not None:
            where.append(f"row {self.row:,}")
        if self.column is not None:
            where.append(f"column '{self.column}'")
        return f"{', '.join(where)}: expected {self.expected}, found {self.found}"


class InvalidFile(BadInput):
    """A sales or plan file was rejected; none of it was imported.

    Parameters
    ----------
    problems
        The problems found, in the order of the rows.
    total
        Number of problems in the file if the list was cut short; by default the length of `problems`.
    """

    def __init__(self, problems: Sequence[Problem], total: int | None = None) -> None:
        self.problems = tuple(problems)
        self.total = len(self.problems) if total is None else total
        lines = [str(problem) for problem in self.problems]
        if self.total > len(self.problems):
            lines.append(f"… and {self.total - len(self.problems):,} more")
        super().__init__("\n".join(lines))


class InvalidArchive(BadInput):
    """The file is not a complete and undamaged backup."""


class InvalidFrame(BadInput):
    """A frame breaks its schema. The message names the frame, what was expected and what was found."""


class InvalidRequest(BadInput):
    """The request can't be answered as asked."""


class UnknownSeries(InvalidRequest):
    """The store or product has no history, or the principal may not see it."""


class UnknownRun(InvalidRequest):
    """No such refresh run exists for the principal's stores."""


class NoForecastYet(InvalidRequest):
    """The store has sales but no published forecast."""


class InvalidSetting(BadInput):
    """An environment variable has a value that can't be used."""


class NotPermitted(StorecastError):
    """The principal has no right to do this."""


class EngineError(StorecastError):
    """An engine failed."""


class FitFailed(EngineError):
    """A series could not be fitted. The message names the series, what was expected and what was found."""


class EngineUnavailable(EngineError):
    """The requested engine is not available; the last good forecast is kept."""


class EngineBusy(EngineError):
    """A remote engine did not answer, or asked to retry later; the last good forecast is kept."""

    passing = True


class ComputeLost(StorecastError):
    """A worker process died before its fits were done."""

    passing = True


class StorageError(StorecastError):
    """Stored state could not be read or written."""


class StateUnavailable(StorageError):
    """The state folder or its database is missing, locked, full, read-only or unreachable."""

    passing = True


class StateTooNew(StorageError):
    """The state was written by a newer version of the software."""


class ImportConflict(StorageError):
    """Another import changed the same store while this one was being prepared; nothing was changed."""


class LeaseLost(StorageError):
    """The worker's lease on a run has expired, so its result is rejected."""


class UnsafeBinding(StorecastError):
    """The server would accept connections from other machines although it has no login."""
