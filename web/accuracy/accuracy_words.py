"""What the figures of Accuracy say, in sentences (pure)."""

from collections.abc import Sequence

from forecasting.core.error_sums import ErrorSums
from forecasting.evaluation.accuracy_report import (
    AccuracyReport,
    BacktestSummary,
    BandVerdict,
    ErrorComparison,
    WeekAhead,
    judge_band,
)
from web.shared import formats

PROMISE = 0.8
"""Share of days the band promises to hold."""

LIKE = 0.005
"""Difference from which on one error is said to be nearer than another: what a rounded percentage shows."""

STEADY = 0.05
"""Change of the error from the first week ahead to the last that is not worth a word."""

NO_BACKTEST = "No backtest yet under this version; it comes with the next training"

NOTHING_TESTED = (
    "Nothing that was published has been put to the test yet: that begins after the first day of sales "
    "following a forecast."
)

BANDS = {
    BandVerdict.HONEST: "the band keeps its promise",
    BandVerdict.NARROW: "the band is too narrow",
    BandVerdict.WIDE: "the band is wider than needed",
}


def news(report: AccuracyReport) -> str:
    """The one sentence a planner should take away."""
    if report.backtest is None:
        return "No backtest yet"
    total = report.backtest.total
    if total.served.coverage is None or total.served.wape is None:
        return "Nothing was sold on the days of the backtest"
    return f"{_standing(report.backtest)}; {BANDS[judge_band(total.served.coverage)]}"


def _standing(backtest: BacktestSummary) -> str:
    if backtest.same == backtest.series:
        return "The 4-week average itself serves here"
    gain = backtest.total.gain
    if gain is None:
        return "There is no 4-week average to compare with"
    if abs(gain) < LIKE:
        return "As near the truth as the 4-week average"
    side = "nearer the truth" if gain > 0 else "further off"
    return f"{formats.percent(abs(gain), 0)} {side} than the 4-week average"


def against_average(sums: ErrorComparison) -> str:
    """``18% better``, ``3% worse``, ``the same``; ``n/a`` where there is nothing to compare with."""
    gain = sums.gain
    if gain is None:
        return formats.NONE
    if abs(gain) < LIKE:
        return "The same"
    return f"{formats.percent(abs(gain), 0)} {'better' if gain > 0 else 'worse'}"


def method(backtest: BacktestSummary) -> str:
    """How the backtest was made."""
    made = f"Forecasts made without the last {backtest.horizon} days, then compared with what was sold"
    return (
        f"{made}; {backtest.windows} times, each from further back." if backtest.windows > 1 else f"{made}."
    )


def untested(report: AccuracyReport) -> str:
    """What is to be said of series without a backtest, or ``""``."""
    if not report.untested:
        return ""
    if report.backtest is None:
        return f"{NO_BACKTEST}."
    are = "1 store has" if report.untested == 1 else f"{formats.number(report.untested)} stores have"
    return f"{are} none and {'is' if report.untested == 1 else 'are'} left out: {NO_BACKTEST.lower()}."


def trend(weeks: Sequence[WeekAhead]) -> str:
    """Whether it gets worse with days ahead."""
    first = weeks[0].sums.served.wape if weeks else None
    later = ErrorSums.total(week.sums.served for week in weeks[1:]).wape
    if first is None and later is None:
        return "There is nothing to compare with."
    if first is None or later is None:
        return f"Off by {formats.percent(later if first is None else first)} of what was sold."
    if abs(later - first) <= STEADY * first:
        return f"About as good {weeks[-1].last} days ahead as in the first week."
    words = "It grows" if later > first else "No worse with the days ahead"
    return f"{words}: {formats.percent(first)} in the first week, {formats.percent(later)} after that."


def band(coverage: float | None) -> str:
    """Whether the band keeps its promise."""
    if coverage is None:
        return "There are no days to judge the band by."
    share = formats.percent(coverage, 0)
    verdict = judge_band(coverage)
    if verdict is BandVerdict.HONEST:
        return f"The band holds {share} of days: as promised."
    words = "Too narrow" if verdict is BandVerdict.NARROW else "Wider than needed"
    return f"{words}: the truth lay inside on {share} of days, {formats.percent(PROMISE, 0)} are promised."


def figures(sums: ErrorSums) -> list[str]:
    """Every figure of some errors, in the order of `FIGURES`."""
    ratio = [formats.NONE if value is None else formats.number(value, 3) for value in (sums.mase, sums.wql)]
    shares = [formats.percent(value) for value in (sums.wape, sums.bias, sums.rmspe, sums.coverage)]
    return [*shares, *ratio, formats.number(sums.days)]


FIGURES = (
    "Error: daily misses as a share of sales (WAPE)",
    "Bias: above 0 where too much was expected",
    "Root mean squared percentage error (RMSPE)",
    "Days inside the band, 80% promised",
    "Miss against last week's same day, below 1 is nearer (MASE)",
    "Weighted quantile loss over 10, 50, 90% (wQL)",
    "Open days scored",
)
"""What each figure is, for experts."""
