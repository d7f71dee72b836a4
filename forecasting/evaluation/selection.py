"""Which engine serves a series: the asked-for one against its challengers, judged on a backtest."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import numpy as np

from forecasting.calendar.inputs import SeriesInputs
from forecasting.config.settings import JOINED
from forecasting.core.day_arrays import SeriesDays, SeriesForecast
from forecasting.core.domain import BacktestScore, SeriesChoice
from forecasting.core.errors import FitFailed
from forecasting.core.pooled_priors import ChainPriors, PooledPrior, PooledSpread
from forecasting.core.ports import LocalEngine
from forecasting.evaluation.backtest import Backtest, backtest, fit_and_forecast
from forecasting.evaluation.calibration import widen
from forecasting.evaluation.remote_engine import Brought
from forecasting.evaluation.windows import Window, backtest_windows

log = logging.getLogger(__name__)

CHALLENGER = "seasonal_naive"
"""The engine every other one has to beat."""

EMPIRICAL = "empirical"
"""The engine of series that are intermittent or short."""

MARGIN = 0.02
"""How much lower a challenger's quantile loss must be before it serves, so that noise does not flip it."""

INTERMITTENT_DAYS = 182
"""Days looked back for whether a series is intermittent: two quarters, so that one season does not decide."""

INTERMITTENT_SHARE = 0.5
"""Share of open days without a sale above which a series is intermittent: its median is then 0."""

LEAST_DAYS = 56
"""Days of history before the cutoff of a window at least: eight of each weekday."""

SHORT_HORIZON, SHORT_WINDOWS, SHORT_DAYS = 14, 2, 21
"""Windows of a series too short for those of the whole horizon: two weeks each, after three weeks or more."""

EngineNamed = Callable[[str, PooledPrior | None], LocalEngine]
"""An engine by name, with what is pooled over the chain."""


@dataclass(frozen=True, slots=True)
class Contest:
    """The engines that may serve a series, and what is known over the chain.

    Attributes
    ----------
    asked
        The engine that is configured, or several joined by `JOINED`, of which the first has to be beaten.
    chain
        What was pooled for it, or None.
    brought
        What an engine elsewhere has brought for the store, where one was asked.
    """

    asked: str
    engine_named: EngineNamed
    chain: ChainPriors | None = None
    brought: Brought | None = None

    @property
    def own(self) -> tuple[str, ...]:
        """The engines that are configured."""
        return tuple(self.asked.split(JOINED))

    def engine(self, name: str, item: str, cutoff: date) -> LocalEngine:
        """An engine as it could have been at a cutoff.

        Raises
        ------
        EngineUnavailable
            If it is not to be had.
        """
        if self.brought is not None and name == self.brought.engine:
            return self.brought.fetched(item)
        known = self.chain.prior(item, cutoff) if self._pooled(name) and self.chain else None
        return self.engine_named(name, known)

    def spread(self, name: str, item: str, cutoff: date) -> PooledSpread | None:
        """What was known at a cutoff of how far the truth lies from an engine's forecasts."""
        return self.chain.spread(item, cutoff) if self._pooled(name) and self.chain else None

    def _pooled(self, name: str) -> bool:
        return self.chain is not None and self.chain.engine == name


def forecast_series(contest: Contest, inputs: SeriesInputs, choice: SeriesChoice) -> SeriesForecast:
    """The forecast of the engine that serves, calibrated as was chosen.

    Raises
    ------
    FitFailed
        If it can't be fitted.
    EngineUnavailable
        If it is not to be had.
    InvalidFrame
        If it breaks its promises.
    """
    engine = contest.engine(choice.engine, inputs.key.item, inputs.past.last)
    return widen(fit_and_forecast(engine, inputs.past, inputs.future, inputs.key), choice.widths)


