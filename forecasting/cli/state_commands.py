"""The commands that concern the whole state: ``status``, ``prune``, ``backup`` and ``restore``."""

import argparse
import dataclasses
import json
from functools import partial
from pathlib import Path

from tqdm import tqdm

from forecasting.backup.contents import Contents
from forecasting.bootstrap import Storecast, restore
from forecasting.cli.file_commands import Commands
from forecasting.config import settings_file
from forecasting.config.settings import Settings
from forecasting.core.domain import LOCAL_USER, StoreState
from forecasting.core.errors import InvalidRequest
from forecasting.core.wording import counted

PROGRESS_SECONDS = 0.1
"""Commands that end within this time show no progress bar."""

MEGABYTE = 1e6


def add_prune(commands: Commands) -> None:
    """Add ``prune``."""
    command = commands.add_parser("prune", help="remove what is older than the retention settings")
    command.add_argument("--dry-run", action="store_true", help="only print what would be removed")
    command.set_defaults(run=_prune)


def add_backup_and_restore(commands: Commands) -> None:
    """Add ``backup`` and ``restore``."""
    backup = commands.add_parser("backup", help="write database, history and settings to one file")
    backup.add_argument("--out", type=Path, required=True, metavar="FILE.tar")
    backup.add_argument("--force", action="store_true", help="replace the file if it exists")
    backup.set_defaults(run=_back_up)
    command = commands.add_parser("restore", help="restore a backup into an empty state folder")
    command.add_argument("path", type=Path, metavar="FILE.tar")


def add_status(commands: Commands) -> None:
    """Add ``status``."""
    command = commands.add_parser("status", help="print what is loaded and the states of the stores")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=_status)


def _prune(storecast: Storecast, parsed: argparse.Namespace) -> int:
    report = storecast.services.operations.prune(LOCAL_USER, dry_run=parsed.dry_run)
    counts = (
        f"{counted(report.versions, 'forecast version')}, {counted(report.predictors, 'predictor')}, "
        f"{counted(report.runs, 'run')}, {counted(report.track_days, 'day')} of the track record, "
        f"{counted(report.files, 'history file')} ({_size(report.bytes)})"
    )
    print(f"{'would remove' if parsed.dry_run else 'removed'} {counts}")
    return 0


def _back_up(storecast: Storecast, parsed: argparse.Namespace) -> int:
    path: Path = parsed.out
    if not path.parent.is_dir():
        raise InvalidRequest(f"--out: expected a file in an existing folder, found '{path}'")
    with tqdm(unit="part", delay=PROGRESS_SECONDS) as bar:
        contents = storecast.back_up(path, partial(_show_parts, bar), replace=parsed.force)
    print(f"{path}: {_counts(contents)}, {_size(path.stat().st_size)}")
    if contents.left_out:
        print(f"  without {counted(contents.left_out, 'older history file')} that had already been removed")
    return 0


def restore_backup(settings: Settings, parsed: argparse.Namespace) -> int:
    """Restore a backup, and print what came back.

    Parameters
    ----------
    settings
        They name the empty state folder, database and history to restore into.
    """
    with tqdm(unit="part", delay=PROGRESS_SECONDS) as bar:
        report = restore(settings, parsed.path, partial(_show_parts, bar))
    contents = report.contents
    print(f"{parsed.path.name} of {contents.created_at:%Y-%m-%d %H:%M} UTC is restored: {_counts(contents)}")
    if report.settings:
        print(f"  {counted(len(report.settings), 'setting')}, now in {settings.home / settings_file.FILE}")
    if report.unknown:
        print(f"  left out, because this version has no such settings: {', '.join(report.unknown)}")
    return 0


def _show_parts(bar: "tqdm[None]", done: int, total: int) -> None:
    bar.total = total
    bar.update(done - bar.n)


def _counts(contents: Contents) -> str:
    tables, rows = counted(len(contents.tables), "table"), counted(contents.rows, "row")
    return f"{tables}, {rows}, {counted(len(contents.files), 'history file')}"


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= MEGABYTE else f"{size / 1e3:.0f} kB"


def _status(storecast: Storecast, parsed: argparse.Namespace) -> int:
    status = storecast.services.operations.status(LOCAL_USER)
    if parsed.json:
        print(json.dumps(dataclasses.asdict(status), default=str))
        return 0
    loaded = f"{counted(status.stores, 'store')}, {status.series:,} series"
    states = [f"{status.states[state]} {state.lower()}" for state in StoreState if status.states[state]]
    disk = status.disk
    print(f"state folder  {status.home}")
    print(f"loaded        {loaded}, {status.first_ds} to {status.last_ds}")
    print(f"planning day  {status.as_of}")
    print(f"engine        {status.engine}")
    print(f"forecasts     {', '.join(states) or 'none'}")
    print(f"database      {_size(disk.database_bytes)}, {counted(disk.versions, 'forecast version')}")
    print(f"history       {_size(disk.history_bytes)}, {counted(disk.files, 'file')}")
    return 0
