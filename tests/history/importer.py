"""A process that imports on request."""

import os
import warnings
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from forecasting.config.clock import SystemClock
from forecasting.core.domain import ImportReport
from forecasting.history.parquet_history import ParquetHistory
from forecasting.storage.database import open_database
from forecasting.storage.sql_storage import SqlStorage


@dataclass(frozen=True, slots=True)
class ImportTask:
    """What one process imports.

    Attributes
    ----------
    address
        Of the history.
    environment
        Variables to add to the environment.
    """

    home: Path
    address: str
    files: list[Path]
    environment: dict[str, str]


def serve(pipe: Connection, errors: Path) -> None:
    """Answer each task with None when ready, wait for a go, import, and answer with the reports.

    Ends when it receives None. Standard error goes to the file `errors`; warnings are errors.
    """
    with errors.open("w") as file:
        os.dup2(file.fileno(), 2)
    warnings.simplefilter("error")
    while (task := pipe.recv()) is not None:
        os.environ.update(task.environment)
        storage = SqlStorage(open_database(task.home))
        history = ParquetHistory(task.address, storage.manifest, SystemClock())
        pipe.send(None)
        pipe.recv()
        pipe.send(_import_all(history, task.files))
        storage.close()


def _import_all(history: ParquetHistory, files: list[Path]) -> list[ImportReport]:
    return [history.import_file(file, "sales", file.stem) for file in files]
