"""The work of one store's run: its tasks, and the publication made from their results."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from forecasting.calendar.inputs import input_hash
from forecasting.core.domain import ALL_ITEMS, Predictor, RefreshRun, SeriesChoice
from forecasting.core.pooled_priors import ChainPriors
from forecasting.core.ports import Publication
from forecasting.evaluation.remote_forecasts import RemoteStoreForecasts
from forecasting.training.forecast_task import ForecastTask, StorePart
from forecasting.training.previous_version import PreviousVersion
from forecasting.training.publication import merged, publication
from forecasting.training.run_checkpoints import fingerprint
from forecasting.training.store_files import StoreFiles


@dataclass(frozen=True, slots=True)
class Assignment:
    """The work of one store's run.

    Attributes
    ----------
    chain
        Priors and spreads pooled over all stores, or None.
    predictor
        The predictor to reuse; None to train a new one.
    parts
        Number of tasks its series are divided into.
    remote
        Forecasts that a remote engine made for the store, or None.
    previous
        The store's newest published version, or None.
    """

    run: RefreshRun
    files: StoreFiles
    chain: ChainPriors | None
    predictor: Predictor | None
    parts: int = 1
    remote: RemoteStoreForecasts | None = None
    previous: PreviousVersion | None = None

    @property
    def stage(self) -> str:
        """The stage shown to planners while its tasks run."""
        return "Forecasting" if self.predictor else "Training"

    @property
    def series(self) -> int:
        """Number of series: the products and their total."""
        return len({ALL_ITEMS, *self.files.sales.items})

    def tasks(self, horizon: int) -> list[ForecastTask]:
        """Return its tasks, one per part."""
        task = ForecastTask(
            self.files,
            self.run.engine,
            horizon,
            chain=self.chain.of({ALL_ITEMS, *self.files.sales.items}) if self.chain else None,
            choices=self.predictor.choices if self.predictor else None,
            remote=self.remote,
            parts=self.parts,
            previous=self.previous.setup if self.previous else None,
        )
        return [replace(task, part=part) for part in range(self.parts)]

    def input_hash(self, horizon: int, chain_id: str) -> str:
        """Hash of the values that go into its forecast (`calendar.inputs.input_hash`)."""
        sales, plan = self.files.sales, self.files.plan
        plan_hash = plan.content_hash if plan else None
        return input_hash(sales.content_hash, plan_hash, horizon, self.files.facts, chain_id)

    def fingerprint(self, horizon: int) -> str:
        """Key of everything its results depend on, except how they are divided into parts."""
        values = self.input_hash(horizon, self.chain.chain_id if self.chain else "")
        predictor = self.predictor.predictor_id if self.predictor else ""
        previous = self.previous.version if self.previous else 0
        return fingerprint(values, self.run.engine, predictor, previous)

    def publication(self, parts: Sequence[StorePart], horizon: int, trained_at: datetime) -> Publication:
        """Put the results of its tasks together.

        Parameters
        ----------
        trained_at
            When a new predictor was trained (UTC). A reused one keeps its own time.

        Raises
        ------
        FitFailed
            If none of its series could be forecast.
        """
        choices = [each.choice for each in merged(parts) if each.choice is not None]
        if self.predictor is not None:
            predictor = with_new_choices(self.predictor, choices)
        else:
            predictor = self._new_predictor(parts, choices, trained_at)
        values = self.input_hash(horizon, predictor.chain_id)
        return publication(parts, predictor, horizon, values, self.previous)

    def _new_predictor(
        self, parts: Sequence[StorePart], choices: Sequence[SeriesChoice], trained_at: datetime
    ) -> Predictor:
        chain_id = self.chain.chain_id if self.chain else ""
        run = self.run
        return Predictor(
            uuid4().hex, run.scope, run.engine, trained_at, parts[0].cutoff, tuple(choices), chain_id
        )


def with_new_choices(predictor: Predictor, choices: Sequence[SeriesChoice]) -> Predictor:
    """Return the predictor, or a copy of the same age under a new id if a series has a new choice."""
    known = {choice.item: choice for choice in predictor.choices}
    used = {choice.item: choice for choice in choices}
    if all(known.get(item) == choice for item, choice in used.items()):
        return predictor
    return replace(predictor, predictor_id=uuid4().hex, choices=tuple((known | used).values()))
