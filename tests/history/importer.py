"""A process that imports on request.

Each task is a line of JSON: home, address of the history, files, environment. The process answers ``ready``,
waits for one more line, imports the files, and answers with their reports.
"""

import dataclasses
import json
import os
import sys
from pathlib import Path

from forecasting.config.clock import SystemClock
from forecasting.history.parquet_history import ParquetHistory
from forecasting.storage.database import open_database
from forecasting.storage.sql_storage import SqlStorage


def say(line: str) -> None:
    """Write one line to the test."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def serve(home: str, address: str, files: list[str], environment: dict[str, str]) -> None:
    """Do one task, with these variables added to the environment."""
    os.environ.update(environment)
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
