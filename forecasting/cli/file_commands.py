"""The commands that read and write files: ``import``, ``plan``, ``sample`` and ``export``."""

import argparse
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from forecasting.bootstrap import Storecast
from forecasting.core.domain import LOCAL_USER, ImportReport
from forecasting.core.errors import InvalidRequest
from forecasting.core.wording import counted
from forecasting.history.file_validation import AUTO, LAYOUTS
from forecasting.history.sample import sample_files

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 – it has no public name
"""Where the parser of a command is added."""


def add_imports(commands: Commands) -> None:
    """Add ``import`` and ``plan``."""
    for name, kind, words in (("import", "sales", "sales"), ("plan", "plan", "known future covariates")):
        command = commands.add_parser(name, help=f"import a CSV or Parquet file of {words}")
        command.add_argument("path", type=Path)
        command.add_argument(
            "--format", choices=(AUTO, *LAYOUTS), default=AUTO, help="auto: recognised by the header"
        )
        command.add_argument(
            "--stores",
            type=Path,
            metavar="PATH",
            help="Rossmann's store.csv, imported as attributes of the stores",
        )
        command.set_defaults(run=_import, kind=kind)


def add_sample(commands: Commands) -> None:
    """Add ``sample``."""
    sample = commands.add_parser("sample", help="load the embedded sample, or its next day")
    sample.add_argument("action", choices=("load", "next-day"))
    sample.add_argument("--if-empty", action="store_true", help="load: do nothing if there are sales already")
    sample.set_defaults(run=_sample)


def add_export(commands: Commands) -> None:
    """Add ``export``."""
    export = commands.add_parser("export", help="write the newest forecasts to a file")
    export.add_argument("--out", type=Path, required=True, metavar="F.csv|F.parquet")
    export.set_defaults(run=_export)


def _import(storecast: Storecast, parsed: argparse.Namespace) -> int:
    report = storecast.services.imports.import_file(
        LOCAL_USER, parsed.path, parsed.kind, layout=parsed.format, stores=parsed.stores
    )
    _print_report(report)
    return 0


def _sample(storecast: Storecast, parsed: argparse.Namespace) -> int:
    services = storecast.services
    as_of = services.stores.as_of(LOCAL_USER)
    if parsed.action == "next-day":
        _print_report(services.imports.load_next_sample_day(LOCAL_USER))
    elif as_of is None:
        sales, plan = sample_files()
        _print_report(services.imports.import_file(LOCAL_USER, sales, "sales"))
        _print_report(services.imports.import_file(LOCAL_USER, plan, "plan"))
    elif not parsed.if_empty:
        raise InvalidRequest(
            "sample: expected an empty history, found sales; the sample is never mixed with other sales"
        )
    return 0


def _print_report(report: ImportReport) -> None:
    if report.import_id is None:
        print(f"{report.source}: nothing new in {counted(report.unchanged, 'row')}")
    else:
        added, stores = counted(report.added, "row"), counted(len(report.stores), "store")
        rows = f"{added} added, {report.revised:,} revised, {report.unchanged:,} unchanged"
        print(f"{report.source}: {rows}; {stores}, {report.first_ds} to {report.last_ds}")
    for note in report.notes:
        print(f"  {note}")


def _export(storecast: Storecast, parsed: argparse.Namespace) -> int:
    path: Path = parsed.out
    if path.suffix not in (".csv", ".parquet"):
        raise InvalidRequest(f"--out: expected a name ending in .csv or .parquet, found '{path.name}'")
    if not path.parent.is_dir():
        raise InvalidRequest(f"--out: expected an existing folder, found '{path.parent}'")
    frame = storecast.services.forecasts.export(LOCAL_USER)
    beside = path.with_name(f".{path.name}.part")
    try:
        _write(frame, beside, path.suffix)
        beside.replace(path)
    except OSError as error:
        raise InvalidRequest(f"--out: expected a file that can be written, found {error.strerror}") from error
    print(f"{path}: {counted(len(frame), 'row')}")
    return 0


def _write(frame: pd.DataFrame, path: Path, suffix: str) -> None:
    if suffix == ".csv":
        frame.to_csv(path, index=False, date_format="%Y-%m-%d")
    else:
        frame.to_parquet(path, index=False)
