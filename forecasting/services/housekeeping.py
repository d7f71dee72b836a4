"""Daily chores: the nightly refresh, and pruning of versions, runs and files that need not be kept."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from time import sleep
from typing import TypeVar

from forecasting.config.settings import Settings
from forecasting.core.domain import Chore, DiskUse, PruneReport, StoreDay, Volume
from forecasting.core.ports import Clock, Retention, SalesHistory, Storage
from forecasting.refresh import nightly

log = logging.getLogger(__name__)

Key = TypeVar("Key", int, str, StoreDay)

VERSIONS_AT_ONCE, PREDICTORS_AT_ONCE, RUNS_AT_ONCE, IMPORTS_AT_ONCE, TRACK_DAYS_AT_ONCE = 20, 20, 200, 1, 10
CHAINS_AT_ONCE = 2
"""How many rows one transaction removes: a few hundredths of a second that a press may wait."""

REST_SECONDS = 0.02
"""Pause between two transactions, so that others get the database."""

YOUNG = timedelta(days=1)
"""A history file that no head names may belong to an import in progress, for at most this long."""

GoOn = Callable[[], bool]
"""Called before each small step: pauses briefly, and says whether to continue."""


def rested() -> bool:
    """Pause for `REST_SECONDS`, then continue."""
    sleep(REST_SECONDS)
    return True


def disk_use(retention: Retention, history: SalesHistory) -> DiskUse:
    """Measure the database and the history files."""
    versions, files = retention.usage(), history.usage()
    return DiskUse(versions.bytes, versions.count, files.bytes, files.count)


@dataclass(frozen=True, slots=True)
class Pruning:
    """Removes what `ports.Retention` calls outdated, in small steps.

    Attributes
    ----------
    keep_versions, keep
        As in `Settings`.
    """

    retention: Retention
    history: SalesHistory
    keep_versions: int
    keep: timedelta

    def preview(self, now: datetime) -> PruneReport:
        """Report what `run` would remove."""
        before = now - self.keep
        outdated = self.retention.outdated(self.keep_versions, before)
        files = self.history.prune(self.retention.files(before), now - YOUNG, dry_run=True)
        return PruneReport(
            len(outdated.versions),
            len(outdated.predictors),
            len(outdated.runs),
            files.count,
            files.bytes,
            len(self.retention.outdated_track(self.keep)),
            chains=len(outdated.chains),
        )

    def run(self, now: datetime, go_on: GoOn) -> PruneReport:
        """Remove everything that is outdated. A run that is interrupted leaves nothing half removed.

        Raises
        ------
        StateUnavailable
            If the database can't be written, or a file can't be removed.
        """
        before = now - self.keep
        outdated = self.retention.outdated(self.keep_versions, before)
        sweep = _Sweep(go_on)
        versions = sweep(self.retention.remove_versions, outdated.versions, VERSIONS_AT_ONCE)
        predictors = sweep(self.retention.remove_predictors, outdated.predictors, PREDICTORS_AT_ONCE)
        chains = sweep(self.retention.remove_chains, outdated.chains, CHAINS_AT_ONCE)
        runs = sweep(self.retention.remove_runs, outdated.runs, RUNS_AT_ONCE)
        sweep(self.retention.remove_imports, outdated.imports, IMPORTS_AT_ONCE)
        days = sweep(
            self.retention.remove_track, self.retention.outdated_track(self.keep), TRACK_DAYS_AT_ONCE
        )
        files = Volume(0, 0)
        if sweep.complete:
            files = self.history.prune(self.retention.files(before), now - YOUNG)
        return PruneReport(versions, predictors, runs, files.count, files.bytes, days, sweep.complete, chains)


class _Sweep:
    """Removes keys a few at a time, until `go_on` says to stop."""

    def __init__(self, go_on: GoOn) -> None:
        self._go_on = go_on
        self.complete = True

    def __call__(self, remove: Callable[[Sequence[Key]], int], keys: Sequence[Key], at_once: int) -> int:
        removed = 0
        for start in range(0, len(keys), at_once):
            self.complete = self.complete and self._go_on()
            if not self.complete:
                break
            removed += remove(keys[start : start + at_once])
        return removed


@dataclass(frozen=True, slots=True)
class DailyChores:
    """What a worker does between runs. Each chore is done once a day, by whichever process comes first.

    Attributes
    ----------
    worker
        Name of the worker, recorded with each chore it begins.
    refresh
        Requests a refresh of every store.
    prune
        Removes what the settings no longer keep.
    score
        Scores sales that were not scored when they were imported.
    """

    storage: Storage
    clock: Clock
    settings: Settings
    worker: str
    refresh: Callable[[], Sequence[object]]
    prune: Callable[[GoOn], PruneReport]
    score: Callable[[GoOn], None] = lambda _undisturbed: None

    def __call__(self, undisturbed: GoOn) -> None:
        """Do the chores that are due.

        Parameters
        ----------
        undisturbed
            Says whether the worker still has no run to do.
        """
        self.score(undisturbed)
        self._refresh_nightly()
        self._prune_when_idle(undisturbed)

    def _refresh_nightly(self) -> None:
        if self.settings.nightly is None:
            return
        chores, now = self.storage.chores, self.clock.now()
        day = nightly.due(now, chores.last(Chore.REFRESH), self.settings.nightly, self.settings.timezone)
        if day is not None and chores.begin(Chore.REFRESH, day, self.worker, now):
            answers = self.refresh()
            chores.finish(Chore.REFRESH, day, self.clock.now())
            log.info("nightly refresh of %s: asked, %d answers", day, len(answers))

    def _prune_when_idle(self, undisturbed: GoOn) -> None:
        """Prune once a day after the nightly refresh (without one: after midnight), once no run is active."""
        chores, now = self.storage.chores, self.clock.now()
        day = nightly.latest(now, self.settings.nightly or time.min, self.settings.timezone)
        last = chores.last(Chore.PRUNE)
        if (last is not None and last >= day) or self.storage.runs.backlog():
            return
        if chores.begin(Chore.PRUNE, day, self.worker, now):
            report = self.prune(undisturbed)
            if report.complete:
                chores.finish(Chore.PRUNE, day, self.clock.now())
            log.info("pruned: %s", report)
