"""Scores published forecasts as sales arrive, and later what an interruption left unscored."""

import logging
import threading
from collections.abc import Collection
from datetime import timedelta

import pandas as pd

from forecasting.calendar.store_totals import series_histories
from forecasting.core import wording
from forecasting.core.domain import HistoryFile
from forecasting.core.errors import InvalidRequest, StorageError
from forecasting.core.ports import SalesHistory, Storage, TrackUpdate
from forecasting.planning import track_record
from forecasting.services.housekeeping import GoOn

log = logging.getLogger(__name__)

GIVE_UP = 3
"""After this many failures in a row the cause is not the stores' files, and an import stops trying."""


class TrackScoring:
    """Keeps the track record up to date with the sales; safe to share between threads.

    The database knows which stores are not up to date (`ports.TrackRecord.pending`), so the next caller
    scores what failed or was interrupted.

    Parameters
    ----------
    history, storage
        Ports.
    keep
        As in `Settings`; older days are no longer scored.
    """

    def __init__(self, history: SalesHistory, storage: Storage, keep: timedelta) -> None:
        self._history = history
        self._storage = storage
        self._keep = keep
        self._one_at_a_time = threading.Lock()
        self._seen_import = 0

    def score(self, stores: Collection[str]) -> None:
        """Score the new sales of these stores. A store that can't be scored is logged and stays pending."""
        try:
            pending = self._storage.track.pending(stores)
        except StorageError as error:
            waiting = wording.counted(len(stores), "store")
            log.error("the new sales of %s are not scored yet: %s", waiting, error)  # noqa: TRY400 – said in words
            return
        failures = 0
        for store in pending:
            failures = 0 if self._attempt(store) else failures + 1
            if failures == GIVE_UP:
                break

    def catch_up(self, go_on: GoOn) -> None:
        """Score every pending store, unless there was no import since the last complete call.

        Parameters
        ----------
        go_on
            Called before each store. If it stops the loop, the next call continues.

        Raises
        ------
        StorageError
            If the database can't be read.
        """
        _, newest_import, _ = self._storage.runs.pulse()
        if newest_import == self._seen_import:
            return
        for store in self._storage.track.pending():
            if not go_on():
                return
            self._attempt(store)
        self._seen_import = newest_import

    def _attempt(self, store: str) -> bool:
        try:
            with self._one_at_a_time:
                self._update(store)
        except (StorageError, InvalidRequest) as error:  # the latter: a version was pruned meanwhile
            log.error("store %s: its new sales are not scored yet: %s", store, error)  # noqa: TRY400 – said in words
            return False
        return True

    def _update(self, store: str) -> None:
        record = self._storage.track
        head = self._storage.manifest.head(store, "sales")
        if head is None or not record.pending([store]):  # another thread or process has scored it
            return
        recorded = record.recorded(store)
        since = track_record.first_scorable_day(recorded, head.last_ds, self._keep)
        candidates = record.candidates(store, since, head.last_ds)
        first = track_record.first_needed(recorded, candidates, since)
        changes = TrackUpdate(head.content_hash)
        if first is not None:
            sold = track_record.actuals(series_histories(self._sales(head, pd.Timestamp(first))))
            read = self._storage.versions.read
            changes = track_record.compute_update(head.content_hash, sold, recorded, candidates, since, read)
        if not record.record(store, changes):
            log.info("store %s: sales changed while they were scored; they will be scored again", store)

    def _sales(self, head: HistoryFile, first: pd.Timestamp) -> pd.DataFrame:
        sales = self._history.read(head)
        return sales[sales["ds"] >= first]
