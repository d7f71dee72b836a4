"""The manifest of a backup: the content of ``manifest.json``."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import msgspec

from forecasting.core.domain import FileKey
from forecasting.core.errors import InvalidArchive, StateTooNew
from forecasting.history.incoming_file import FRAME_COLUMNS
from forecasting.history.parquet_files import file_name

TYPE = "storecast.backup"
VERSION = 1

_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Member:
    """One part of the archive.

    Attributes
    ----------
    name
        Its name in the archive. A restore never writes a file of this name.
    bytes
        Its size.
    sha256
        Hash of its content, 64 hexadecimal digits.
    """

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TableMember:
    """A table of the database, as `storage.dump` writes it."""

    table: str
    rows: int
    member: Member


@dataclass(frozen=True, slots=True)
class FileMember:
    """An unchanged history file."""

    kind: str
    store: str
    content_hash: str
    member: Member

    @property
    def key(self) -> FileKey:
        """Its key in the history."""
        return FileKey(self.kind, self.store, self.content_hash)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup contains.

    Attributes
    ----------
    revision
        Migration that the database was at.
    created_at
        When the backup was started, aware, in UTC.
    tables
        The tables, in an order in which they can be loaded.
    numbers
        The last row number assigned in each table that numbers its rows.
    files
        The history files.
    left_out
        Number of older history files that had been removed before they were copied.
    settings
        The part with the portable settings.
    """

    revision: str
    created_at: datetime
    tables: tuple[TableMember, ...]
    numbers: Mapping[str, int]
    files: tuple[FileMember, ...]
    left_out: int
    settings: Member

    @property
    def members(self) -> dict[str, Member]:
        """All parts, by name."""
        tables, files = (table.member for table in self.tables), (file.member for file in self.files)
        return {member.name: member for member in (*tables, *files, self.settings)}

    @property
    def rows(self) -> int:
        """Number of rows of all tables together."""
        return sum(table.rows for table in self.tables)

    def to_json(self) -> bytes:
        """Return the content of ``manifest.json``."""
        document = {"type": TYPE, "version": VERSION, **asdict(self)}
        document["created_at"] = self.created_at.isoformat()
        return json.dumps(document, indent=1, ensure_ascii=False).encode()


def table_name(table: str) -> str:
    """Return the name of a table in the archive."""
    return f"tables/{table}.arrows"


def history_name(key: FileKey) -> str:
    """Return the name of a history file in the archive."""
    return f"history/{file_name(*key)}"


def from_json(content: bytes, where: str) -> Contents:
    """Parse a manifest that `Contents.to_json` wrote.

    Parameters
    ----------
    where
        Name of the backup file, for error messages.

    Raises
    ------
    StateTooNew
        If the manifest has a version that this code does not know.
    InvalidArchive
        If it is not the manifest of a backup.
    """
    try:
        document = json.loads(content)
        kind, version = document.pop("type"), document.pop("version")
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise InvalidArchive(f"{where}: expected a backup, found a manifest of something else") from error
    if kind != TYPE:
        raise InvalidArchive(f"{where}: expected type '{TYPE}', found '{kind}'")
    if version != VERSION:
        raise StateTooNew(
            f"{where} was written by a newer version of this software: expected version {VERSION} of "
            f"'{TYPE}', found version {version}; nothing was changed"
        )
    try:
        contents = msgspec.convert(document, type=Contents)
        _require_safe(contents.files)
    except ValueError as error:
        raise InvalidArchive(f"{where}: expected a manifest of version {VERSION}, found: {error}") from error
    return contents


def _require_safe(files: Iterable[FileMember]) -> None:
    """Check that the keys of the files name paths below the root of a history."""
    for file in files:
        if file.kind not in FRAME_COLUMNS or not _HASH.fullmatch(file.content_hash):
            raise ValueError(f"a history file '{file.kind}' of the hash '{file.content_hash}'")
