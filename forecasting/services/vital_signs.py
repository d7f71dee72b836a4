"""Figures about the whole installation, for operators and monitoring. Reading them changes nothing."""

import math
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from forecasting.core.domain import StoreSnapshot, StoreState, Volume
from forecasting.core.errors import StorageError
from forecasting.core.ports import Clock, LedgerSigns, SalesHistory, Storage
from forecasting.refresh.policy import SILENCE

LATELY = timedelta(hours=24)
"""Runs that have ended since are the ones whose durations are told."""

COUNTED_EVERY = timedelta(minutes=5)
"""How old the count of history files may be: a chain has many, and they may be far away."""


@dataclass(frozen=True, slots=True)
class VitalSigns:
    """Figures of the house.

    Attributes
    ----------
    ledger
        Runs and workers.
    stores
        How many are in each state.
    oldest
        Age of the oldest predictor that serves a store.
    versions
        Forecast versions, and the bytes of the database.
    files
        History files; None where they can't be counted.
    free
        Bytes free in this machine's state folder; None where nobody can tell.
    """

    ledger: LedgerSigns
    stores: Mapping[StoreState, int]
    oldest: timedelta | None
    versions: Volume
    files: Volume | None
    free: int | None

    @property
    def alive(self) -> int:
        """Workers that gave a sign of life lately."""
        return sum(silence < SILENCE for silence in self.ledger.silences)


class VitalSignsReader:
    """Reads the figures; those of the history files are kept for `COUNTED_EVERY`.

    Parameters
    ----------
    storage, history, clock
        Ports.
    folder
        The state folder.
    state_of
        The rule that tells the state of a store at an instant.
    snapshots
        Reads every store's snapshot.
    """

    def __init__(
        self,
        storage: Storage,
        history: SalesHistory,
        clock: Clock,
        folder: Path,
        state_of: Callable[[StoreSnapshot, datetime], StoreState],
        snapshots: Callable[[], Mapping[str, StoreSnapshot]],
    ) -> None:
        self._storage = storage
        self._history = history
        self._clock = clock
        self._folder = folder
        self._state_of = state_of
        self._snapshots = snapshots
        self._counted: tuple[datetime, Volume | None] | None = None

    def read(self) -> VitalSigns:
        """The figures as they are now.

        Raises
        ------
        StateUnavailable
            If the database can't be read.
        """
        now = self._clock.now()
        stores = [each for each in self._snapshots().values() if each.sales is not None]
        trained = [each.head.trained_at for each in stores if each.head is not None]
        return VitalSigns(
            ledger=self._storage.vitals.ledger(LATELY),
            stores=Counter(self._state_of(each, now) for each in stores),
            oldest=now - min(trained) if trained else None,
            versions=self._storage.retention.usage(),
            files=self._files(now),
            free=_free(self._folder),
        )

    def _files(self, now: datetime) -> Volume | None:
        if self._counted is None or not timedelta(0) <= now - self._counted[0] < COUNTED_EVERY:
            try:
                self._counted = now, self._history.usage()
            except StorageError:
                self._counted = now, None
        return self._counted[1]


def quantile(values: Sequence[timedelta], level: float) -> timedelta | None:
    """The smallest of the values that this share of them does not exceed; None without any."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(level * len(values)) - 1)]


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
