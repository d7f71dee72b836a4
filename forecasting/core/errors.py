"""The error tree.

::

    StorecastError
    ├── BadInput                what a person or another system gave is wrong
    │   ├── InvalidFile         a sales or plan file, with every problem found
    │   ├── InvalidArchive      a backup that is damaged, or something else
    │   ├── InvalidFrame        a frame that breaks its schema
    │   ├── InvalidRequest      a request that can't be answered as asked
    │   │   ├── UnknownSeries   a store or product that has no history
    │   │   ├── UnknownRun      a refresh run that does not exist
    │   │   └── NoForecastYet   a store whose first forecast is still to come
    │   └── InvalidSetting      an environment variable
    ├── NotPermitted            the principal may not see or do this
    ├── EngineError
    │   ├── FitFailed           a series that could not be fitted
    │   ├── EngineUnavailable   the engine asked for is not to be had
    │   └── EngineBusy          an engine elsewhere that is out of reach, or asks to come back later
    ├── ComputeLost             a worker process died and took its fits along
    ├── StorageError
    │   ├── StateUnavailable    the state folder or its database can't be used
    │   ├── StateTooNew         written by a newer version of the software
    │   ├── ImportConflict      another import moved the same store meanwhile
    │   └── Fenced              this worker lost its lease on a run
    └── UnsafeBinding           the server would listen beyond this machine

A stale forecast is a state, not an error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class StorecastError(Exception):
    """Root of everything this package raises on purpose; its text is fit to be shown to a planner.

    Attributes
    ----------
    passing
        Whether the same thing may well succeed a little later.
    """

    passing: ClassVar[bool] = False


class BadInput(StorecastError):
    """What a person or another system gave is wrong; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a file.

    Attributes
    ----------
    file
        Name of the file, without its folder.
    row
        Line in the file as an editor counts it (a CSV's header is line 1; in Parquet the first record is
        row 1), or None where the problem is not in one row.
    column
        Column, or None where the problem is the whole row or file.
    expected, found
        What should stand there, and what does.
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
    """A sales or plan file that was refused whole.

    Parameters
    ----------
    problems
        What was found, first rows first.
    total
        How many problems there are, where the list was cut; by default the length of `problems`.
    """

    def __init__(self, problems: Sequence[Problem], total: int | None = None) -> None:
        self.problems = tuple(problems)
        self.total = len(self.problems) if total is None else total
        lines = [str(problem) for problem in self.problems]
        if self.total > len(self.problems):
            lines.append(f"… and {self.total - len(self.problems):,} more")
        super().__init__("\n".join(lines))


class InvalidArchive(BadInput):
    """A file that is not a whole and sound backup."""


class InvalidFrame(BadInput):
    """A frame that breaks its schema: says which frame, what was expected and what came."""


class InvalidRequest(BadInput):
    """A request that can't be answered as asked."""


class UnknownSeries(InvalidRequest):
    """A store or product without history, or one the principal may not see."""


class UnknownRun(InvalidRequest):
    """A refresh run that does not exist among the principal's stores."""


class NoForecastYet(InvalidRequest):
    """A store that has sales but no published forecast."""


class InvalidSetting(BadInput):
    """An environment variable with a value that can't be used."""


class NotPermitted(StorecastError):
    """The principal may not do this."""


class EngineError(StorecastError):
    """An engine could not do its work."""


class FitFailed(EngineError):
    """A series that could not be fitted; the message carries the series, what was expected, what came."""


class EngineUnavailable(EngineError):
    """The engine asked for is not to be had; the last good forecast stays."""


class EngineBusy(EngineError):
    """An engine elsewhere did not answer, or asked to come back later; the last good forecast stays."""

    passing = True


class ComputeLost(StorecastError):
    """A worker process died before its fits were done."""

    passing = True


class StorageError(StorecastError):
    """The state could not be read or written."""


class StateUnavailable(StorageError):
    """The state folder or its database is missing, locked, full, read-only or out of reach."""

    passing = True


class StateTooNew(StorageError):
    """The state was written by a newer version of the software."""


class ImportConflict(StorageError):
    """Another import moved the same store while this one was being prepared; nothing was changed."""


class Fenced(StorageError):
    """The lease on a run was lost, so its result is refused."""


class UnsafeBinding(StorecastError):
    """The server was asked to listen beyond this machine although nobody has to log in."""
