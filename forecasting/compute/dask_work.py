"""What Dask workers run; imports little, so that it can come before the libraries of a fit."""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable
from typing import TypeVar

log = logging.getLogger(__name__)

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Dask's nannies start workers with these; a worker without a nanny has what its operator gave it."""

_under_way: list[tuple[str, ...]] = []
"""What each task under way in this process belongs to: its server's pool and the run."""

_unwanted: deque[str] = deque(maxlen=1000)
"""Pools and runs that were let go."""


def begin() -> None:
    """Let libraries that are yet to be imported use one BLAS thread, where the operator has set nothing."""
    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)


def get_ready(_work: object, prepare: Callable[[], object] | None) -> None:
    """Having received `work`, a worker has imported its module."""
    if prepare is not None:
        prepare()


def do(owners: tuple[str, ...], work: Callable[[TaskT], ResultT], task: TaskT) -> ResultT | None:
    """Do a task, unless a pool or run it belongs to was let go."""
    _under_way.append(owners)
    try:
        return None if any(owner in _unwanted for owner in owners) else work(task)
    finally:
        _under_way.remove(owners)


def let_go(owner: str, grace: float) -> bool:
    """Begin no more tasks of a pool or run, and tell whether one is under way.

    That one has `grace` seconds to end. Called in the worker's event loop, which a task that hangs does not
    hold up.
    """
    if owner not in _unwanted:
        _unwanted.append(owner)
        asyncio.get_running_loop().call_later(grace, _end_if_under_way, owner, grace)
    return _is_under_way(owner)


def _is_under_way(owner: str) -> bool:
    return any(owner in owners for owners in tuple(_under_way))


def _end_if_under_way(owner: str, grace: float) -> None:
    """End this process, which its nanny replaces: a thread can't be ended otherwise."""
    if _is_under_way(owner):
        log.warning("an unwanted fit went on for %g s; this worker ends", grace)
        os._exit(1)
