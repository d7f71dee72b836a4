"""Bringing a backup back, into an empty place."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from forecasting.backup.archive import Archive, Told, opened
from forecasting.backup.contents import Contents
from forecasting.backup.making import SETTINGS
from forecasting.config import settings_file
from forecasting.config.settings import PORTABLE, Settings, require_usable
from forecasting.core.errors import InvalidArchive, InvalidRequest, InvalidSetting
from forecasting.core.ports import Clock
from forecasting.history.addresses import open_folder
from forecasting.history.parquet_files import file_name
from forecasting.history.parquet_history import ParquetHistory
from forecasting.storage.database import Database, connect
from forecasting.storage.dump import Loading, require_empty
from forecasting.storage.manifest import SqlManifest


@dataclass(frozen=True, slots=True)
class Restored:
    """What has come back.

    Attributes
    ----------
    settings
        Those that are now kept in the state folder.
    unknown
        Names of settings that this version does not have, which were left out.
    """

    contents: Contents
    settings: Mapping[str, str]
    unknown: tuple[str, ...]


def restore(
    path: Path,
    into: Settings,
    environ: Mapping[str, str],
    clock: Clock,
    told: Told = lambda _done, _total: None,
) -> Restored:
    """Bring database, history and settings of a backup back, all of it or nothing.

    The backup is looked through before anything is touched. History files come first, under the names their
    values give them: those of a restore that did not come to its end are there for the next one, and else in
    nobody's way. Then the database in one transaction, and the settings.

    Parameters
    ----------
    into
        Where to: their state folder, database and history.
    environ
        The environment `into` was read from. The restored settings have to work together with it.

    Raises
    ------
    InvalidArchive
        If the backup is damaged, or something else.
    InvalidRequest
        If the place is not empty; says what is there.
    StateTooNew
        If backup or database were written by a newer version of the software.
    StateUnavailable
        If the place can't be written.
    """
    from forecasting.storage.upgrade import require_known  # noqa: PLC0415 – as `storage.dump`

    with opened(path, told) as archive:
        require_known(archive.contents.revision, archive.name, "nothing was changed")
        settings, unknown = _settings(archive, {**environ, "STORECAST_HOME": str(into.home)})
        _require_empty_home(into.home, settings)
        _require_empty_history(into.history, archive)
        database = connect(into.home, into.database_url)
        try:
            require_empty(database)
            history = ParquetHistory(into.history, SqlManifest(database), clock)
            step = _steps(archive.contents, told)
            _bring_files(archive, history, step)
            with settings_file.written_on_success(into.home, settings):
                _bring_rows(archive, database, step)
        finally:
            database.close()
    return Restored(archive.contents, settings, unknown)


def _settings(archive: Archive, environ: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Settings this version knows and can use, and the names of others."""
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
            f"{home}: expected an empty place, found settings of its own in {settings_file.FILE}; "
            "nothing was changed"
        )


def _require_empty_history(address: str, archive: Archive) -> None:
    place = open_folder(address)
    ours = {file_name(*file.key) for file in archive.contents.files}
    others = [
        file.name for file in place.list_files() if file.name.endswith(".parquet") and file.name not in ours
    ]
    if others:
        raise InvalidRequest(
            f"sales history: expected no files but the backup's, found {len(others):,} others such as "
            f"{place.display_path(others[0])}; nothing was changed"
        )


def _steps(contents: Contents, told: Told) -> Callable[[], None]:
    """Counts the parts that are brought, which were looked at before."""
    looked_at = len(contents.members) + 2
    done = looked_at

    def step() -> None:
        nonlocal done
        done += 1
        told(done, 2 * looked_at)

    return step


def _bring_files(archive: Archive, history: ParquetHistory, step: Callable[[], None]) -> None:
    for file in archive.contents.files:
        history.put_raw(file.key, archive.content(file.member))
        step()


def _bring_rows(archive: Archive, database: Database, step: Callable[[], None]) -> None:
    with database.writing(alone="schema") as connection:
        loading = Loading(connection, database.place, archive.contents.revision)
        for table in archive.contents.tables:
            with archive.part(table.member) as content:
                loading.read(table.table, content, table.rows)
            step()
        loading.finish(archive.contents.numbers)
