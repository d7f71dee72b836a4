"""What the version before was made with, and what has changed since: found again, and proved by its hash.

The manifest says which files were a store's newest when the run of that version was claimed, and when it was
published. Whether those went in is told by the version's input hash, which is also of the horizon, the
chain and what is known of the store: where it is another one, nothing is claimed.
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
from forecasting.training.attribution_fits import Before
from forecasting.training.tasks import StoreFiles

log = get_logger(__name__)

NOT_FOUND = (
    "What the forecast before was made of can't be told any more: its files, or what is known of the store, "
    "have changed"
)
HORIZON = "The number of days forecast was changed"
UNREADABLE = "The forecast before can't be read"
ELSEWHERE = "The forecast is made elsewhere: what new sales, plan and model have moved can't be told apart"


class Means(NamedTuple):
    """What a version said of one series."""

    days: IntArray
    mean: FloatArray


@dataclass(frozen=True, slots=True)
class Earlier:
    """The version before the one that is made.

    Attributes
    ----------
    causes
        What has changed since, in the order of `Cause`.
    untold
        Why that can't be told, as a sentence, or ``""``.
    before
        What is to be run again; None where at most one thing has changed, which then has moved it all.
    means
        What it said, by item; empty where nothing is run again.
    """

    version: int
    causes: tuple[Cause, ...] = ()
    untold: str = ""
    before: Before | None = None
    means: Mapping[str, Means] = field(default_factory=dict)


class _Pair(NamedTuple):
    sales: HistoryFile
    plan: HistoryFile | None


class EarlierVersions:
    """Looks up the versions before those that some runs make.

    Parameters
    ----------
    storage
        Where they are.
    horizon
        Days that are forecast now.
    """

    def __init__(self, storage: Storage, horizon: int) -> None:
        self._storage = storage
        self._horizon = horizon
        self._chains: dict[str, ChainPriors] = {}

    def of(self, snapshot: StoreSnapshot, files: StoreFiles, kept: Predictor | None) -> Earlier | None:
        """The version before of a store; None where there is none.

        Parameters
        ----------
        files
            What the next one is made of.
        kept
            The predictor that is kept; None to train.
        """
        head = snapshot.head
        if head is None:
            return None
        if head.horizon != self._horizon:
            return Earlier(head.version, untold=HORIZON)
        try:
            return self._of(head, files, kept)
        except StorageError as error:  # it says what moved a forecast; the forecast itself does without
            log.warning("the version before can't be read", version=head.version, error=str(error))
            return Earlier(head.version, untold=UNREADABLE)

    def _of(self, head: VersionHeader, files: StoreFiles, kept: Predictor | None) -> Earlier:
        pair = self._made_of(head, files)
        if pair is None:
            return Earlier(head.version, untold=NOT_FOUND)
        changed = {
            Cause.SALES: pair.sales.content_hash != files.sales.content_hash,
            Cause.PLAN: _hash(pair.plan) != _hash(files.plan),
            Cause.MODEL: kept is None,
        }
        causes = tuple(cause for cause in Cause if changed[cause])
        if len(causes) <= 1:
            return Earlier(head.version, causes)
        predictor = kept or self._storage.versions.predictor(head.predictor_id)
        before = Before(
            causes,
            pair.plan,
            tuple(replace(choice, scores=()) for choice in predictor.choices),
            self._chain(head.chain_id, files),
        )
        return Earlier(head.version, causes, before=before, means=self._means(head.version))

    def _made_of(self, head: VersionHeader, files: StoreFiles) -> _Pair | None:
        """The files of a version; None where they can't be told."""
        for pair in self._candidates(head, files):
            found = input_hash(
                pair.sales.content_hash, _hash(pair.plan), head.horizon, files.facts, head.chain_id
            )
            if found == head.input_hash:
                return pair
        return None

    def _candidates(self, head: VersionHeader, files: StoreFiles) -> Iterator[_Pair]:
        """Those of now, and those that were the newest when its run was claimed, or published."""
        yield _Pair(files.sales, files.plan)
        manifest, run = self._storage.manifest, self._storage.runs.get(head.run_id)
        instants: list[datetime | None] = [head.published_at]
        if run is not None:
            instants = [run.claimed_at, run.started_at, head.published_at]
        for at in dict.fromkeys(filter(None, instants)):
            sales = manifest.head(files.store, "sales", at)
            plan = manifest.head(files.store, "plan", at)
            if sales is not None:
                yield from (_Pair(one, other) for one in (sales, files.sales) for other in (plan, files.plan))

    def _chain(self, chain_id: str, files: StoreFiles) -> ChainPriors | None:
        if not chain_id:
            return None
        if chain_id not in self._chains:
            self._chains[chain_id] = self._storage.chains.get(chain_id)
        return self._chains[chain_id].of({ALL_ITEMS, *files.sales.items})

    def _means(self, version: int) -> dict[str, Means]:
        frame = self._storage.versions.read(version)
        days = frame["ds"].to_numpy().astype("datetime64[D]").astype(np.int64)
        items, mean = frame["item"].to_numpy(object), frame["mean"].to_numpy()
        starts = np.flatnonzero(np.append(True, items[1:] != items[:-1]))
        parts = zip(items[starts], np.split(days, starts[1:]), np.split(mean, starts[1:]), strict=True)
        return {str(item): Means(its_days, its_mean) for item, its_days, its_mean in parts}


def _hash(plan: HistoryFile | None) -> str | None:
    return plan.content_hash if plan else None
