"""Real processes that import into one store at the same time: no import is lost or applied twice."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from forecasting.config.clock import SystemClock
from forecasting.history.parquet_history import ParquetHistory
from forecasting.storage.database import open_database
from forecasting.storage.sql_storage import SqlStorage
from tests.history.examples import demand
from tests.history.folder_cases import folder_case

HEADER = "store,item,date,demand\n"
MOST = 8

Importer = subprocess.Popen[str]


@pytest.fixture(scope="module")
def importers() -> Iterator[list[Importer]]:
    """Processes that wait for tasks; at the end none of them has written an error."""
    command = [sys.executable, "-W", "error", "-m", "tests.history.importer"]
    pipe = subprocess.PIPE
    started = [
        subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, stderr=pipe) for _ in range(MOST)
    ]
    yield started
    for importer in started:
        _, errors = importer.communicate(timeout=30)
        assert (importer.returncode, errors) == (0, "")


def import_at_once(
    importers: list[Importer], home: Path, address: str, batches: list[list[Path]]
) -> list[dict[str, Any]]:
    """Let each process import a batch of files, all starting together; return their reports."""
    for importer, batch in zip(importers, batches, strict=True):
        environment = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        say(importer, json.dumps([str(home), address, [str(path) for path in batch], environment]))
    for importer in importers:
        assert read_line(importer) == "ready"
    for importer in importers:
        say(importer, "go")
    return [report for importer in importers for report in json.loads(read_line(importer))]


def say(importer: Importer, line: str) -> None:
    """Write one line to a process."""
    open_end(importer.stdin).write(f"{line}\n")
    open_end(importer.stdin).flush()


def read_line(importer: Importer) -> str:
    """Read one line from a process, which must be alive."""
    line = open_end(importer.stdout).readline()
    assert line, open_end(importer.stderr).read()
    return line.strip()


def open_end(pipe: IO[str] | None) -> IO[str]:
    """Return a pipe that must exist."""
    assert pipe is not None
    return pipe


@pytest.mark.parametrize("processes", [2, MOST])
@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_no_import_is_lost(
    tmp_path: Path, bucket: Callable[[], str], importers: list[Importer], kind: str, processes: int
) -> None:
    """Each imports its own days into the same store; all are there, each from exactly one import."""
    case, home = folder_case(kind, tmp_path, bucket), tmp_path / "state"
    storage = SqlStorage(open_database(home))
    history = ParquetHistory(case.address, storage.manifest, SystemClock())
    batches, expected = [], {}
    for process in range(1, processes + 1):
        batches.append([tmp_path / f"{process}-{day}.csv" for day in (1, 2)])
        for day, path in enumerate(batches[-1], start=1):
            path.write_text(f"{HEADER}1,x,2024-{process:02}-{day:02},{process}{day}\n")
            expected["x", f"{process:02}-{day:02}"] = 10 * process + day
    reports = import_at_once(importers[:processes], home, case.address, batches)
    assert [(report["added"], report["revised"]) for report in reports] == [(1, 0)] * 2 * processes
    assert sorted(report["import_id"] for report in reports) == list(range(1, 2 * processes + 1))
    assert demand(history, storage.manifest) == expected
    storage.close()
