"""Page runs take turns (docs/adr/0017-pages-take-turns.md).

A page run mostly computes, and one interpreter computes one thing at a time. If ten runs share it, all of
them end late; if they take turns, the first ends after a tenth of the time. Nobody waits for long, though: a
run that takes its time (a locked database, a report on a thousand stores) must not hold up the others.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 0.25
"""Seconds a run waits for its turn before it starts anyway; many times as long as a usual run."""


class Turns:
    """A turn that one thread at a time holds.

    Parameters
    ----------
    patience
        Seconds after which a waiting thread goes on without the turn.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._lock = threading.Lock()
        self._patience = patience
        self._mine = threading.local()
        self._waiting: set[int] = set()

    @property
    def is_contended(self) -> bool:
        """Whether a thread is waiting for the turn right now."""
        return bool(self._waiting)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the turn during the block, or go on without it once patience has run out."""
        self._acquire()
        try:
            yield
        finally:
            self._release()

    @contextmanager
    def release_during(self) -> Iterator[None]:
        """Let others have the turn during the block, for waits and long work.

        A thread that does not hold the turn may call this too.
        """
        held = self._release()
        try:
            yield
        finally:
            if held:
                self._acquire()

    def _acquire(self) -> None:
        thread = threading.get_ident()
        self._waiting.add(thread)
        try:
            self._mine.held = self._lock.acquire(timeout=self._patience)
        finally:
            self._waiting.discard(thread)

    def _release(self) -> bool:
        held = getattr(self._mine, "held", False)
        self._mine.held = False
        if held:
            self._lock.release()
        return held


PAGES = Turns()
"""The turns of all page runs of this process."""
