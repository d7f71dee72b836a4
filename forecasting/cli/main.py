"""The command line: ``python -m forecasting import | refresh | worker | export | backup | status …``.

Exit codes: 0 done, 1 a refresh failed, 2 bad input or state (said in one message, without a traceback).
"""

import argparse
import dataclasses
import json
import signal
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from forecasting.backup.contents import Contents
from forecasting.bootstrap import Storecast, restore
from forecasting.config import logs, settings_file
from forecasting.config.settings import Settings
from forecasting.core.domain import LOCAL_USER, Answer, ImportReport, RefreshRun, RunState, StoreState
from forecasting.core.errors import InvalidRequest, StorecastError
from forecasting.history.file_reading import AUTO, LAYOUTS
from forecasting.history.sample import sample_files

log = logs.get_logger("forecasting.worker")  # `__name__` is the same for every program

POLL_SECONDS = 0.2
LOOK_AHEAD = 16
PROGRESS_SECONDS = 0.1
"""What is done or refused within them needs no progress bar."""
MEGABYTE = 1e6


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parsed = _parser().parse_args(arguments)
    logs.configure_from_env("info" if parsed.command == "worker" else "warning")
    try:
        settings = Settings.from_env()
        if parsed.command == "restore":  # there is nothing to open yet
            return _restore(settings, parsed)
        with Storecast(settings) as storecast:
            return int(parsed.run(storecast, parsed))
    except StorecastError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; what was published stays", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m forecasting", description=(__doc__ or "").splitlines()[0]
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    for kind, words in (("import", "sales"), ("plan", "known future covariates")):
        command = commands.add_parser(kind, help=f"import a CSV or Parquet file of {words}")
        command.add_argument("path", type=Path)
        command.add_argument(
            "--format", choices=(AUTO, *LAYOUTS), default=AUTO, help="auto: told by the header"
        )
        command.add_argument(
            "--stores",
            type=Path,
            metavar="PATH",
            help="Rossmann's store.csv: kept as attributes of the stores",
        )
        command.set_defaults(run=_import, kind="sales" if kind == "import" else "plan")

    sample = commands.add_parser("sample", help="load the embedded sample, or its next day")
    sample.add_argument("action", choices=("load", "next-day"))
    sample.add_argument("--if-empty", action="store_true", help="load: do nothing where there are sales")
    sample.set_defaults(run=_sample)

    refresh = commands.add_parser("refresh", help="refresh forecasts that are out of date")
    which = refresh.add_mutually_exclusive_group(required=True)
    which.add_argument("--store", action="append", metavar="S", help="a store; may be repeated")
    which.add_argument("--all", action="store_true", help="every store")
    which.add_argument("--chain", action="store_true", help="only what is learnt from all stores together")
    refresh.add_argument("--force", action="store_true", help="train whatever the age")
    refresh.set_defaults(run=_refresh)

    worker = commands.add_parser(
        "worker", help="work refresh runs, without the dashboard, until told to stop"
    )
    worker.set_defaults(run=_worker)

    export = commands.add_parser("export", help="write the newest forecasts to a file")
    export.add_argument("--out", type=Path, required=True, metavar="F.csv|F.parquet")
    export.set_defaults(run=_export)

    prune = commands.add_parser("prune", help="remove what the settings no longer keep")
    prune.add_argument("--dry-run", action="store_true", help="only tell what would be removed")
    prune.set_defaults(run=_prune)

    backup = commands.add_parser("backup", help="write database, history and settings to one file")
    backup.add_argument("--out", type=Path, required=True, metavar="FILE.tar")
    backup.add_argument("--force", action="store_true", help="replace the file if there is one")
    backup.set_defaults(run=_backup)

    back = commands.add_parser("restore", help="bring a backup back into an empty place")
    back.add_argument("path", type=Path, metavar="FILE.tar")

    status = commands.add_parser("status", help="what is loaded and how it stands")
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=_status)

    aws = commands.add_parser(
        "aws",
        help="set up, look at, train and remove AWS Forecast",
        add_help=False,
        prefix_chars="\0",  # its options are read by `aws_commands`
    )
    aws.add_argument("rest", nargs=argparse.REMAINDER)
    aws.set_defaults(run=_aws)
    return parser


