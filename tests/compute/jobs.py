"""Work for worker processes: importable functions without state."""

import os
import signal
import tempfile
import threading
from pathlib import Path

BLAS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PATIENCE = 60.0
TICK = 0.02


def square(number: int) -> int:
    """Return its square."""
    return number * number


def pid(_task: object) -> int:
    """Process id of the worker."""
    return os.getpid()


def facts(_task: object) -> dict[str, object]:
    """Report facts about the worker process."""
    return {
        "pid": os.getpid(),
        "blas": [os.environ.get(name) for name in BLAS],
        "nice": os.nice(0),
        "sigint": signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
        "temp": tempfile.gettempdir(),
    }


def fail(task: str) -> None:
    """Raise."""
    raise LookupError(task)


def halve(number: int) -> int:
    """Return half of an even number, or raise."""
    if number % 2:
        raise LookupError(f"{number} is odd")
    return number // 2


def leave_file(_task: object) -> str:
    """Leave a temporary file behind."""
    with tempfile.NamedTemporaryFile(delete=False) as file:
        return file.name


def mark(path: str) -> int:
    """Create a file."""
    Path(path).touch()
    return os.getpid()


def mark_and_hang(path: str) -> int:
    """Create a file, whose content is the worker's id, and then do nothing for a long time."""
    Path(path).write_text(str(os.getpid()))
    threading.Event().wait(PATIENCE)
    return 0


def die_once(path: str) -> int:
    """Kill this process with SIGKILL the first time; a file marks that it happened."""
    marker = Path(path)
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def mark_and_tell(path: str) -> None:
    """Create a file whose content is the worker's id."""
    Path(path).write_text(str(os.getpid()))


def pass_gate(folder: str) -> int:
    """Write the worker's id into `begun`, wait until there is `open`, then leave `ended`."""
    gate, tick = Path(folder), threading.Event()
    gate.mkdir(parents=True, exist_ok=True)
    (gate / "begun.part").write_text(str(os.getpid()))
    (gate / "begun.part").replace(gate / "begun")
    for _ in range(int(PATIENCE / TICK)):
        if (gate / "open").exists():
            break
        tick.wait(TICK)
    (gate / "ended").touch()
    return os.getpid()


def pass_one_gate(task: tuple[str, str]) -> str:
    """Add a line to a file beside the gate, wait as long as the gate is there, and return the line."""
    gate, name = task
    with Path(gate).with_suffix(".log").open("a") as log:
        log.write(f"{name} {os.getpid()}\n")
    tick = threading.Event()
    for _ in range(int(PATIENCE / TICK)):
        if not Path(gate).exists():
            break
        tick.wait(TICK)
    return name


def die(_task: object) -> None:
    """Kill this process with SIGKILL."""
    os.kill(os.getpid(), signal.SIGKILL)
