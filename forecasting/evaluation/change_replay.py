"""Replay the changes since a store's previous version one at a time, to attribute the difference to each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from forecasting.core.day_arrays import SeriesDays, SeriesForecast
from forecasting.core.domain import SeriesChoice
from forecasting.core.errors import EngineUnavailable, FitFailed, InvalidFrame
from forecasting.core.explanation import Cause
from forecasting.core.pooled_priors import PooledPrior
from forecasting.core.store_inputs import SeriesInputs
from forecasting.evaluation.calibration import widen
from forecasting.evaluation.candidate_engines import CandidateEngines
from forecasting.evaluation.series_fit import SeriesFit


@dataclass(frozen=True, slots=True)
class ChangeReplay:
    """The previous version's plan, choices and chain, which the replay starts from.

    Attributes
    ----------
    causes
        What has changed since the previous version, in the order of `Cause`.
    engines
        The candidate engines with the chain of the previous version.
    choices
        The choices of the previous version, by item.
    futures
        The days to forecast according to the previous plan, by item. Empty if the plan has not changed; None
        if the previous plan can't be read any more.
    """

    causes: tuple[Cause, ...]
    engines: CandidateEngines
    choices: Mapping[str, SeriesChoice] = field(default_factory=dict)
    futures: Mapping[str, SeriesDays] | None = field(default_factory=dict)

    def forecasts(
        self, engines: CandidateEngines, inputs: SeriesInputs, choice: SeriesChoice, fit: SeriesFit
    ) -> dict[Cause, SeriesForecast] | None:
        """Forecast a series after each cause but the last; the causes still to come keep their old value.

        The current choice stands in for the previous one if the series had none, or if its engine can't fit
        the current sales: the new sales are then the reason.

        Parameters
        ----------
        engines, inputs, choice, fit
            The current ones.

        Returns
        -------
        dict or None
            None if the previous plan or engine is no longer available.
        """
        if self.futures is None:
            return None
        current = (engines, choice)
        previous = self.choices.get(inputs.key.item) if Cause.MODEL in self.causes else None
        for candidates, chosen in ((self.engines, previous) if previous else current, current):
            try:
                same = _fitted_from(candidates, chosen, inputs) == _fitted_from(engines, choice, inputs)
                replayed = fit if same else candidates.fit(chosen.engine, inputs)
                return {cause: self._after(cause, inputs, chosen, replayed) for cause in self.causes[:-1]}
            except FitFailed:
                continue
            except (EngineUnavailable, InvalidFrame):
                return None
        return None

    def _after(
        self, cause: Cause, inputs: SeriesInputs, choice: SeriesChoice, fit: SeriesFit
    ) -> SeriesForecast:
        """The forecast after one cause: new sales are still combined with the previous plan."""
        previous_plan = cause is Cause.SALES and Cause.PLAN in self.causes
        futures = (self.futures or {}) if previous_plan else {}
        return widen(fit.forecast(futures.get(inputs.key.item, inputs.future)), choice.widths)


def _fitted_from(
    engines: CandidateEngines, choice: SeriesChoice, inputs: SeriesInputs
) -> tuple[str, PooledPrior | None]:
    """Everything a fit to the same sales depends on: the engine and its prior."""
    return choice.engine, engines.prior(choice.engine, inputs.key.item, inputs.past.last)