def choose(contest: Contest, inputs: SeriesInputs) -> SeriesChoice:
    """Backtest the asked-for engine and its challengers and choose between them.

    The challengers are seasonal-naive and, where the series is intermittent, `EMPIRICAL`. The best of them
    serves where its mean weighted quantile loss over all windows is lower by `MARGIN`, or where the asked-for
    engine can't be fitted; the reason says which. A series too short for such a window is tried on up to two
    shorter ones, `EMPIRICAL` among the challengers; one too short for those as well is left to `EMPIRICAL`.
    Where an engine elsewhere is asked, all are judged on the windows of its own backtest; it serves unjudged
    where it alone is asked and has none.
    """
    item = inputs.key.item
    windows, short = _windows(contest, inputs)
    if not windows:
        return SeriesChoice(item, *_without_backtest(contest, inputs.past))
    tried = [
        _tried(contest, name, inputs, windows) for name in _candidates(contest.own, inputs.past, short=short)
    ]
    engine, reason = _winner([score for score, _ in tried], windows)
    tests = {each.engine: each for _, each in tried if each is not None}
    pooled = contest.spread(engine, item, inputs.past.last)
    widths = tests[engine].width_factors(pooled) if engine in tests else ()
    return SeriesChoice(item, engine, reason, tuple(score for score, _ in tried), widths)


def intermittent(past: SeriesDays) -> bool:
    """Whether on most open days of the last half year nothing was sold."""
    if not len(past):
        return False
    opened = past.y[past.is_open & (past.days > past.days[-1] - INTERMITTENT_DAYS)]
    return int(np.count_nonzero(opened == 0)) > INTERMITTENT_SHARE * len(opened)


def _windows(contest: Contest, inputs: SeriesInputs) -> tuple[tuple[Window, ...], bool]:
    """What all engines are tried on, and whether that is short."""
    past, horizon = inputs.past, len(inputs.future)
    if contest.brought is not None:
        tried = contest.brought.tried(inputs.key.item, past)
        if tried or len(contest.own) == 1:
            return tuple(Window(*each) for each in tried), False
    windows = backtest_windows(past, horizon, least_days=LEAST_DAYS)
    if windows:
        return windows, False
    return backtest_windows(past, min(horizon, SHORT_HORIZON), SHORT_WINDOWS, SHORT_DAYS), True


def _candidates(own: Sequence[str], past: SeriesDays, *, short: bool) -> tuple[str, ...]:
    more = (EMPIRICAL,) if short or intermittent(past) else ()
    return tuple(dict.fromkeys((*own, CHALLENGER, *more)))


def _tried(
    contest: Contest, name: str, inputs: SeriesInputs, windows: Sequence[Window]
) -> tuple[BacktestScore, Backtest | None]:
    """An engine's score and its backtest; if one of its fits fails it has no figures but a reason."""
    item = inputs.key.item
    try:
        made = backtest(name, partial(contest.engine, name, item), inputs.key, inputs.past, windows)
    except FitFailed as error:
        cutoffs = tuple(window.cutoff for window in windows)
        return BacktestScore(name, cutoffs, windows[0].horizon, failure=str(error)), None
    return made.judged(partial(contest.spread, name, item)), made


def _winner(scores: Sequence[BacktestScore], windows: Sequence[Window]) -> tuple[str, str]:
    """The engine that serves and why; the first score is that of the asked-for engine."""
    own, *others = scores
    best = min((each for each in others if not each.failure), key=_loss, default=None)
    if own.failure:
        return best.engine if best else CHALLENGER, own.failure
    if not others:
        return own.engine, "as configured"
    if best is None:
        return own.engine, "the only one that could be fitted"
    if not own.total.sold:
        return own.engine, "no sales in the backtest to compare by"
    weeks = _length((windows[-1].cutoff - windows[0].cutoff).days + own.horizon)
    if _loss(best) < (1 - MARGIN) * _loss(own):
        return best.engine, f"better over the last {weeks}"
    return own.engine, f"as good or better over the last {weeks}"


def _loss(score: BacktestScore) -> float:
    return score.total.loss


def _without_backtest(contest: Contest, past: SeriesDays) -> tuple[str, str]:
    """Seasonal-naive where it was asked for: it knows what to do with a few days; else weekday quantiles."""
    if contest.brought is not None and contest.own == (contest.brought.engine,):
        return contest.asked, "as configured; there is no backtest of it to compare by"
    if contest.asked == CHALLENGER:
        return contest.asked, "as configured"
    days = int(past.days[-1] - past.days[0]) + 1 if len(past) else 0
    return EMPIRICAL, f"{_length(days)} of history: too short for more than its own quantiles"


def _length(days: int) -> str:
    """A number of days in words, in whole weeks from two on."""
    if days < 2 * 7:
        return f"{days} day{'' if days == 1 else 's'}"
    return f"{days // 7} weeks"
