"""History files as the manifest lists them, and the report of an import."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple


class FileKey(NamedTuple):
    """The key of a history file."""

    kind: str
    store: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class HistoryFile:
    """One immutable Parquet file of one store, as the manifest lists it.

    Attributes
    ----------
    kind
        ``"sales"`` or ``"plan"``.
    content_hash
        SHA-256 of the values in the file; also the file's name.
    first_ds, last_ds
        First and last day in the file.
    items
        Items in the file, in natural order.
    region
        The store's region for sales; ``""`` for a plan.
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
    """The outcome of one import.

    Attributes
    ----------
    import_id
        The import's number in the manifest; None if the file held nothing new.
    added, revised, unchanged
        Counts of rows: new ones, ones that replaced another value, and ones already stored.
    notes
        Assumptions made and oddities noticed, one sentence each.
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
