"""What the tests run in processes of their own; each says "ready" and waits for a line before it acts."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa

from forecasting.core.domain import Chore
from forecasting.storage import SqlStorage, open_database
from tests.fakes import TurnedClock
from tests.storage.examples import NOW, press, publication, retrain, running

ROOT = Path(__file__).resolve().parents[2]


def start(command: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a child and wait until it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.storage.child", command, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        process.communicate()
        raise AssertionError(f"the child '{command}' was not ready; its error stands above")
    return process


def release(processes: list[subprocess.Popen[str]]) -> list[object]:
    """Let children that are ready act at the same moment; return what each of them tells."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60)[0] for process in processes]
    return [json.loads(text) if text else None for text in told]


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


def _wait() -> None:
    print("ready", flush=True)  # noqa: T201 – how a child tells its parent
    sys.stdin.readline()


def _press(place: str, name: str, presses: str) -> list[str]:
    storage = _storage(place)
    _wait()
    return press_together(storage, name, int(presses))


def _open(homes: str, count: str) -> int:
    _wait()
    for number in range(int(count)):
        open_database(Path(homes) / str(number)).close()
    return int(count)


def _die_publishing(place: str) -> None:
    storage = _storage(place)
    run = running(storage)

    def kill(*arguments: object) -> None:
        if "INTO forecast_head" in str(arguments[2]):
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(storage.database.engine, "before_cursor_execute", kill)
    _wait()
    storage.publications.publish(run, publication(), NOW)


def _begin_night(place: str, worker: str, tries: str) -> list[bool]:
    chores = _storage(place).chores
    _wait()
    return [chores.begin(Chore.REFRESH, NOW.date(), worker, NOW) for _ in range(int(tries))]


def _reopen(home: str) -> bool:
    _wait()
    open_database(Path(home)).close()
    return "alembic" in sys.modules


if __name__ == "__main__":
    commands = {
        "press": _press,
        "open": _open,
        "die_publishing": _die_publishing,
        "begin_night": _begin_night,
        "reopen": _reopen,
    }
    print(json.dumps(commands[sys.argv[1]](*sys.argv[2:])))  # noqa: T201 – how a child tells its parent
