"""Reconstruct how a store's previous version was made, and what has changed since.

The manifest knows which files were a store's newest when that version's run was claimed and when it was
published. The version's input hash confirms whether those files went in; it also covers the horizon, the
chain and the facts about the store. If no candidate matches the hash, the change is left unexplained.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

import numpy as np

from forecasting.calendar.inputs import input_hash
from forecasting.config.logs import get_logger
from forecasting.core.day_arrays import FloatArray, IntArray
from forecasting.core.domain import ALL_ITEMS, HistoryFile, Predictor, StoreSnapshot, VersionHeader
from forecasting.core.errors import StorageError
from forecasting.core.explanation import Cause
from forecasting.core.pooled_priors import ChainPriors
from forecasting.core.ports import Storage
from forecasting.training.previous_setup import PreviousSetup
from forecasting.training.store_files import StoreFiles

log = get_logger(__name__)

NOT_FOUND = (
    "The change can't be explained: the files of the previous forecast, or the store's details, have changed"
)
HORIZON = "The number of days forecast has changed"
UNREADABLE = "The previous forecast can't be read"
REMOTE = "The forecast comes from an outside service, so the change can't be split by cause"


class PublishedMeans(NamedTuple):
    """Published expected demand of one series.

    Attributes
    ----------
    days
        (h,) days since 1970-01-01.
    mean
        (h,) expected demand.
    """

    days: IntArray
    mean: FloatArray


@dataclass(frozen=True, slots=True)
class PreviousVersion:
    """The version that the one being made will replace.

    Attributes
    ----------
    causes
        What has changed since, in the order of `Cause`.
    unexplained
        Why that is not known, as a sentence for planners, or ``""``.
    setup
        How it was made. None if at most one thing has changed, which then accounts for the whole difference.
    means
        Its expected demand by item; empty if no replay is needed.
    """

    version: int
    causes: tuple[Cause, ...] = ()
    unexplained: str = ""
    setup: PreviousSetup | None = None
    means: Mapping[str, PublishedMeans] = field(default_factory=dict)


class _FilePair(NamedTuple):
    sales: HistoryFile
    plan: HistoryFile | None


class PreviousVersionFinder:
    """Finds the previous versions of several stores; reads each chain once.

    Parameters
    ----------
    storage
        Where versions, runs and the manifest are stored.
    horizon
        Days to forecast now.
    """

    def __init__(self, storage: Storage, horizon: int) -> None:
        self._storage = storage
        self._horizon = horizon
        self._chains: dict[str, ChainPriors] = {}

    def find(
        self, snapshot: StoreSnapshot, files: StoreFiles, predictor: Predictor | None
    ) -> PreviousVersion | None:
        """Return the previous version of a store; None if there is none.

        Parameters
        ----------
        files
            The current input files.
        predictor
            The predictor to be reused; None to train a new one.
        """
        head = snapshot.head
        if head is None:
            return None
        if head.horizon != self._horizon:
            return PreviousVersion(head.version, unexplained=HORIZON)
        try:
            return self._compared(head, files, predictor)
        except StorageError as error:  # only the attribution needs it; the forecast can be made without
            log.warning("the previous version can't be read", version=head.version, error=str(error))
            return PreviousVersion(head.version, unexplained=UNREADABLE)

    def _compared(
        self, head: VersionHeader, files: StoreFiles, predictor: Predictor | None
    ) -> PreviousVersion:
        """The previous version, with what has changed since."""
        pair = self._files_of(head, files)
        if pair is None:
            return PreviousVersion(head.version, unexplained=NOT_FOUND)
        changed = {
            Cause.SALES: pair.sales.content_hash != files.sales.content_hash,
            Cause.PLAN: _content_hash(pair.plan) != _content_hash(files.plan),
            Cause.MODEL: predictor is None,
        }
        causes = tuple(cause for cause in Cause if changed[cause])
        if len(causes) <= 1:
            return PreviousVersion(head.version, causes)
        used = predictor or self._storage.versions.predictor(head.predictor_id)
        setup = PreviousSetup(
            causes,
            pair.plan,
            tuple(replace(choice, scores=()) for choice in used.choices),
            self._chain(head.chain_id, files),
        )
        return PreviousVersion(head.version, causes, setup=setup, means=self._means(head.version))

    def _files_of(self, head: VersionHeader, files: StoreFiles) -> _FilePair | None:
        """The files a version was made from; None if no candidate matches its input hash."""
        for pair in self._candidates(head, files):
            found = input_hash(
                pair.sales.content_hash, _content_hash(pair.plan), head.horizon, files.facts, head.chain_id
            )
            if found == head.input_hash:
                return pair
        return None

    def _candidates(self, head: VersionHeader, files: StoreFiles) -> Iterator[_FilePair]:
        """The current files, then those that were newest when the run was claimed, started or published."""
        yield _FilePair(files.sales, files.plan)
        manifest, run = self._storage.manifest, self._storage.runs.get(head.run_id)
        times: list[datetime | None] = [head.published_at]
        if run is not None:
            times = [run.claimed_at, run.started_at, head.published_at]
        for at in dict.fromkeys(filter(None, times)):
            sales = manifest.head(files.store, "sales", at)
            plan = manifest.head(files.store, "plan", at)
            if sales is not None:
                yield from (
                    _FilePair(one, other) for one in (sales, files.sales) for other in (plan, files.plan)
                )

    def _chain(self, chain_id: str, files: StoreFiles) -> ChainPriors | None:
        if not chain_id:
            return None
        if chain_id not in self._chains:
            self._chains[chain_id] = self._storage.chains.get(chain_id)
        return self._chains[chain_id].of({ALL_ITEMS, *files.sales.items})

    def _means(self, version: int) -> dict[str, PublishedMeans]:
        """The expected demand of one version, by item."""
        frame = self._storage.versions.read(version)
        days = frame["ds"].to_numpy().astype("datetime64[D]").astype(np.int64)
        items, mean = frame["item"].to_numpy(object), frame["mean"].to_numpy()
        starts = np.flatnonzero(np.append(True, items[1:] != items[:-1]))
        parts = zip(items[starts], np.split(days, starts[1:]), np.split(mean, starts[1:]), strict=True)
        return {str(item): PublishedMeans(its_days, its_mean) for item, its_days, its_mean in parts}


def _content_hash(plan: HistoryFile | None) -> str | None:
    return plan.content_hash if plan else None
