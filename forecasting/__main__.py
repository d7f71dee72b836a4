"""The command line: ``python -m forecasting import | plan | sample | refresh | export | status``.

Exit codes: 0 done, 1 a refresh failed, 2 bad input or state (said in one message, without a traceback).
"""

import argparse
import dataclasses
import json
import logging
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from forecasting.bootstrap import Storecast
from forecasting.domain import LOCAL_USER, Answer, ImportReport, RefreshRun, RunState, StoreState
from forecasting.errors import InvalidRequest, StorecastError
from forecasting.history.sample import feed_file, sample_files
from forecasting.service import ForecastService
from forecasting.settings import Settings

POLL_SECONDS = 0.2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parsed = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        with Storecast(Settings.from_env()) as storecast:
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
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    for kind, words in (("import", "sales"), ("plan", "known future covariates")):
        command = commands.add_parser(kind, help=f"import a CSV or Parquet file of {words}")
        command.add_argument("path", type=Path)
        command.set_defaults(run=_import, kind="sales" if kind == "import" else "plan")

    sample = commands.add_parser("sample", help="load the embedded sample, or its next day")
    sample.add_argument("action", choices=("load", "next-day"))
    sample.add_argument("--if-empty", action="store_true", help="load: do nothing where there are sales")
    sample.set_defaults(run=_sample)

    refresh = commands.add_parser("refresh", help="refresh forecasts that are out of date")
    which = refresh.add_mutually_exclusive_group(required=True)
    which.add_argument("--store", action="append", metavar="S", help="a store; may be repeated")
    which.add_argument("--all", action="store_true", help="every store")
    refresh.add_argument("--force", action="store_true", help="train whatever the age")
    refresh.set_defaults(run=_refresh)

    export = commands.add_parser("export", help="write the newest forecasts to a file")
    export.add_argument("--out", type=Path, required=True, metavar="F.csv|F.parquet")
    export.set_defaults(run=_export)

    status = commands.add_parser("status", help="what is loaded and how it stands")
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=_status)
    return parser


def _import(storecast: Storecast, parsed: argparse.Namespace) -> int:
    _tell(storecast.service.import_file(LOCAL_USER, parsed.path, parsed.kind))
    return 0


def _sample(storecast: Storecast, parsed: argparse.Namespace) -> int:
    service = storecast.service
    as_of = service.as_of()
    if parsed.action == "next-day":
        if as_of is None:
            raise InvalidRequest("sample feed: expected the sample to be loaded, found no sales")
        _tell(service.import_file(LOCAL_USER, feed_file(as_of), "sales"))
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
    else:
        answers = [service.refresh(LOCAL_USER, store, force=parsed.force) for store in parsed.store]
    verdicts = [str(answer.verdict) for answer in answers]
    print(", ".join(f"{verdicts.count(name)} {name}" for name in dict.fromkeys(verdicts)) or "no stores")
    if len(answers) == 1:
        print(answers[0].message)
    failed = _wait_for(storecast, answers)
    for run in failed:
        print(f"store {run.store}: {run.error}", file=sys.stderr)
    return 1 if failed else 0


def _wait_for(storecast: Storecast, answers: Sequence[Answer]) -> list[RefreshRun]:
    """Work runs here until the answers' runs have ended, by whomever; return those that failed."""
    open_runs = {answer.run.run_id for answer in answers if answer.run is not None}
    failed = []
    pause = threading.Event()
    if open_runs:
        storecast.start_worker()
    with tqdm(total=len(open_runs), unit="store", disable=not open_runs) as bar:
        while open_runs:
            ended = [run for run in _runs(storecast.service, open_runs) if not run.state.active]
            open_runs -= {run.run_id for run in ended}
            failed += [run for run in ended if run.state is RunState.FAILED]
            if ended:
                bar.update(len(ended))
            pause.wait(POLL_SECONDS if open_runs else 0)
    return failed


def _runs(service: ForecastService, run_ids: set[str]) -> list[RefreshRun]:
    return [service.run(LOCAL_USER, run_id) for run_id in run_ids]


def _export(storecast: Storecast, parsed: argparse.Namespace) -> int:
    path: Path = parsed.out
    if path.suffix not in (".csv", ".parquet"):
        raise InvalidRequest(f"--out: expected a name ending in .csv or .parquet, found '{path.name}'")
    if not path.parent.is_dir():
        raise InvalidRequest(f"--out: expected an existing folder, found '{path.parent}'")
    frame = storecast.service.export(LOCAL_USER)
    _write(frame, path)
    print(f"{path}: {len(frame):,} rows")
    return 0


def _write(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False, date_format="%Y-%m-%d")
    else:
        frame.to_parquet(path, index=False)


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
    return 0


if __name__ == "__main__":
    sys.exit(main())
