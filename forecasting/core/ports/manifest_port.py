"""The port for the manifest, which lists the history files each store uses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from forecasting.core.domain import HistoryFile

StoreAttributes = Mapping[str, str | float | None]
"""Attributes of a store, by name; None where a value is unknown."""


@dataclass(frozen=True, slots=True)
class HeadMove:
    """The move of one store's head from the file with hash `previous` (None: it had none) to `file`."""

    file: HistoryFile
    previous: str | None


class Manifest(Protocol):
    """Lists the immutable history files that hold each store's sales and plan."""

    def heads(
        self, kind: str, known_at: datetime | None = None, through: int | None = None
    ) -> dict[str, HistoryFile]:
        """The newest file of each store.

        Parameters
        ----------
        known_at
            Return the files that were the newest at this instant instead.
        through
            Return the files that were the newest after this import instead.
        """
        ...

    def head(self, store: str, kind: str, known_at: datetime | None = None) -> HistoryFile | None:
        """The newest file of one store, or the one that was newest at an instant; None if it has none."""
        ...

    def attributes(self) -> dict[str, StoreAttributes]:
        """The attributes of each store that has any, with or without sales."""
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
        """Move all heads of one import in one transaction, and return the import's number.

        Parameters
        ----------
        attributes
            New attributes of these stores, replaced in the same transaction. Other stores keep theirs.

        Raises
        ------
        ImportConflict
            If a head is no longer at the move's `previous`; no head is moved.
        """
        ...

    def roll_back(self, import_id: int, by: str, at: datetime) -> int:
        """Move the heads of an import back to where they were, as an import of its own. Return its number.

        Attributes are not rolled back: only their newest values are stored.

        Raises
        ------
        ImportConflict
            If a later import has moved one of the heads.
        """
        ...
