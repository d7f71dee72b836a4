"""What a worker runs again to tell what moved a forecast: what the version before was made with."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from forecasting.calendar.inputs import StoreInputs
from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import HistoryFile, SeriesChoice
from forecasting.core.errors import StateUnavailable
from forecasting.core.explanation import Cause
from forecasting.core.pooled_priors import ChainPriors
from forecasting.core.ports import HistoryReader
from forecasting.evaluation.selection import Contest
from forecasting.evaluation.serving import Rerun

log = logging.getLogger(__name__)

InputsBy = Callable[[HistoryFile | None], StoreInputs]
"""The inputs of a store by one plan or another."""


@dataclass(frozen=True, slots=True)
class OnceReader:
    """Reads each file of a task once."""

    reader: HistoryReader
    known: dict[HistoryFile, dict[str, SeriesDays]] = field(default_factory=dict)

    def days(self, file: HistoryFile) -> dict[str, SeriesDays]:
        """See `ports.HistoryReader.days`."""
        if file not in self.known:
            self.known[file] = self.reader.days(file)
        return self.known[file]


@dataclass(frozen=True, slots=True)
class Before:
    """What the version before was made with, where more than one thing has changed since.

    Attributes
    ----------
    causes
        What has changed, in the order of `Cause`.
    plan, choices, chain
        Those of then.
    """

    causes: tuple[Cause, ...]
    plan: HistoryFile | None
    choices: tuple[SeriesChoice, ...]
    chain: ChainPriors | None

    def rerun(self, contest: Contest, inputs_by: InputsBy) -> Rerun:
        """Make it ready to be run again; a plan that is gone or damaged is left out.

        Parameters
        ----------
        contest
            That of now.
        inputs_by
            Gives the sales of now by a plan of then; may raise `StateUnavailable`.
        """
        choices = {choice.item: choice for choice in self.choices}
        return Rerun(self.causes, replace(contest, chain=self.chain), choices, self._futures(inputs_by))

    def _futures(self, inputs_by: InputsBy) -> dict[str, SeriesDays] | None:
        if not {Cause.SALES, Cause.PLAN}.issubset(self.causes):
            return {}
        try:
            inputs = inputs_by(self.plan)
        except StateUnavailable as error:
            log.info("the plan of the forecast before can't be read: %s", error)
            return None
        return {series.key.item: series.future for series in inputs.series}
