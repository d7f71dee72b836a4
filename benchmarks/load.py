"""100 concurrent planners, one planner during trainings, and a bare page with the same settings.

``python -m benchmarks.load [--clients 100] [--think 5] [--seconds 30] [--reruns 70] [--seed 1] [--json]``.
Real servers on this machine and real WebSockets (`streamlit_client`), without drawing. The state folder has
the embedded sample (35 stores with 3 products), with all forecasts published.

Alone
    One tab reruns its page repeatedly, alternately without and with a training of every store by the server's
    own workers (`pressing`). *Sales data* shows nothing of the training. *Store forecast* shows a store in
    training, so that its content changes.
Crowd
    On a freshly started server, planners wait 0.5 to 1.5 times `--think` seconds after each answer and act as
    in `planners.MORNING`. The time from sending a rerun to its ``script_finished`` is measured; first pages
    and polls are measured separately.
Bare page
    The same crowd on `bare_app`: a heading and a picker.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2

from benchmarks.load_figures import alone_figures, crowd_figures, table
from benchmarks.planners import BARE, MORNING, Step, crowd
from benchmarks.serving import ROOT, Served, environment, serving
from benchmarks.streamlit_client import Record, Tab
from forecasting.bootstrap import Storecast
from forecasting.config.settings import Settings
from forecasting.core.domain import LOCAL_USER, StoreState

PAGES = {"sales_data": "Sales data", "store_forecast": "Store forecast"}
"""Pages on which the lone planner stays."""

TURNS = 3
BREATH = 0.03
"""Seconds the lone planner pauses between reruns."""

LEAD = 1.0
"""Seconds from the start of the trainings to the first measured rerun."""

PATIENCE = 60.0
TICK = 0.1


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--think", type=float, default=5.0, help="seconds from an answer to the next step")
    parser.add_argument(
        "--seconds", type=float, default=30.0, help="of the crowd; half of it on the bare page"
    )
    parser.add_argument("--reruns", type=int, default=70, help="of the lone planner, a page and turn")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="storecast-load-") as home:
        result, records = measure(Path(home), parsed)
    for fault in (fault for record in records.values() for fault in record.faults):
        print(fault, file=sys.stderr)
    if parsed.json:
        print(json.dumps(result))
        return
    for name, record in records.items():
        print(f"{name}\n{table(record)}\n")
    for name, value in result.items():
        print(f"{name:<44}{value:>10.2f}")


def measure(home: Path, asked: argparse.Namespace) -> tuple[dict[str, float], dict[str, Record]]:
    """The key figures, with times in milliseconds, and the records of each part."""
    furnish(home)
    with serving("streamlit_app.py", home) as served, Storecast(Settings(home=home)) as storecast:
        _wait_until_published(storecast)
        quiet, busy, trained = asyncio.run(alone(served, storecast, asked.reruns))
        tracebacks = served.tracebacks
    ours, share, ours_broken = _crowd_on("streamlit_app.py", home, asked.seconds, MORNING, asked)
    bare, bare_share, bare_broken = _crowd_on("benchmarks/bare_app.py", home, asked.seconds / 2, BARE, asked)
    records = {
        "Alone": quiet,
        "Alone, while every store is trained": busy,
        "Crowd": ours,
        "Crowd on the bare page": bare,
    }
    faults = sum(len(record.faults) for record in records.values())
    result = {
        "clients": asked.clients,
        **crowd_figures(ours, bare),
        "share of a core": share,
        "bare page: share of a core": bare_share,
        **alone_figures(quiet, busy, PAGES),
        "versions published while training": trained,
        "exceptions": faults + tracebacks + ours_broken + bare_broken,
        "load average": os.getloadavg()[0],
    }
    return result, records


def furnish(home: Path) -> None:
    """Import the sample."""
    command = [sys.executable, "-m", "forecasting", "sample", "load"]
    subprocess.run(command, cwd=ROOT, env=environment(home), check=True, stdout=subprocess.DEVNULL)  # noqa: S603


async def alone(served: Served, storecast: Storecast, reruns: int) -> tuple[Record, Record, int]:
    """What a lone planner sees in turns while nothing and while everything is trained; versions published.

    Raises
    ------
    SystemExit
        If no version was published meanwhile, which would be no training.
    """
    quiet, busy, published = Record(), Record(), _versions(storecast)
    for _ in range(TURNS):
        await _rerun_pages(served, quiet, reruns)
        with pressing(served.home):
            await asyncio.sleep(LEAD)
            await _rerun_pages(served, busy, reruns)
        await asyncio.to_thread(_wait_until_published, storecast)
    trained = _versions(storecast) - published
    if not trained:
        raise SystemExit("expected versions to be published while training, found none")
    return quiet, busy, trained


async def _rerun_pages(served: Served, record: Record, reruns: int) -> None:
    async with httpx2.AsyncClient(trust_env=False) as http:
        for page, name in PAGES.items():
            tab = Tab(served.address, record)
            try:
                await tab.open(http, page)
                for _ in range(reruns):
                    await tab.rerun(name)
                    await asyncio.sleep(BREATH)
            finally:
                await tab.close()


@contextmanager
def pressing(home: Path) -> Iterator[None]:
    """Keep requesting trainings of every store from the workers of this state folder."""
    command = [sys.executable, "-m", "benchmarks.pressing"]
    with subprocess.Popen(command, cwd=ROOT, env=environment(home), stdin=subprocess.PIPE) as process:  # noqa: S603
        try:
            yield
        finally:
            process.communicate(timeout=PATIENCE)  # closes its input, which ends it


def _crowd_on(
    script: str, home: Path, seconds: float, steps: Sequence[tuple[Step, int]], asked: argparse.Namespace
) -> tuple[Record, float, int]:
    """Start a server and run the planners; return their record, the server's CPU share and its tracebacks."""
    with serving(script, home) as served:
        used, began = served.cpu_seconds(), time.monotonic()
        record = asyncio.run(crowd(served.address, asked.clients, seconds, asked.think, steps, asked.seed))
        return record, (served.cpu_seconds() - used) / (time.monotonic() - began), served.tracebacks


def _versions(storecast: Storecast) -> int:
    return storecast.services.operations.status(LOCAL_USER).disk.versions


def _wait_until_published(storecast: Storecast) -> None:
    """Wait until every store has a forecast and no run is active."""
    deadline = time.monotonic() + PATIENCE
    while {StoreState.NONE, StoreState.RUNNING} & set(storecast.services.stores.states(LOCAL_USER).values()):
        if time.monotonic() > deadline:
            raise SystemExit(f"expected every store to be published within {PATIENCE:g} s")
        time.sleep(TICK)


if __name__ == "__main__":
    main()
