"""Choose the engine of a series: the configured engine against its challengers, compared by backtest."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import BacktestScore, SeriesChoice
from forecasting.core.errors import FitFailed
from forecasting.core.store_inputs import SeriesInputs
from forecasting.evaluation.backtest import Backtest, backtest
from forecasting.evaluation.candidate_engines import CandidateEngines
from forecasting.evaluation.windows import Window, backtest_windows

CHALLENGER = "seasonal_naive"
"""The engine that every configured engine has to beat."""

EMPIRICAL = "empirical"
"""The engine for intermittent and short series."""

MARGIN = 0.02
"""A challenger is chosen only if its quantile loss is lower by this share, so that noise does not flip it."""

INTERMITTENT_DAYS = 182
"""Days that decide whether a series is intermittent: two quarters, so that one season does not decide."""

INTERMITTENT_SHARE = 0.5
"""A series is intermittent if it sold nothing on more than this share of open days: its median is then 0."""

LEAST_DAYS = 56
"""Fewest days of history before the cutoff of a window: eight of each weekday."""

SHORT_HORIZON, SHORT_WINDOWS, SHORT_DAYS = 14, 2, 21
"""Days of a short window, how many there are at most, and the fewest days of history before the first.
They are used where no window of the whole horizon fits."""


def choose(engines: CandidateEngines, inputs: SeriesInputs) -> SeriesChoice:
    """Backtest the configured engine and its challengers, and choose one of them.

    The challengers are seasonal-naive and, for intermittent series, `EMPIRICAL`. The best challenger is
    chosen if its mean weighted quantile loss over all windows is lower by `MARGIN`, or if the configured
    engine can't be fitted. The reason says which.

    A series too short for windows of the whole horizon is tested on up to two shorter ones, with `EMPIRICAL`
    among the challengers. If it is too short for those as well, `EMPIRICAL` is chosen without a backtest.

    If a remote engine is configured, every engine is tested on the windows of the remote engine's own
    backtest. If it is the only one configured and delivered no backtest, it is chosen without one.
    """
    item = inputs.key.item
    windows, short = _windows(engines, inputs)
    if not windows:
        return SeriesChoice(item, *_without_backtest(engines, inputs.past))
    names = _candidates(engines.configured, inputs.past, short=short)
    tested = [_tested(engines, name, inputs, windows) for name in names]
    engine, reason = _winner([score for score, _ in tested], windows)
    backtests = {each.engine: each for _, each in tested if each is not None}
    pooled = engines.spread(engine, item, inputs.past.last)
    widths = backtests[engine].width_factors(pooled) if engine in backtests else ()
    return SeriesChoice(item, engine, reason, tuple(score for score, _ in tested), widths)


def intermittent(past: SeriesDays) -> bool:
    """Whether nothing was sold on most open days of the last half year."""
    if not len(past):
        return False
    opened = past.y[past.is_open & (past.days > past.days[-1] - INTERMITTENT_DAYS)]
    return int(np.count_nonzero(opened == 0)) > INTERMITTENT_SHARE * len(opened)


def _windows(engines: CandidateEngines, inputs: SeriesInputs) -> tuple[tuple[Window, ...], bool]:
    """The windows all engines are tested on, and whether they are short ones."""
    past, horizon = inputs.past, len(inputs.future)
    if engines.remote is not None:
        windows = engines.remote.windows(inputs.key.item, past)
        if windows or len(engines.configured) == 1:
            return tuple(Window(*each) for each in windows), False
    regular = backtest_windows(past, horizon, least_days=LEAST_DAYS)
    if regular:
        return regular, False
    return backtest_windows(past, min(horizon, SHORT_HORIZON), SHORT_WINDOWS, SHORT_DAYS), True


def _candidates(configured: Sequence[str], past: SeriesDays, *, short: bool) -> tuple[str, ...]:
    """The names of the engines to test, the configured ones first."""
    more = (EMPIRICAL,) if short or intermittent(past) else ()
    return tuple(dict.fromkeys((*configured, CHALLENGER, *more)))


def _tested(
    engines: CandidateEngines, name: str, inputs: SeriesInputs, windows: Sequence[Window]
) -> tuple[BacktestScore, Backtest | None]:
    """An engine's score and backtest; if one of its fits fails, the score has only the reason."""
    item = inputs.key.item
    try:
        made = backtest(name, partial(engines.engine, name, item), inputs.key, inputs.past, windows)
    except FitFailed as error:
        cutoffs = tuple(window.cutoff for window in windows)
        return BacktestScore(name, cutoffs, windows[0].horizon, failure=str(error)), None
    return made.judge(partial(engines.spread, name, item)), made


def _winner(scores: Sequence[BacktestScore], windows: Sequence[Window]) -> tuple[str, str]:
    """The chosen engine and the reason; the first score is that of the configured engine."""
    own, *others = scores
    best = min((each for each in others if not each.failure), key=_loss, default=None)
    if own.failure:
        return best.engine if best else CHALLENGER, own.failure
    if not others:
        return own.engine, "as configured"
    if best is None:
        return own.engine, "no other engine could be fitted"
    if not own.total.sold:
        return own.engine, "no sales in the test period to compare with"
    weeks = _length((windows[-1].cutoff - windows[0].cutoff).days + own.horizon)
    if _loss(best) < (1 - MARGIN) * _loss(own):
        return best.engine, f"more accurate over the last {weeks}"
    return own.engine, f"at least as accurate over the last {weeks}"


def _loss(score: BacktestScore) -> float:
    return score.total.loss


def _without_backtest(engines: CandidateEngines, past: SeriesDays) -> tuple[str, str]:
    """The engine of a series without a backtest, and the reason.

    A remote engine stays if it is the only one configured. Seasonal-naive stays if it is configured, because
    it can forecast from a few days. Otherwise it is `EMPIRICAL`.
    """
    if engines.remote is not None and engines.configured == (engines.remote.engine,):
        return engines.asked, "as configured; there is no backtest to compare with"
    if engines.asked == CHALLENGER:
        return engines.asked, "as configured"
    days = int(past.days[-1] - past.days[0]) + 1 if len(past) else 0
    return EMPIRICAL, f"only {_length(days)} of sales so far: the range of those days is used"


def _length(days: int) -> str:
    """A number of days in words, in whole weeks from two weeks on."""
    if days < 2 * 7:
        return f"{days} day{'' if days == 1 else 's'}"
    return f"{days // 7} weeks"
