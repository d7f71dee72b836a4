"""The functions that Dask workers run. This module imports little, so it loads before the fits' libraries."""

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
"""One BLAS thread. Dask's nannies set the same; a worker without a nanny has only its operator's settings."""

_in_progress: list[tuple[str, ...]] = []
"""The owners (pool and run) of each task in progress in this process."""

_abandoned: deque[str] = deque(maxlen=1000)
"""Pools and runs whose remaining tasks must not start."""


def limit_threads() -> None:
    """Make libraries that are imported later use one BLAS thread, unless the operator has set a number."""
    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)


def prepare_worker(_work: object, prepare: Callable[[], object] | None) -> None:
    """Call `prepare` in a worker. Receiving `_work` has already made the worker import its module."""
    if prepare is not None:
        prepare()


def do_owned(owners: tuple[str, ...], work: Callable[[TaskT], ResultT], task: TaskT) -> ResultT | None:
    """Do a task, or return None if the pool or run that owns it was abandoned."""
    _in_progress.append(owners)
    try:
        return None if any(owner in _abandoned for owner in owners) else work(task)
    finally:
        _in_progress.remove(owners)


def abandon(owner: str, grace: float) -> bool:
    """Start no more tasks of a pool or run; return whether one of its tasks is in progress.

    A task in progress has `grace` seconds to end; then this process exits. Called in the worker's event loop,
    which a task that hangs does not block.
    """
    if owner not in _abandoned:
        _abandoned.append(owner)
        asyncio.get_running_loop().call_later(grace, _exit_if_in_progress, owner, grace)
    return _is_in_progress(owner)


def _is_in_progress(owner: str) -> bool:
    return any(owner in owners for owners in tuple(_in_progress))


def _exit_if_in_progress(owner: str, grace: float) -> None:
    """Exit this process if an abandoned task still runs, since a thread cannot be killed.

    The worker's nanny, if it has one, starts a new process.
    """
    if _is_in_progress(owner):
        log.warning("a cancelled fit kept running for %g s; this worker exits", grace)
        os._exit(1)
