"""A process that imports when it is told to.

Each of its tasks is a line of JSON (home, address of the history, files), after which it says that all is
ready, waits for one more line, imports, and tells what became of the files.
"""

import dataclasses
import json
import sys
from pathlib import Path

from forecasting.config.clock import SystemClock
from forecasting.history.parquet_history import ParquetHistory
from forecasting.storage.database import open_database
from forecasting.storage.sql_storage import SqlStorage


def say(line: str) -> None:
    """One line to whoever gives the tasks."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def serve(home: str, address: str, files: list[str]) -> None:
    """Do one task."""
    storage = SqlStorage(open_database(Path(home)))
    history = ParquetHistory(address, storage.manifest, SystemClock())
    say("ready")
    sys.stdin.readline()
    reports = [history.import_file(Path(file), "sales", Path(file).stem) for file in files]
    say(json.dumps([dataclasses.asdict(report) for report in reports], default=str))
    storage.close()


if __name__ == "__main__":
    while line := sys.stdin.readline():
        serve(*json.loads(line))
