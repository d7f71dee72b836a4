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
from forecasting.core.ports import Clock, LedgerVitals, SalesHistory, Storage
from forecasting.refresh.policy import SILENCE

LATELY = timedelta(hours=24)
"""Durations are reported of runs that ended within this time."""

COUNTED_EVERY = timedelta(minutes=5)
"""How old the count of history files may be: there are many, and they may be on a remote store."""


@dataclass(frozen=True, slots=True)
class VitalSigns:
    """Figures about the whole installation.

    Attributes
    ----------
    ledger
        Runs and workers.
    stores
        How many stores are in each state.
    oldest
        Age of the oldest predictor in use; None without one.
    versions
        Number of forecast versions, and size of the database in bytes.
    files
        Number and bytes of the history files; None if they can't be counted.
    free
        Free bytes in this machine's state folder; None if unknown.
    """

    ledger: LedgerVitals
    stores: Mapping[StoreState, int]
    oldest: timedelta | None
    versions: Volume
    files: Volume | None
    free: int | None

    @property
    def alive(self) -> int:
        """How many workers gave a sign of life lately."""
        return sum(silence < SILENCE for silence in self.ledger.silences)


class VitalSignsReader:
    """Reads the figures. The count of history files is cached for `COUNTED_EVERY`.

    Parameters
    ----------
    storage, history, clock
        Ports.
    folder
        The state folder.
    state_of
        Judges the state of a store at an instant.
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
        """Read the current figures.

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
    """The smallest value that at least a share `level` of the values does not exceed; None without values."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(level * len(values)) - 1)]


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