def _import(storecast: Storecast, parsed: argparse.Namespace) -> int:
    report = storecast.service.import_file(
        LOCAL_USER, parsed.path, parsed.kind, layout=parsed.format, stores=parsed.stores
    )
    _tell(report)
    return 0


def _sample(storecast: Storecast, parsed: argparse.Namespace) -> int:
    service = storecast.service
    as_of = service.as_of(LOCAL_USER)
    if parsed.action == "next-day":
        _tell(service.load_next_sample_day(LOCAL_USER))
    elif as_of is None:
        sales, plan = sample_files()
        _tell(service.import_file(LOCAL_USER, sales, "sales"))
        _tell(service.import_file(LOCAL_USER, plan, "plan"))
    elif not parsed.if_empty:
        raise InvalidRequest("sample: expected an empty history, found sales; it is never mixed into them")
    return 0


def _tell(report: ImportReport) -> None:
    if report.import_id is None:
        print(f"{report.source}: nothing new in {report.unchanged:,} rows")
    else:
        counts = f"{report.added:,} rows added, {report.revised:,} revised, {report.unchanged:,} unchanged"
        span = f"{report.first_ds} to {report.last_ds}"
        print(f"{report.source}: {counts}; {len(report.stores)} stores, {span}")
    for note in report.notes:
        print(f"  {note}")


def _refresh(storecast: Storecast, parsed: argparse.Namespace) -> int:
    service = storecast.service
    if parsed.all:
        answers = service.refresh_all(LOCAL_USER, force=parsed.force)
    elif parsed.chain:
        answers = [service.refresh_chain(LOCAL_USER, force=parsed.force)]
    else:
        answers = [service.refresh(LOCAL_USER, store, force=parsed.force) for store in parsed.store]
    verdicts = [str(answer.verdict) for answer in answers if not answer.of_chain]
    print(", ".join(f"{verdicts.count(name)} {name}" for name in dict.fromkeys(verdicts)) or "no stores")
    if len(answers) == 1:
        print(answers[0].message)
    failed = _wait_for(storecast, answers)
    for run in failed:
        print(f"{run.whose}: {run.error}", file=sys.stderr)
    return 1 if failed else 0


def _wait_for(storecast: Storecast, answers: Sequence[Answer]) -> list[RefreshRun]:
    """Work runs here until the answers' runs have ended, by whomever; return those that did not succeed.

    Runs are worked roughly in the order they were asked for, so that looking at the next few is enough.
    """
    waiting = list(dict.fromkeys(answer.run.run_id for answer in answers if answer.run is not None))
    failed = []
    pause = threading.Event()
    if waiting:
        storecast.start_worker()
    with tqdm(total=len(waiting), unit="store", disable=not waiting) as bar:
        while waiting:
            runs = [storecast.service.run(LOCAL_USER, run_id) for run_id in waiting[:LOOK_AHEAD]]
            ended = [run for run in runs if not run.state.active]
            failed += [run for run in ended if run.state in (RunState.FAILED, RunState.CANCELLED)]
            for run in ended:
                waiting.remove(run.run_id)
                bar.update()
                if run.followed_by is not None:  # it was promised to a press that came with newer inputs
                    waiting.append(run.followed_by)
                    bar.total += 1
            if len(ended) < len(runs):
                pause.wait(POLL_SECONDS)
    return failed


def _worker(storecast: Storecast, _parsed: argparse.Namespace) -> int:
    """Work runs until SIGTERM or Ctrl-C; those under way go back to the queue."""
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: told.set())
    storecast.start_worker()
    log.info("working refresh runs until told to stop")
    told.wait()
    log.info("told to stop")
    return 0


