"""What serves a series: its forecast, why it says so, and what it would have said with less that is new."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from forecasting.calendar.inputs import SeriesInputs
from forecasting.core.day_arrays import SeriesDays, SeriesForecast
from forecasting.core.domain import SeriesChoice
from forecasting.core.errors import EngineUnavailable, FitFailed, InvalidFrame
from forecasting.core.explanation import Cause, Explanation
from forecasting.core.pooled_priors import PooledPrior
from forecasting.evaluation.calibration import widen
from forecasting.evaluation.fits import Fit
from forecasting.evaluation.selection import Contest


@dataclass(frozen=True, slots=True)
class Served:
    """What is served.

    Attributes
    ----------
    forecast
        Of the engine that was chosen, calibrated as was chosen.
    explanation
        Of its mean.
    midway
        As `Rerun.midway` says.
    """

    forecast: SeriesForecast
    explanation: Explanation
    midway: Mapping[Cause, SeriesForecast] | None


@dataclass(frozen=True, slots=True)
class Rerun:
    """What the version before was made with, to change one thing at a time from there.

    Attributes
    ----------
    causes
        What has changed since, in the order of `Cause`.
    contest
        The engines, with what was known over the chain then.
    choices
        What was chosen then, by item.
    futures
        The days to come by the plan of then, by item; empty where the plan has not changed. None where that
        plan can't be read any more.
    """

    causes: tuple[Cause, ...]
    contest: Contest
    choices: Mapping[str, SeriesChoice] = field(default_factory=dict)
    futures: Mapping[str, SeriesDays] | None = field(default_factory=dict)

    def midway(
        self, contest: Contest, inputs: SeriesInputs, choice: SeriesChoice, fit: Fit
    ) -> dict[Cause, SeriesForecast] | None:
        """The forecasts after each of the causes but the last: what is still to change is as it was then.

        A series that was not chosen for then, or can't be fitted any more by what was chosen, has what is
        chosen now: the new sales have made it so.

        Parameters
        ----------
        contest, choice, fit
            Those of now.

        Returns
        -------
        dict or None
            None where it can't be told.
        """
        if self.futures is None:
            return None
        now, told = (contest, choice), _told(contest, choice, inputs)
        then = self.choices.get(inputs.key.item) if Cause.MODEL in self.causes else None
        for known, chosen in ((self.contest, then) if then else now, now):
            try:
                one = fit if _told(known, chosen, inputs) == told else _fit(known, chosen, inputs)
                return {cause: self._after(cause, inputs, chosen, one) for cause in self.causes[:-1]}
            except FitFailed:
                continue
            except (EngineUnavailable, InvalidFrame):
                return None
        return None

    def _after(self, cause: Cause, inputs: SeriesInputs, choice: SeriesChoice, fit: Fit) -> SeriesForecast:
        past_plan = cause is Cause.SALES and Cause.PLAN in self.causes
        future = (self.futures or {}).get(inputs.key.item, inputs.future) if past_plan else inputs.future
        return widen(fit.forecast(future), choice.widths)


def serve(contest: Contest, inputs: SeriesInputs, choice: SeriesChoice, rerun: Rerun | None = None) -> Served:
    """Forecast a series as was chosen (`selection.forecast_series`), with reasons.

    Raises
    ------
    FitFailed
        If it can't be fitted.
    EngineUnavailable
        If the engine is not to be had.
    InvalidFrame
        If it breaks its promises.
    """
    fit = _fit(contest, choice, inputs)
    forecast = fit.forecast(inputs.future)
    explanation = fit.explanation(inputs.future, forecast.mean)
    midway = rerun.midway(contest, inputs, choice, fit) if rerun else None
    return Served(widen(forecast, choice.widths), explanation, midway)


def _fit(contest: Contest, choice: SeriesChoice, inputs: SeriesInputs) -> Fit:
    engine = contest.engine(choice.engine, inputs.key.item, inputs.past.last)
    return Fit.of(engine, inputs.past, inputs.key)


def _told(contest: Contest, choice: SeriesChoice, inputs: SeriesInputs) -> tuple[str, PooledPrior | None]:
    """All that a fit to the same sales depends on: the engine, and what it is told of the chain."""
    chain = contest.chain
    pooled = chain is not None and chain.engine == choice.engine
    return choice.engine, chain.prior(inputs.key.item, inputs.past.last) if chain and pooled else None
