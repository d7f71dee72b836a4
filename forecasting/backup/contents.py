"""What a backup says of itself: the words of ``manifest.json``."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

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
        What it is called there; nothing is ever written under this name.
    bytes
        Its size.
    sha256
        Of its bytes, 64 hexadecimal digits.
    """

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TableMember:
    """A table of the database, as `storage.portable` writes it."""

    table: str
    rows: int
    member: Member


@dataclass(frozen=True, slots=True)
class FileMember:
    """A history file, byte for byte."""

    kind: str
    store: str
    content_hash: str
    member: Member

    @property
    def key(self) -> FileKey:
        """What names it in its history."""
        return FileKey(self.kind, self.store, self.content_hash)


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a backup.

    Attributes
    ----------
    revision
        The migration its database was at.
    created_at
        When the backup was begun, aware, in UTC.
    tables
        In an order in which they can be loaded.
    numbers
        The last number given in each table that numbers its rows.
    left_out
        Older history files that were no longer there.
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
        """Every part, by name."""
        tables, files = (table.member for table in self.tables), (file.member for file in self.files)
        return {member.name: member for member in (*tables, *files, self.settings)}

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)

    def to_json(self) -> bytes:
        """The text of ``manifest.json``."""
        document = {"type": TYPE, "version": VERSION, **asdict(self)}
        document["created_at"] = self.created_at.isoformat()
        return json.dumps(document, indent=1, ensure_ascii=False).encode()


def table_name(table: str) -> str:
    """What a table is called in the archive."""
    return f"tables/{table}.arrows"


def history_name(key: FileKey) -> str:
    """What a history file is called in the archive."""
    return f"history/{file_name(*key)}"


def from_json(content: bytes, where: str) -> Contents:
    """Read what `Contents.to_json` wrote.

    Raises
    ------
    StateTooNew
        If it has a version this code does not know.
    InvalidArchive
        If it is something else.
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
        return _contents(document)
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise InvalidArchive(f"{where}: expected a manifest of version {VERSION}, found: {error}") from error


def _contents(document: dict[str, Any]) -> Contents:
    return Contents(
        revision=str(document["revision"]),
        created_at=datetime.fromisoformat(document["created_at"]),
        tables=tuple(_part(TableMember, each) for each in document["tables"]),
        numbers={str(name): int(number) for name, number in document["numbers"].items()},
        files=tuple(_sound(_part(FileMember, each)) for each in document["files"]),
        left_out=int(document["left_out"]),
        settings=Member(**document["settings"]),
    )


def _part(kind: type[Any], given: dict[str, Any]) -> Any:  # noqa: ANN401 – one of the two kinds
    return kind(**{**given, "member": Member(**given["member"])})


def _sound(file: FileMember) -> FileMember:
    """The file, whose key makes a name below the root of a history and nowhere else."""
    if file.kind not in FRAME_COLUMNS or not _HASH.fullmatch(file.content_hash):
        raise ValueError(f"a history file '{file.kind}' of the hash '{file.content_hash}'")
    return file
