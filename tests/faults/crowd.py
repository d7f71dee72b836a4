"""Writers and readers of one database, each in a process of its own; prints "ready" and waits for a line.

``python -m tests.faults.crowd HOME URL publish N`` publishes N versions of a store, tells their content;
``read`` reads until the file HOME/finished is there, and tells what it has seen; ``write N`` lets N threads
ask for and end runs of stores of their own.
"""

import hashlib
import json
import os
import sys
import threading
from pathlib import Path

import pandas as pd

from forecasting.core.domain import SeriesSummary
from forecasting.core.errors import StorecastError
from forecasting.storage import SqlStorage, open_database
from tests.fakes import TurnedClock
from tests.storage.child import together
from tests.storage.examples import NOW, after, predictor, press, publication, publish, retrain, running

STORE = "1"


def content(frame: pd.DataFrame, summaries: tuple[SeriesSummary, ...]) -> str:
    """Hash of everything a reader sees of a version."""
    numbers = frame[["mean", "q10", "q50", "q90"]].to_numpy().tobytes()
    return hashlib.sha256(numbers + repr(summaries).encode()).hexdigest()


def publish_many(storage: SqlStorage, home: Path, count: int) -> dict[str, str]:
    """Publish versions with different levels; return the hash of each by its number."""
    told = {}
    for number in range(1, count + 1):
        made = publication(STORE, float(number), predictor(f"p-{number}"))
        run = running(storage, STORE, after(number))
        header = storage.publications.publish(run, made, after(number))
        told[str(header.version)] = content(made.forecast, made.summaries)
    (home / "finished").touch()
    return told


def read_on(storage: SqlStorage, home: Path) -> dict[str, list[str]]:
    """Read the newest forecast repeatedly; return the hashes seen of each version."""
    seen: dict[str, set[str]] = {}
    rest = threading.Event()
    while not (home / "finished").exists():
        head = storage.runs.snapshots([STORE])[STORE].head
        assert head is not None
        frame = storage.versions.read(head.version)
        level = float(frame["mean"].iloc[0])
        summaries = publication(STORE, level).summaries
        shown = storage.versions.summaries([STORE])[STORE]
        assert len({summary.next7 for summary in shown}) == 1, "summaries of two versions"
        seen.setdefault(str(head.version), set()).add(content(frame, summaries))
        rest.wait(0.01)  # otherwise four readers would starve the writer
    return {version: sorted(hashes) for version, hashes in seen.items()}


def write_on(storage: SqlStorage, threads: int) -> list[str]:
    """Let threads write as fast as they can; return the errors."""

    def one(number: int) -> str:
        store = f"{os.getpid()}-{number}"
        try:
            for round_ in range(10):
                at = after(round_)
                asked = storage.requests.submit(press(store, at, run_id=f"{store}-{round_}"), retrain)
                assert asked.run is not None
                storage.requests.cancel(asked.run.run_id, "done", at)
        except StorecastError as error:
            return str(error)
        return ""

    return [error for error in together(one, threads) if error]


if __name__ == "__main__":
    home, url, what = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    storage = SqlStorage(open_database(home, url, clock=TurnedClock(NOW)))
    if what == "publish":
        publish(storage, STORE, level=0.0)
    print("ready", flush=True)  # noqa: T201 – how a child tells its parent
    sys.stdin.readline()
    deeds = {
        "publish": lambda: publish_many(storage, home, int(sys.argv[4])),
        "read": lambda: read_on(storage, home),
        "write": lambda: write_on(storage, int(sys.argv[4])),
    }
    print(json.dumps(deeds[what]()))  # noqa: T201 – the same
    storage.close()
