"""Real processes that import into one store at the same time: no import is lost or applied twice."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from forecasting.config.clock import SystemClock
from forecasting.core.domain import ImportReport
from forecasting.history.parquet_history import ParquetHistory
from forecasting.storage.database import open_database
from forecasting.storage.sql_storage import SqlStorage
from tests.children import CONTEXT
from tests.history import importer
from tests.history.examples import demand
from tests.history.folder_cases import folder_case
from tests.history.importer import ImportTask

HEADER = "store,item,date,demand\n"
MOST = 8
SECONDS = 60.0


@dataclass
class Importer:
    """A process and our end of its pipe."""

    process: BaseProcess
    pipe: Connection
    errors: Path

    def receive(self) -> Any:
        """Return its next answer."""
        assert self.pipe.poll(SECONDS), self.errors.read_text()
        return self.pipe.recv()


@pytest.fixture(scope="module")
def importers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Importer]]:
    """Processes that wait for tasks; at the end none of them has written an error."""
    started = []
    for number in range(MOST):
        ours, theirs = CONTEXT.Pipe()
        errors = tmp_path_factory.mktemp("importers") / f"{number}.log"
        process = CONTEXT.Process(target=importer.serve, args=(theirs, errors))
        process.start()
        started.append(Importer(process, ours, errors))
    yield started
    for each in started:
        each.pipe.send(None)
        each.process.join(SECONDS)
        assert (each.process.exitcode, each.errors.read_text()) == (0, "")


def import_at_once(
    importers: list[Importer], home: Path, address: str, batches: list[list[Path]]
) -> list[ImportReport]:
    """Let each process import a batch of files, all starting together; return their reports."""
    environment = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    for each, batch in zip(importers, batches, strict=True):
        each.pipe.send(ImportTask(home, address, batch, environment))
    for each in importers:
        assert each.receive() is None  # it is ready
    for each in importers:
        each.pipe.send("go")
    return [report for each in importers for report in each.receive()]


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
    assert [(report.added, report.revised) for report in reports] == [(1, 0)] * 2 * processes
    assert sorted(report.import_id for report in reports) == list(range(1, 2 * processes + 1))
    assert demand(history, storage.manifest) == expected
    storage.close()
