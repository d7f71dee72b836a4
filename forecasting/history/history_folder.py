"""The folder that holds history files, wherever it is: on this machine, on a share, or in an object store."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file in the folder.

    Attributes
    ----------
    name
        Path below the folder's root, with slashes.
    bytes
        Size of the file.
    written_at
        When it was last written or touched, by the clock of the machine that holds it (UTC).
    """

    name: str
    bytes: int
    written_at: datetime


class PendingRemoval(Protocol):
    """A file that no reader can see any more, but whose removal can still be undone."""

    @property
    def file(self) -> FileEntry:
        """The file as it was before."""
        ...

    def undo(self) -> None:
        """Make the file visible again under its name."""
        ...

    def complete(self) -> None:
        """Remove the file for good."""
        ...


class HistoryFolder(Protocol):
    """Files below one root, three levels deep. A file is complete or does not exist.

    Every method raises `StateUnavailable`, naming the file, if the storage fails.
    """

    @property
    def concurrency(self) -> int:
        """How many files are best read or written at the same time."""
        ...

    def display_path(self, name: str) -> str:
        """Return a file's full path or URL to show operators, without user name and password."""
        ...

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Write a file completely or not at all; an existing file is replaced."""
        ...

    def touch(self, name: str) -> bool:
        """Set a file's time to now without writing it; return False if it is missing or can't be touched."""
        ...

    def list_files(self) -> Iterator[FileEntry]:
        """Iterate over all files, including those an interrupted writer left behind."""
        ...

    def in_use(self) -> bool:
        """Return whether the folder has any Parquet file, without listing all of it."""
        ...

    def missing(self, names: Collection[str]) -> set[str]:
        """Return those of the names for which there is no file."""
        ...

    def begin_removal(self, name: str, before: datetime) -> PendingRemoval | None:
        """Take a file out of every reader's sight.

        Returns
        -------
        The removal, to be completed or undone. None if the file is missing, or was written or touched at or
        after `before`.
        """
        ...
