"""Where history files are kept: a folder of this machine or network, or any file system `fsspec` knows."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """A file that was found.

    Attributes
    ----------
    name
        Path below the place's root, with slashes.
    written_at
        When it was last written or touched, by the clock of the place.
    """

    name: str
    bytes: int
    written_at: datetime


class Taken(Protocol):
    """A file that was taken out of everybody's reach, and can still be had back."""

    @property
    def file(self) -> PlacedFile:
        """What it was."""
        ...

    def put_back(self) -> None:
        """Let it be there again."""
        ...

    def drop(self) -> None:
        """Let it be gone."""
        ...


class Place(Protocol):
    """Files below one root, three levels deep, each of them whole or not there.

    Every method raises `StateUnavailable`, naming the file, where the place does not do what is asked.
    """

    @property
    def abreast(self) -> int:
        """How many files it is best asked for at a time."""
        ...

    def located(self, name: str) -> str:
        """Where a file is, as told to an operator; never has a user's name or a password in it."""
        ...

    def read(self, name: str) -> bytes:
        """The content of a file."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Put a file there whole, or not at all, whatever was there before."""
        ...

    def touch(self, name: str) -> bool:
        """Make a file look new without writing it; False where it is missing or that can't be done."""
        ...

    def files(self) -> Iterator[PlacedFile]:
        """Every file there is, also what an interrupted writer left."""
        ...

    def in_use(self) -> bool:
        """Whether there is any Parquet file; costs a look or two."""
        ...

    def missing(self, names: Collection[str]) -> set[str]:
        """Which of these files are not there."""
        ...

    def take(self, name: str, before: datetime) -> Taken | None:
        """Take a file away; None where it is gone, or was written or touched since `before`."""
        ...
