"""Writers and readers of one database, each in a process of its own (`tests.children`)."""

import hashlib
import os
import threading
from pathlib import Path

import pandas as pd

from forecasting.core.domain import SeriesSummary
from forecasting.core.errors import StorecastError
from forecasting.storage import SqlStorage, open_database
from tests.children import Wait
from tests.fakes import TurnedClock
from tests.storage.child import together
from tests.storage.examples import NOW, after, predictor, press, publication, publish, retrain, running

STORE = "1"


def content(frame: pd.DataFrame, summaries: tuple[SeriesSummary, ...]) -> str:
    """Hash of everything a reader sees of a version."""
    numbers = frame[["mean", "q10", "q50", "q90"]].to_numpy().tobytes()
    return hashlib.sha256(numbers + repr(summaries).encode()).hexdigest()


def publish_many(wait: Wait, home: Path, url: str, count: int) -> dict[str, str]:
    """Publish versions with different levels; return the hash of each by its number."""
    storage, hashes = _opened(home, url), {}
    publish(storage, STORE, level=0.0)
    wait()
    for number in range(1, count + 1):
        made = publication(STORE, float(number), predictor(f"p-{number}"))
        run = running(storage, STORE, after(number))
        header = storage.publications.publish(run, made, after(number))
        hashes[str(header.version)] = content(made.forecast, made.summaries)
    (home / "finished").touch()
    storage.close()
    return hashes


def read_on(wait: Wait, home: Path, url: str) -> dict[str, list[str]]:
    """Read the newest forecast until all are published; return the hashes seen of each version."""
    storage = _opened(home, url)
    wait()
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
    storage.close()
    return {version: sorted(hashes) for version, hashes in seen.items()}


def write_on(wait: Wait, home: Path, threads: int) -> list[str]:
    """Let threads ask for and end runs of their own stores as fast as they can; return the errors."""
    storage = _opened(home)

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

    wait()
    errors = [error for error in together(one, threads) if error]
    storage.close()
    return errors


def _opened(home: Path, url: str = "") -> SqlStorage:
    return SqlStorage(open_database(home, url, clock=TurnedClock(NOW)))
