"""The plan, choices and chain of a store's previous version, as a worker needs them to replay the changes."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import HistoryFile, SeriesChoice
from forecasting.core.errors import StateUnavailable
from forecasting.core.explanation import Cause
from forecasting.core.pooled_priors import ChainPriors
from forecasting.core.store_inputs import StoreInputs
from forecasting.evaluation.candidate_engines import CandidateEngines
from forecasting.evaluation.change_replay import ChangeReplay

log = logging.getLogger(__name__)

InputsWithPlan = Callable[[HistoryFile | None], StoreInputs]
"""Returns a store's current inputs with another plan; may raise `StateUnavailable`."""


@dataclass(frozen=True, slots=True)
class PreviousSetup:
    """How the previous version was made. Needed only if more than one thing has changed since.

    Attributes
    ----------
    causes
        What has changed since, in the order of `Cause`.
    plan
        The previous plan; None if there was none.
    choices
        The previous choices.
    chain
        The previous chain; None if there was none.
    """

    causes: tuple[Cause, ...]
    plan: HistoryFile | None
    choices: tuple[SeriesChoice, ...]
    chain: ChainPriors | None

    def replay(self, engines: CandidateEngines, inputs_with_plan: InputsWithPlan) -> ChangeReplay:
        """Prepare the replay of the changes. If the previous plan can't be read, it goes without.

        Parameters
        ----------
        engines
            The current candidate engines.
        inputs_with_plan
            Combines the current sales with the previous plan.
        """
        choices = {choice.item: choice for choice in self.choices}
        previous = replace(engines, chain=self.chain)
        return ChangeReplay(self.causes, previous, choices, self._futures(inputs_with_plan))

    def _futures(self, inputs_with_plan: InputsWithPlan) -> dict[str, SeriesDays] | None:
        if not {Cause.SALES, Cause.PLAN}.issubset(self.causes):
            return {}
        try:
            inputs = inputs_with_plan(self.plan)
        except StateUnavailable as error:
            log.info("the plan of the previous forecast can't be read: %s", error)
            return None
        return {series.key.item: series.future for series in inputs.series}
