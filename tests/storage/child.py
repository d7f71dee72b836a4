"""What the storage tests run in processes of their own (`tests.children`)."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa

from forecasting.core.domain import Chore
from forecasting.storage import SqlStorage, open_database
from tests.children import Wait
from tests.fakes import TurnedClock
from tests.storage.examples import NOW, press, publication, retrain, running


def together(act: Callable[[int], str], threads: int) -> list[str]:
    """Call `act` in that many threads at the same moment."""
    barrier = threading.Barrier(threads)

    def one(number: int) -> str:
        barrier.wait(30)
        return act(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))


def press_together(storage: SqlStorage, name: str, presses: int) -> list[str]:
    """Press Refresh for one store in that many threads; return the verdicts."""

    def one(number: int) -> str:
        ask = press(run_id=f"{name}-{number}")
        return storage.requests.submit(ask, retrain).verdict.value

    return together(one, presses)


def _storage(place: str) -> SqlStorage:
    """Open what another process calls its `Database.place`."""
    clock = TurnedClock(NOW)
    if place.startswith("postgresql"):
        return SqlStorage(open_database(Path(), place, clock=clock))
    return SqlStorage(open_database(Path(place).parent, clock=clock))


def press_many(wait: Wait, place: str, name: str, presses: int) -> list[str]:
    """Press Refresh for one store in many threads; return the verdicts."""
    storage = _storage(place)
    wait()
    return press_together(storage, name, presses)


def open_many(wait: Wait, homes: Path, count: int) -> int:
    """Open the databases of many folders, one after the other; return how many."""
    wait()
    for number in range(count):
        open_database(homes / str(number)).close()
    return count


def die_publishing(wait: Wait, place: str) -> None:
    """Be killed in the middle of a publication."""
    storage = _storage(place)
    run = running(storage)

    def kill(*arguments: object) -> None:
        if "INTO forecast_head" in str(arguments[2]):
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(storage.database.engine, "before_cursor_execute", kill)
    wait()
    storage.publications.publish(run, publication(), NOW)


def begin_night(wait: Wait, place: str, worker: str, tries: int) -> list[bool]:
    """Try many times to begin the night's refresh; return whether each try succeeded."""
    chores = _storage(place).chores
    wait()
    return [chores.begin(Chore.REFRESH, NOW.date(), worker, NOW) for _ in range(tries)]


def reopen(wait: Wait, home: Path) -> bool:
    """Open a database that is up to date; return whether that imported Alembic."""
    wait()
    open_database(home).close()
    return "alembic" in sys.modules
