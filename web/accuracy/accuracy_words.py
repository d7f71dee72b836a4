"""What the figures of Accuracy say, in sentences (pure)."""

from collections.abc import Sequence

from forecasting.core import wording
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

INTENDED = 0.8
"""Share of days that should fall inside the likely range."""

LIKE = 0.005
"""Relative difference below which two errors count as equal: a rounded percentage would not show it."""

STEADY = 0.05
"""Relative change of the error from the first week ahead to the later ones that is not worth mentioning."""

NO_BACKTEST = "No backtest yet with this version of Storecast; the next training makes one"

NOTHING_CHECKED = (
    "No published forecast has been checked against sales yet. The first check follows the first day of "
    "sales after a forecast."
)


def news(report: AccuracyReport) -> str:
    """The headline: how accurate the forecast is, and whether its range holds."""
    if report.backtest is None:
        return "No backtest yet"
    total = report.backtest.total
    if total.served.coverage is None or total.served.wape is None:
        return "Nothing was sold on the days of the backtest"
    return f"{_comparison(report.backtest)}; {_coverage(total.served.coverage)}"


def _comparison(backtest: BacktestSummary) -> str:
    if backtest.same == backtest.series:
        return "The 4-week average is the model in use here"
    gain = backtest.total.gain
    if gain is None:
        return "There is no 4-week average to compare with"
    if abs(gain) < LIKE:
        return "As accurate as the 4-week average"
    side = "more" if gain > 0 else "less"
    return f"{formats.percent(abs(gain), 0)} {side} accurate than the 4-week average"


def _coverage(share: float) -> str:
    fell = f"{formats.percent(share, 0)} of days fell inside the range"
    intended = f"{formats.percent(INTENDED, 0)} intended"
    verdict = judge_band(share)
    if verdict is BandVerdict.HONEST:
        return f"{fell}, as intended"
    return f"only {fell}, {intended}" if verdict is BandVerdict.NARROW else f"{fell}, {intended}"


def against_average(sums: ErrorComparison) -> str:
    """``18% better``, ``3% worse``, ``The same``; ``n/a`` where there is nothing to compare with."""
    gain = sums.gain
    if gain is None:
        return formats.NONE
    if abs(gain) < LIKE:
        return "The same"
    return f"{formats.percent(abs(gain), 0)} {'better' if gain > 0 else 'worse'}"


def method(backtest: BacktestSummary) -> str:
    """How the backtest was made."""
    made = f"Forecasts made without the last {formats.days(backtest.horizon)}, compared with what was sold"
    return f"{made}; {backtest.windows} times, each further back." if backtest.windows > 1 else f"{made}."


def untested(report: AccuracyReport) -> str:
    """Which stores are missing because they have no backtest; ``""`` if there are none."""
    if not report.untested:
        return ""
    if report.backtest is None:
        return f"{NO_BACKTEST}."
    stores = formats.counted(report.untested, "store")
    have, are = wording.plural(report.untested, "has", "have"), wording.plural(report.untested, "is", "are")
    return f"{stores} {have} no backtest yet and {are} left out; the next training makes one."


def trend(weeks: Sequence[WeekAhead]) -> str:
    """Whether the error grows with the days ahead."""
    first = weeks[0].sums.served.wape if weeks else None
    later = ErrorSums.total(week.sums.served for week in weeks[1:]).wape
    if first is None and later is None:
        return "There is nothing to compare with."
    if first is None or later is None:
        return f"Off by {formats.percent(later if first is None else first)} of what was sold."
    if abs(later - first) <= STEADY * first:
        return f"About as accurate {formats.days(weeks[-1].last)} ahead as in the first week."
    words = "Grows with the days ahead" if later > first else "Does not grow with the days ahead"
    return f"{words}: {formats.percent(first)} in the first week, {formats.percent(later)} after that."


def coverage(share: float | None) -> str:
    """Whether as many days fell inside the range as should."""
    if share is None:
        return "There are no days to judge the range by."
    inside, intended = formats.percent(share, 0), formats.percent(INTENDED, 0)
    verdict = judge_band(share)
    if verdict is BandVerdict.HONEST:
        return f"{inside} of days fell inside the range, as intended."
    words = "Too narrow" if verdict is BandVerdict.NARROW else "Wider than needed"
    return f"{words}: {inside} of days fell inside the range, {intended} intended."


def figures(sums: ErrorSums) -> list[str]:
    """Every figure of some errors, in the order of `FIGURES`."""
    ratio = [formats.number(value, 3) for value in (sums.mase, sums.wql)]
    shares = [formats.percent(value) for value in (sums.wape, sums.bias, sums.rmspe, sums.coverage)]
    return [*shares, *ratio, formats.number(sums.days)]


FIGURES = (
    "Error: daily misses as a share of sales (WAPE)",
    "Bias: above 0 where forecasts were too high",
    "Root mean squared percentage error (RMSPE)",
    "Days inside the range, 80% intended",
    "Miss compared with last week's same day; below 1 is better (MASE)",
    "Weighted quantile loss over 10, 50, 90% (wQL)",
    "Open days scored",
)
"""The names of the figures, for experts."""