def _export(storecast: Storecast, parsed: argparse.Namespace) -> int:
    path: Path = parsed.out
    if path.suffix not in (".csv", ".parquet"):
        raise InvalidRequest(f"--out: expected a name ending in .csv or .parquet, found '{path.name}'")
    if not path.parent.is_dir():
        raise InvalidRequest(f"--out: expected an existing folder, found '{path.parent}'")
    frame = storecast.service.export(LOCAL_USER)
    beside = path.with_name(f".{path.name}.part")
    try:
        _write(frame, beside, path.suffix)
        beside.replace(path)
    except OSError as error:
        raise InvalidRequest(f"--out: expected a file that can be written, found {error.strerror}") from error
    print(f"{path}: {len(frame):,} rows")
    return 0


def _write(frame: pd.DataFrame, path: Path, kind: str) -> None:
    if kind == ".csv":
        frame.to_csv(path, index=False, date_format="%Y-%m-%d")
    else:
        frame.to_parquet(path, index=False)


def _prune(storecast: Storecast, parsed: argparse.Namespace) -> int:
    report = storecast.service.prune(LOCAL_USER, dry_run=parsed.dry_run)
    counts = (
        f"{report.versions:,} forecast versions, {report.predictors:,} predictors, {report.runs:,} runs, "
        f"{report.track_days:,} days of the track record, {report.files:,} history files "
        f"({_size(report.bytes)})"
    )
    print(f"{'would remove' if parsed.dry_run else 'removed'} {counts}")
    return 0


def _backup(storecast: Storecast, parsed: argparse.Namespace) -> int:
    path: Path = parsed.out
    if not path.parent.is_dir():
        raise InvalidRequest(f"--out: expected a file in a folder there is, found '{path}'")
    with tqdm(unit="part", delay=PROGRESS_SECONDS) as bar:
        contents = storecast.back_up(path, partial(_tell_parts, bar), replace=parsed.force)
    print(f"{path}: {_counts(contents)}, {_size(path.stat().st_size)}")
    if contents.left_out:
        print(f"  without {contents.left_out:,} older history files, which were removed before")
    return 0


def _restore(settings: Settings, parsed: argparse.Namespace) -> int:
    with tqdm(unit="part", delay=PROGRESS_SECONDS) as bar:
        restored = restore(settings, parsed.path, partial(_tell_parts, bar))
    contents = restored.contents
    print(f"{parsed.path.name} of {contents.created_at:%Y-%m-%d %H:%M} UTC is back: {_counts(contents)}")
    if restored.settings:
        print(f"  {len(restored.settings)} settings, now in {settings.home / settings_file.FILE}")
    if restored.unknown:
        print(f"  left out, as this version has no such settings: {', '.join(restored.unknown)}")
    return 0


def _tell_parts(bar: "tqdm[None]", done: int, total: int) -> None:
    bar.total = total
    bar.update(done - bar.n)


def _counts(contents: Contents) -> str:
    return f"{len(contents.tables)} tables, {contents.rows:,} rows, {len(contents.files):,} history files"


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= MEGABYTE else f"{size / 1e3:.0f} kB"


def _status(storecast: Storecast, parsed: argparse.Namespace) -> int:
    status = storecast.service.status(LOCAL_USER)
    if parsed.json:
        print(json.dumps(dataclasses.asdict(status), default=str))
        return 0
    print(f"state folder  {status.home}")
    print(
        f"loaded        {status.stores} stores, {status.series} series, {status.first_ds} to {status.last_ds}"
    )
    print(f"planning day  {status.as_of}")
    print(f"engine        {status.engine}")
    states = [f"{status.states[state]} {state.lower()}" for state in StoreState if status.states[state]]
    print(f"forecasts     {', '.join(states) or 'none'}")
    disk = status.disk
    print(f"database      {_size(disk.database_bytes)}, {disk.versions:,} forecast versions")
    print(f"history       {_size(disk.history_bytes)}, {disk.files:,} files")
    return 0


def _aws(storecast: Storecast, parsed: argparse.Namespace) -> int:
    from forecasting.cli import aws_commands  # noqa: PLC0415 – few need it

    around = aws_commands.Surroundings(_wait_for)
    return aws_commands.run(storecast, Settings.from_env(), parsed.rest, around)
