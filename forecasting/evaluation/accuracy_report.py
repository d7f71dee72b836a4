"""Report accuracy over several series: backtest errors, and which engine is used for which series and why.

The engine in use and the 4-week average (seasonal naive) are compared on the same days of the same series,
where both have figures. The engine was also chosen on these days, so its figures are slightly too good. The
track record of published forecasts, which is reported too, does not have this bias.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import NamedTuple

from forecasting.core.domain import (
    ALL_ITEMS,
    BacktestScore,
    Predictor,
    SeriesChoice,
    SeriesKey,
    natural_order,
)
from forecasting.core.error_sums import ErrorSums
from forecasting.evaluation.selection import CHALLENGER

DAYS = 7
"""Days of one week ahead."""

HONEST_COVERAGE = (0.76, 0.86)
"""Range of coverage in which a band counts as honest; 0.8 is intended. On 112 days, the open days of a
backtest, one standard deviation of the coverage is 0.04."""


class BandVerdict(StrEnum):
    """Whether a band has the intended width."""

    HONEST = "honest"
    NARROW = "narrow"
    WIDE = "wide"


class EngineReason(NamedTuple):
    """A reason for choosing an engine, and the number of series it was given for."""

    text: str
    series: int


class ErrorComparison(NamedTuple):
    """Errors of the engine in use and of the 4-week average."""

    served: ErrorSums
    naive: ErrorSums

    @property
    def gain(self) -> float | None:
        """How much lower the engine's error is, as a share of the average's; negative if it is higher."""
        own, other = self.served.wape, self.naive.wape
        return None if own is None or not other else 1 - own / other


@dataclass(frozen=True, slots=True)
class SeriesAccuracy:
    """One series' engine, its reason, and its backtest errors.

    Attributes
    ----------
    sums
        None if there is no backtest.
    """

    key: SeriesKey
    engine: str
    reason: str
    sums: ErrorComparison | None


@dataclass(frozen=True, slots=True)
class WeekAhead:
    """Errors of the days from `first` to `last` ahead."""

    first: int
    last: int
    sums: ErrorComparison


@dataclass(frozen=True, slots=True)
class BacktestSummary:
    """Sums over the backtests of several series.

    Attributes
    ----------
    series
        Number of series.
    better, same
        Number of series whose engine is more accurate than the 4-week average, and number of series that use
        the average.
    windows, horizon
        Number of backtest windows and days in each; the largest of any series.
    weeks
        Errors by week ahead, starting with the first.
    """

    series: int
    better: int
    same: int
    windows: int
    horizon: int
    weeks: tuple[WeekAhead, ...]

    @property
    def total(self) -> ErrorComparison:
        """Errors over the whole horizon."""
        return ErrorComparison(
            ErrorSums.total(week.sums.served for week in self.weeks),
            ErrorSums.total(week.sums.naive for week in self.weeks),
        )


@dataclass(frozen=True, slots=True)
class EngineShare:
    """The number of series that use an engine, and the reasons, the most common first."""

    engine: str
    series: int
    reasons: tuple[EngineReason, ...]


@dataclass(frozen=True, slots=True)
class AccuracyReport:
    """The accuracy of the forecasts of some stores.

    Attributes
    ----------
    rows
        One series per store, or every series if the report is about one store; in natural order.
    backtest
        None if no series has a backtest.
    untested
        Number of requested series without a backtest.
    engines
        Use of each engine, including products; the most used first.
    track
        Errors of published forecasts by lead in days; all 0 if none is scored.
    """

    rows: tuple[SeriesAccuracy, ...]
    backtest: BacktestSummary | None
    untested: int
    engines: tuple[EngineShare, ...]
    track: Mapping[int, ErrorSums]


def accuracy_report(
    predictors: Mapping[str, Predictor],
    track: Mapping[int, ErrorSums],
    *,
    store: str | None = None,
    item: str = ALL_ITEMS,
) -> AccuracyReport:
    """Build the report from stored trainings.

    Parameters
    ----------
    predictors
        The predictor of each store's newest forecast, by store.
    track
        Errors of published forecasts by lead in days, for the same stores and item.
    store
        Set if the report is about one store: it then lists each of its products.
    item
        The item to report; by default the stores' totals.
    """
    choices = [
        (SeriesKey(name, choice.item), choice)
        for name in sorted(predictors, key=natural_order)
        for choice in predictors[name].choices
    ]
    asked = [(key, choice) for key, choice in choices if key.item == item]
    served = choices if item == ALL_ITEMS else asked
    rows = tuple(_row(key, choice) for key, choice in (served if store else asked))
    tests = {row.key: row.sums for row in rows if row.sums}
    tested = [(choice, tests[key]) for key, choice in asked if key in tests]
    return AccuracyReport(
        rows=rows,
        backtest=_summarise(tested),
        untested=len(asked) - len(tested),
        engines=_engines(served),
        track=track,
    )


def judge_band(coverage: float) -> BandVerdict:
    """Judge a band that should contain 80% of days by the share of days inside."""
    lowest, highest = HONEST_COVERAGE
    if coverage < lowest:
        return BandVerdict.NARROW
    return BandVerdict.WIDE if coverage > highest else BandVerdict.HONEST


def _row(key: SeriesKey, choice: SeriesChoice) -> SeriesAccuracy:
    served, naive = _figures(choice, choice.engine), _figures(choice, CHALLENGER)
    sums = ErrorComparison(served.total, naive.total if naive else ErrorSums()) if served else None
    return SeriesAccuracy(key, choice.engine, _reason(key, choice), sums)


def _figures(choice: SeriesChoice, engine: str) -> BacktestScore | None:
    """The backtest of an engine, or None if it has no figures."""
    score = choice.score_of(engine)
    return score if score and score.weeks and not score.failure else None


def _summarise(tested: Sequence[tuple[SeriesChoice, ErrorComparison]]) -> BacktestSummary | None:
    """Sum over the series for which both have figures; if there are none, over all tested series."""
    both = [(choice, sums) for choice, sums in tested if _figures(choice, CHALLENGER)] or tested
    if not both:
        return None
    served = [score for choice, _ in both if (score := _figures(choice, choice.engine))]
    naive = [score for choice, _ in both if (score := _figures(choice, CHALLENGER))]
    horizon = max(score.horizon for score in served)
    weeks = zip_longest(_by_week(served), _by_week(naive), fillvalue=ErrorSums())
    return BacktestSummary(
        series=len(both),
        better=sum((sums.gain or 0.0) > 0 for _, sums in both),
        same=sum(choice.engine == CHALLENGER for choice, _ in both),
        windows=max(len(score.cutoffs) for score in served),
        horizon=horizon,
        weeks=tuple(
            WeekAhead(DAYS * at + 1, min(DAYS * (at + 1), horizon), ErrorComparison(*week))
            for at, week in enumerate(weeks)
        ),
    )


def _by_week(scores: Iterable[BacktestScore]) -> list[ErrorSums]:
    """Sum over series by week; their horizons may differ after a change of the setting."""
    weeks = zip_longest(*(score.weeks for score in scores), fillvalue=ErrorSums())
    return [ErrorSums.total(week) for week in weeks]


def _engines(served: Iterable[tuple[SeriesKey, SeriesChoice]]) -> tuple[EngineShare, ...]:
    reasons: dict[str, Counter[str]] = {}
    for key, choice in served:
        reasons.setdefault(choice.engine, Counter())[_reason(key, choice)] += 1
    shares = [
        EngineShare(engine, words.total(), tuple(EngineReason(*each) for each in words.most_common()))
        for engine, words in reasons.items()
    ]
    return tuple(sorted(shares, key=lambda share: -share.series))


def _reason(key: SeriesKey, choice: SeriesChoice) -> str:
    """The reason without the name of the series, so that equal reasons can be counted."""
    return choice.reason.removeprefix(f"{key}: ")
