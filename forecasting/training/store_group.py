"""The group of stores that a remote engine trains together, and the job it is given for them."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from forecasting.calendar.inputs import all_facts
from forecasting.config.settings import Settings
from forecasting.core.domain import ALL_ITEMS, HistoryFile, natural_order
from forecasting.core.errors import UnknownSeries
from forecasting.core.ports import HistoryReader, RemoteEngine, RemoteJob, Storage
from forecasting.core.store_inputs import StoreInputs
from forecasting.refresh.policy import current_hash
from forecasting.training.store_files import StoreFiles


@dataclass(frozen=True, slots=True)
class StoreGroup:
    """The stores whose engine, or one of whose engines, is the remote one.

    Attributes
    ----------
    reader
        Reads the history files for the upload.
    """

    engine: RemoteEngine
    storage: Storage
    reader: HistoryReader
    settings: Settings

    def members(self, through: int | None = None) -> list[StoreFiles]:
        """Return the stores in natural order with their newest files, or those an import had left as newest.

        Parameters
        ----------
        through
            Number of the import; None for the present.

        Raises
        ------
        UnknownSeries
            If there are none.
        """
        manifest = self.storage.manifest
        sales, plans = manifest.heads("sales", through=through), manifest.heads("plan", through=through)
        facts = all_facts(sales, manifest.attributes(), self.settings.holidays)
        members = [
            StoreFiles(sales[store], plans.get(store), facts[store])
            for store in sorted(sales, key=natural_order)
            if self._is_member(sales[store])
        ]
        if not members:
            raise UnknownSeries(f"group {self.engine.group}: expected stores with sales history, found none")
        return members

    def up_to_date(self, members: Sequence[StoreFiles]) -> bool:
        """Whether every store has a forecast made from its newest inputs."""
        snapshots = self.storage.runs.snapshots([each.store for each in members])
        return all(
            each.head is not None
            and each.head.input_hash == current_hash(each, self.settings.horizon, self.settings.holidays)
            for each in snapshots.values()
        )

    def job(
        self,
        members: Sequence[StoreFiles],
        at: datetime,
        report: Callable[[int], None] = lambda _number: None,
    ) -> RemoteJob:
        """Return a job that uploads the members' inputs and trains nothing; it belongs to no run.

        Parameters
        ----------
        at
            When it is requested (UTC).
        report
            Called before each store is read, with the number of stores read so far.
        """
        horizon = self.settings.horizon

        def inputs() -> Iterator[StoreInputs]:
            for number, files in enumerate(members):
                report(number)
                yield files.inputs(self.reader, horizon)

        return RemoteJob(
            run_id="",
            requested_at=at,
            train=False,
            trained_before=None,
            inputs_hash=_inputs_hash(members, horizon),
            horizon=horizon,
            series=sum(len({ALL_ITEMS, *files.sales.items}) for files in members),
            inputs=inputs,
        )

    def _is_member(self, sales: HistoryFile) -> bool:
        return self.engine.name in self.settings.engines_of(sales.store, sales.region)


def _inputs_hash(members: Sequence[StoreFiles], horizon: int) -> str:
    """SHA-256 over the inputs of all stores."""
    values = [
        [each.store, each.sales.content_hash, each.plan.content_hash if each.plan else "", each.facts.digest]
        for each in members
    ]
    return hashlib.sha256(json.dumps([1, horizon, values]).encode()).hexdigest()
