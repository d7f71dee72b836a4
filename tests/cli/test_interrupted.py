"""Ctrl-C during a refresh of every store, with real processes."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import pytest

from forecasting.cli.main import main
from forecasting.core.domain import RunState
from forecasting.history.sample import sample_files
from forecasting.storage import SqlStorage, open_database
from tests.browser.engine import ENGINE, VARIABLE, Gate

ROOT = Path(__file__).resolve().parents[2]
STORES = 20
"""Of the sample's: more than one chunk."""
SOME_FITS = 60
"""Of more than one store, and of fewer than all."""


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """Sales of the sample in a state folder of its own, and an engine behind a gate."""
    monkeypatch.setenv("STORECAST_HOME", str(tmp_path))
    monkeypatch.setenv("STORECAST_ENGINE", ENGINE)
    monkeypatch.setenv("STORECAST_PROCESSES", "1")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "gate"))
    sales = pd.read_parquet(sample_files()[0])
    some = sales[sales["store"].isin(sales["store"].unique()[:STORES])]
    some.to_parquet(tmp_path / "sales.parquet", index=False)
    assert main(["import", str(tmp_path / "sales.parquet")]) == 0
    return dict(os.environ)


@pytest.fixture
def storage(environment: Mapping[str, str]) -> Iterator[SqlStorage]:
    """What both processes leave, as a third one sees it."""
    opened = SqlStorage(open_database(Path(environment["STORECAST_HOME"])))
    yield opened
    opened.close()


def refresh_all(environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start ``python -m forecasting refresh --all`` as a shell does: as a group that gets Ctrl-C together."""
    code = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # even in a job
    code = f"{code}; runpy.run_module('forecasting', run_name='__main__', alter_sys=True)"
    command = [sys.executable, "-c", code, "refresh", "--all"]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )


def published(storage: SqlStorage) -> dict[str, object]:
    """The header of each store that has a forecast."""
    return {store: each.head for store, each in storage.runs.snapshots().items() if each.head}


def test_an_interrupted_refresh_of_all_stores_is_taken_up_where_it_was(
    environment: Mapping[str, str], storage: SqlStorage
) -> None:
    """What was published stays, the rest is back in the queue, and the next refresh does only that."""
    gate, tick = Gate(Path(environment[VARIABLE])), threading.Event()
    gate.let_pass(SOME_FITS)
    first = refresh_all(environment)
    while not published(storage):
        assert first.poll() is None, first.communicate()
        tick.wait(0.02)
    os.killpg(first.pid, signal.SIGINT)
    tick.wait(0.5)  # a fit under way is waited for
    gate.release()
    out, err = first.communicate(timeout=30)
    assert (first.returncode, out) == (130, f"{STORES} retrain\n")
    assert err.splitlines()[-1] == "stopped; what was published stays"
    assert "Traceback" not in err
    kept = published(storage)
    assert 0 < len(kept) < STORES
    stores = [run for run in storage.runs.recent(99) if not run.is_chain_run]
    waiting = [run for run in stores if run.store not in kept]
    assert {(run.state, run.attempt) for run in waiting} == {(RunState.QUEUED, 0)}
    assert len(waiting) == STORES - len(kept)

    second = refresh_all(environment)
    out, err = second.communicate(timeout=60)
    assert second.returncode == 0, err
    assert sorted(out.strip().split(", ")) == sorted([f"{len(kept)} fresh", f"{len(waiting)} attached"])
    now = published(storage)
    assert len(now) == STORES
    assert {store: now[store] for store in kept} == kept
    assert storage.retention.usage().count == STORES
