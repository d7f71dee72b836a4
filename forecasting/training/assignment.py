"""What one store's run needs done, and what its results make."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from forecasting.calendar.inputs import input_hash
from forecasting.core.domain import ALL_ITEMS, Predictor, RefreshRun, SeriesChoice
from forecasting.core.pooled_priors import ChainPriors
from forecasting.core.ports import Publication
from forecasting.evaluation.remote_engine import Brought
from forecasting.training.previous_version import Earlier
from forecasting.training.publication import merged, publication
from forecasting.training.resuming import fingerprint
from forecasting.training.tasks import ForecastTask, StoreFiles, StorePart


@dataclass(frozen=True, slots=True)
class Assignment:
    """What one store's run needs done.

    Attributes
    ----------
    chain
        What is known over the chain, or None.
    kept
        The predictor whose choices are kept; None to train.
    parts
        Into how many tasks its series are divided.
    brought
        What an engine elsewhere has brought for the store, where one was asked.
    earlier
        The version before, or None.
    """

    run: RefreshRun
    files: StoreFiles
    chain: ChainPriors | None
    kept: Predictor | None
    parts: int = 1
    brought: Brought | None = None
    earlier: Earlier | None = None

    @property
    def stage(self) -> str:
        """What it does, in a word."""
        return "Forecasting" if self.kept else "Training"

    @property
    def series(self) -> int:
        """How many series it is about: the products and their total."""
        return len({ALL_ITEMS, *self.files.sales.items})

    def tasks(self, horizon: int) -> list[ForecastTask]:
        """Its tasks, one for each part."""
        known = self.chain.of({ALL_ITEMS, *self.files.sales.items}) if self.chain else None
        kept = self.kept.choices if self.kept else None
        task = ForecastTask(
            self.files, self.run.engine, horizon, known, kept, brought=self.brought, parts=self.parts
        )
        before = self.earlier.before if self.earlier else None
        return [replace(task, part=part, before=before) for part in range(self.parts)]

    def values(self, horizon: int, chain_id: str) -> str:
        """Hash of the values that go into its forecast (`calendar.inputs.input_hash`)."""
        sales, plan = self.files.sales, self.files.plan
        plan_hash = plan.content_hash if plan else None
        return input_hash(sales.content_hash, plan_hash, horizon, self.files.facts, chain_id)

    def fingerprint(self, horizon: int) -> str:
        """What the results of its tasks depend on, but for how they are divided."""
        values = self.values(horizon, self.chain.chain_id if self.chain else "")
        since = self.earlier.version if self.earlier else 0
        return fingerprint(values, self.run.engine, self.kept.predictor_id if self.kept else "", since)

    def publication(self, parts: Sequence[StorePart], horizon: int, trained_at: datetime) -> Publication:
        """What the results of its tasks make.

        Parameters
        ----------
        trained_at
            When its predictor was trained; one that is kept keeps its own instant.

        Raises
        ------
        FitFailed
            If not one of its series could be forecast.
        """
        choices = [each.choice for each in merged(parts) if each.choice is not None]
        if self.kept is not None:
            predictor = with_new_choices(self.kept, choices)
        else:
            predictor = self._predictor(parts, choices, trained_at)
        values = self.values(horizon, predictor.chain_id)
        return publication(parts, predictor, horizon, values, self.earlier)

    def _predictor(
        self, parts: Sequence[StorePart], choices: Sequence[SeriesChoice], trained_at: datetime
    ) -> Predictor:
        chain_id = self.chain.chain_id if self.chain else ""
        run = self.run
        return Predictor(
            uuid4().hex, run.scope, run.engine, trained_at, parts[0].cutoff, tuple(choices), chain_id
        )


def with_new_choices(kept: Predictor, choices: Sequence[SeriesChoice]) -> Predictor:
    """The predictor as it is or, where a series was chosen for anew, one of the same age with that."""
    known = {choice.item: choice for choice in kept.choices}
    chosen = {choice.item: choice for choice in choices}
    if all(known.get(item) == choice for item, choice in chosen.items()):
        return kept
    return replace(kept, predictor_id=uuid4().hex, choices=tuple((known | chosen).values()))
