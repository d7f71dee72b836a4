"""Restoring a backup into an empty state folder, database and history."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from forecasting.backup.archive import Archive, ReportProgress, open_archive
from forecasting.backup.contents import Contents
from forecasting.backup.writing import SETTINGS
from forecasting.config import settings_file
from forecasting.config.settings import PORTABLE, Settings, require_usable
from forecasting.core.errors import InvalidArchive, InvalidRequest, InvalidSetting
from forecasting.core.ports import Clock
from forecasting.core.wording import counted
from forecasting.history.addresses import open_folder
from forecasting.history.parquet_files import file_name
from forecasting.history.parquet_history import ParquetHistory
from forecasting.storage.database import Database, connect
from forecasting.storage.dump import DumpLoader, require_empty
from forecasting.storage.manifest import SqlManifest


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What a restore has done.

    Attributes
    ----------
    contents
        What the backup contains.
    settings
        The settings that are now in ``settings.env``, text by variable.
    unknown
        Settings that were left out because this version does not have them.
    """

    contents: Contents
    settings: Mapping[str, str]
    unknown: tuple[str, ...]


def restore(
    path: Path,
    into: Settings,
    environ: Mapping[str, str],
    clock: Clock,
    report: ReportProgress = lambda _done, _total: None,
) -> RestoreReport:
    """Restore database, history and settings of a backup, all of them or none.

    The whole backup is checked before anything is written. The history files come first, each named by the
    hash of its values. An interrupted restore leaves some of them behind; they harm nobody, and the next
    restore uses them. Then follow the database, in one transaction, and the settings.

    Parameters
    ----------
    into
        They name the state folder, database and history to restore into.
    environ
        The environment `into` was read from. The restored settings must be usable together with it.
    report
        Called after each part that was checked or restored.

    Raises
    ------
    InvalidArchive
        If the backup is damaged or is not one, or its settings can't be used here.
    InvalidRequest
        If there is a state already; says what was found.
    StateTooNew
        If a newer version of the software wrote the backup or the database.
    StateUnavailable
        If state folder, database or history can't be written.
    """
    from forecasting.storage.upgrade import require_known  # noqa: PLC0415 – imports alembic, which few need

    with open_archive(path, report) as archive:
        require_known(archive.contents.revision, archive.name, "nothing was changed")
        settings, unknown = _settings(archive, {**environ, "STORECAST_HOME": str(into.home)})
        _require_empty_home(into.home, settings)
        _require_empty_history(into.history, archive)
        database = connect(into.home, into.database_url)
        try:
            require_empty(database)
            history = ParquetHistory(into.history, SqlManifest(database), clock)
            step = _steps(archive.contents, report)
            _restore_files(archive, history, step)
            with settings_file.written_on_success(into.home, settings):
                _restore_rows(archive, database, step)
        finally:
            database.close()
    return RestoreReport(archive.contents, settings, unknown)


def _settings(archive: Archive, environ: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the settings that this version has, and the names of the others."""
    try:
        given = json.loads(archive.content(archive.contents.settings))
        values = {name: settings_file.one_line(value) for name, value in sorted(given.items())}
    except (ValueError, AttributeError) as error:
        raise InvalidArchive(f"{archive.name}: expected settings in '{SETTINGS}', found: {error}") from error
    known = {name: value for name, value in values.items() if name in PORTABLE}
    try:
        require_usable(known)
        Settings.from_env({**known, **environ})
    except InvalidSetting as error:
        raise InvalidArchive(f"{archive.name}, settings: {error}") from error
    return known, tuple(name for name in values if name not in known)


def _require_empty_home(home: Path, settings: Mapping[str, str]) -> None:
    found = {name: setting.text for name, setting in settings_file.read(home, PORTABLE).items()}
    if found and found != settings:
        raise InvalidRequest(
            f"{home}: expected an empty state folder, found settings in {settings_file.FILE}; "
            "nothing was changed"
        )


def _require_empty_history(address: str, archive: Archive) -> None:
    folder = open_folder(address)
    ours = {file_name(*file.key) for file in archive.contents.files}
    others = [
        file.name for file in folder.list_files() if file.name.endswith(".parquet") and file.name not in ours
    ]
    if others:
        raise InvalidRequest(
            "sales history: expected only files of the backup, found "
            f"{counted(len(others), 'other')} such as {folder.display_path(others[0])}; nothing was changed"
        )


def _steps(contents: Contents, report: ReportProgress) -> Callable[[], None]:
    """Return a function that counts a restored part. Checking all parts is the first half of the work."""
    checked = len(contents.members) + 2  # manifest and checksum as well
    done = checked

    def step() -> None:
        nonlocal done
        done += 1
        report(done, 2 * checked)

    return step


def _restore_files(archive: Archive, history: ParquetHistory, step: Callable[[], None]) -> None:
    for file in archive.contents.files:
        history.put_raw(file.key, archive.content(file.member))
        step()


def _restore_rows(archive: Archive, database: Database, step: Callable[[], None]) -> None:
    with database.writing(alone="schema") as connection:
        loading = DumpLoader(connection, database.place, archive.contents.revision)
        for table in archive.contents.tables:
            with archive.part(table.member) as content:
                loading.read(table.table, content, table.rows)
            step()
        loading.finish(archive.contents.numbers)
