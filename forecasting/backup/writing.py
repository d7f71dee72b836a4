"""Writing a backup, while the server and its workers keep running."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile

from forecasting.backup.archive import ArchiveWriter, ReportProgress, new_file
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
    report: ReportProgress = lambda _done, _total: None,
) -> Contents:
    """Write everything to one file, completely or not at all.

    The backup is consistent: the database is read in one transaction, and the history files it names never
    change. Pruning may remove old versions of history files in the meantime; these are left out.

    Parameters
    ----------
    settings
        The portable settings, text by variable.
    at
        Current time, aware, in UTC.
    replace
        Whether an existing file is replaced.
    report
        Called after each part.

    Raises
    ------
    InvalidRequest
        If there is nothing to back up, or the file exists already or can't be written.
    StateUnavailable
        If the database or a history file can't be read, or a history file that is needed is missing.
    """
    with new_file(path, replace=replace) as file:
        parts = _PartWriter(ArchiveWriter(file, at), path.parent, report)
        with database.reading() as connection:
            dump = Dump(connection)
            if dump.is_empty:
                raise InvalidRequest(f"{database.place}: expected something to back up, found no imports")
            files, revision, numbers = dump.files(), dump.revision, dump.numbers()
            parts.total = len(dump.tables) + len(files) + 1
            tables = tuple(parts.add_table(dump, table) for table in dump.tables)
        members = [parts.add_file(history, key, needed=needed) for key, needed in files.items()]
        kept = tuple(member for member in members if member is not None)
        last = parts.add_settings(settings)
        contents = Contents(revision, at, tables, numbers, kept, len(members) - len(kept), last)
        parts.archive.seal(contents)
    return contents


@dataclass(slots=True)
class _PartWriter:
    """Adds the parts to the archive one by one, and reports the progress.

    Attributes
    ----------
    folder
        Where a table is written before its size is known.
    total, done
        Number of parts altogether, and of those already added.
    """

    archive: ArchiveWriter
    folder: Path
    report: ReportProgress
    total: int = 0
    done: int = field(default=0, init=False)

    def add_table(self, dump: Dump, table: str) -> TableMember:
        with TemporaryFile(dir=self.folder) as content:
            rows = dump.write(table, content)
            member = self.archive.add(table_name(table), content)
        self._count()
        return TableMember(table, rows, member)

    def add_file(self, history: ParquetHistory, key: FileKey, *, needed: bool) -> FileMember | None:
        """Add a history file. Return None if it is not needed and has been removed in the meantime."""
        try:
            content = history.raw(key)
        except StateUnavailable:
            if needed or history.present([key]):
                raise
            content = None
        self._count()
        if content is None:
            return None
        return FileMember(*key, self.archive.add(history_name(key), io.BytesIO(content)))

    def add_settings(self, settings: Mapping[str, str]) -> Member:
        content = json.dumps(dict(settings), indent=1, sort_keys=True, ensure_ascii=False)
        self._count()
        return self.archive.add(SETTINGS, io.BytesIO(content.encode()))

    def _count(self) -> None:
        self.done += 1
        self.report(self.done, self.total)
