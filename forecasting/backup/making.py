"""Making a backup while everything runs."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile

from forecasting.backup.archive import ArchiveWriter, Told, written
from forecasting.backup.contents import Contents, FileMember, Member, TableMember, history_name, table_name
from forecasting.core.domain import FileKey
from forecasting.core.errors import InvalidRequest, StateUnavailable
from forecasting.history.parquet_history import ParquetHistory
from forecasting.storage.database import Database
from forecasting.storage.dump import Dump

SETTINGS = "settings.json"


def back_up(
    database: Database,
    history: ParquetHistory,
    settings: Mapping[str, str],
    at: datetime,
    path: Path,
    *,
    replace: bool = False,
    told: Told = lambda _done, _total: None,
) -> Contents:
    """Write everything to one file, whole or not at all.

    It is the state of one moment: the database is read in one transaction, and history files, of which it has
    the names, never change. Those that are no longer anybody's head may be removed meanwhile.

    Parameters
    ----------
    settings
        Values by name, as they stand in the environment; with nothing secret among them.
    at
        The instant to date it with.
    replace
        Whether a file that is there already may go.

    Raises
    ------
    InvalidRequest
        If there is nothing to back up, the file is there already, or can't be written.
    StateUnavailable
        If the database or a history file can't be read, or a file that is needed is missing.
    """
    with written(path, replace=replace) as file:
        making = _Making(ArchiveWriter(file, at), path.parent, told)
        with database.reading() as connection:
            dump = Dump(connection)
            if dump.is_empty:
                raise InvalidRequest(f"{database.place}: expected something to back up, found no imports")
            files, revision, numbers = dump.files(), dump.revision, dump.numbers()
            making.total = len(dump.tables) + len(files) + 1
            tables = tuple(making.add_table(dump, table) for table in dump.tables)
        members = [making.add_file(history, key, needed=needed) for key, needed in files.items()]
        kept = tuple(member for member in members if member is not None)
        last = making.add_settings(settings)
        contents = Contents(revision, at, tables, numbers, kept, len(members) - len(kept), last)
        making.archive.seal(contents)
    return contents


@dataclass(slots=True)
class _Making:
    """Adds one part after the other.

    Attributes
    ----------
    folder
        Where there is room for a table.
    """

    archive: ArchiveWriter
    folder: Path
    told: Told
    total: int = 0
    done: int = field(default=0, init=False)

    def add_table(self, dump: Dump, table: str) -> TableMember:
        with TemporaryFile(dir=self.folder) as content:
            rows = dump.write(table, content)
            member = self.archive.add(table_name(table), content)
        self._tell()
        return TableMember(table, rows, member)

    def add_file(self, history: ParquetHistory, key: FileKey, *, needed: bool) -> FileMember | None:
        """Add a history file; None where it was no longer needed and has been removed."""
        try:
            content = history.raw(key)
        except StateUnavailable:
            if needed or history.present([key]):
                raise
            content = None
        self._tell()
        if content is None:
            return None
        return FileMember(*key, self.archive.add(history_name(key), io.BytesIO(content)))

    def add_settings(self, settings: Mapping[str, str]) -> Member:
        content = json.dumps(dict(settings), indent=1, sort_keys=True, ensure_ascii=False)
        self._tell()
        return self.archive.add(SETTINGS, io.BytesIO(content.encode()))

    def _tell(self) -> None:
        self.done += 1
        self.told(self.done, self.total)
