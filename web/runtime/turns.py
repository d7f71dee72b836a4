"""Runs of pages take turns (docs/adr/0017-pages-take-turns.md).

A run computes, and one interpreter computes one thing at a time: where ten runs share it each ends when all
do, where they take turns the first ends after a tenth of that. But nobody waits for long: a run that takes
its time (a database that is locked, a report over a thousand stores) must not keep others from their pages.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 0.25
"""Seconds a run waits for its turn before it goes on all the same, which many times the usual run is."""


class Turns:
    """One turn at a time, in a thread.

    Parameters
    ----------
    patience
        Seconds after which who waits goes on without a turn.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._lock = threading.Lock()
        self._patience = patience
        self._mine = threading.local()
        self._waiting: set[int] = set()

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for a turn at this moment."""
        return bool(self._waiting)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a turn, for as long as patience lasts, and give it back in the end."""
        self._take()
        try:
            yield
        finally:
            self._give_back()

    @contextmanager
    def left_to_others(self) -> Iterator[None]:
        """Leave a turn to others meanwhile, to wait or for what takes long; fine for who has none."""
        had = self._give_back()
        try:
            yield
        finally:
            if had:
                self._take()

    def _take(self) -> None:
        me = threading.get_ident()
        self._waiting.add(me)
        try:
            self._mine.turn = self._lock.acquire(timeout=self._patience)
        finally:
            self._waiting.discard(me)

    def _give_back(self) -> bool:
        had = getattr(self._mine, "turn", False)
        self._mine.turn = False
        if had:
            self._lock.release()
        return had


PAGES = Turns()
"""Of all pages of this process."""
