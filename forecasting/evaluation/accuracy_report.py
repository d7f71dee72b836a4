"""How far off forecasts are, added up over series (pure): the backtests, and which engine serves what, why.

The engine that serves and the 4-week average (seasonal-naive) are compared over the same days of the same
series, those both have figures for. The engine was chosen on these days too, so its figures flatter a little;
the track record of what was published, which stands beside them, does not.
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
"""Days of a week ahead."""

HONEST_COVERAGE = (0.76, 0.86)
"""Share of days inside the band, of the 0.8 promised, from which and up to which it is taken at its word: on
112 days, the open days of a backtest, 0.04 is what chance makes of 0.8 (one standard deviation)."""


class BandVerdict(StrEnum):
    """What is to be said of a band."""

    HONEST = "honest"
    NARROW = "narrow"
    WIDE = "wide"


class EngineReason(NamedTuple):
    """Why an engine serves, and how many series it serves for that."""

    words: str
    series: int


class ErrorComparison(NamedTuple):
    """Errors of the engine that serves and of the 4-week average."""

    served: ErrorSums
    naive: ErrorSums

    @property
    def gain(self) -> float | None:
        """How much nearer the one is, as a share of the other's error; below 0 where it is further off."""
        own, other = self.served.wape, self.naive.wape
        return None if own is None or not other else 1 - own / other


@dataclass(frozen=True, slots=True)
class SeriesAccuracy:
    """One series' engine, and its backtest.

    Attributes
    ----------
    sums
        None without a backtest.
    """

    key: SeriesKey
    engine: str
    reason: str
    sums: ErrorComparison | None


@dataclass(frozen=True, slots=True)
class WeekAhead:
    """Errors of the days `first` to `last` ahead."""

    first: int
    last: int
    sums: ErrorComparison


@dataclass(frozen=True, slots=True)
class BacktestSummary:
    """The backtests of several series, added up.

    Attributes
    ----------
    series
        How many.
    better, same
        Those where the engine that serves is nearer than the 4-week average, and those the average serves.
    windows, horizon
        How often forecasts were made without the newest days, and for how many days each time; the most any
        series has.
    weeks
        By week ahead, the first first.
    """

    series: int
    better: int
    same: int
    windows: int
    horizon: int
    weeks: tuple[WeekAhead, ...]

    @property
    def total(self) -> ErrorComparison:
        """Over the whole horizon."""
        return ErrorComparison(
            ErrorSums.total(week.sums.served for week in self.weeks),
            ErrorSums.total(week.sums.naive for week in self.weeks),
        )


@dataclass(frozen=True, slots=True)
class EngineShare:
    """What an engine serves, and why, the commonest reason first."""

    engine: str
    series: int
    reasons: tuple[EngineReason, ...]


@dataclass(frozen=True, slots=True)
class AccuracyReport:
    """How far off the forecasts of some stores are.

    Attributes
    ----------
    rows
        Each store's series, or every series of the one store that was asked for; in natural order.
    backtest
        None where no series has one.
    untested
        Series that were asked for and have no backtest.
    engines
        What each engine serves, products included, the busiest first.
    track
        Errors of what was published, by lead; none scored is all 0.
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
    """Add up what trainings have left.

    Parameters
    ----------
    predictors
        Of each store's newest forecast.
    track
        Errors of what was published, of the same stores and item.
    store
        The one store that is meant, if it is one: then its products are told of one by one.
    item
        By default the stores' totals.
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
        backtest=_backtested(tested),
        untested=len(asked) - len(tested),
        engines=_engines(served),
        track=track,
    )


def judge_band(coverage: float) -> BandVerdict:
    """Whether a band that promises 80% keeps its promise, given the share of days inside."""
    lowest, highest = HONEST_COVERAGE
    if coverage < lowest:
        return BandVerdict.NARROW
    return BandVerdict.WIDE if coverage > highest else BandVerdict.HONEST


def _row(key: SeriesKey, choice: SeriesChoice) -> SeriesAccuracy:
    served, naive = _figures(choice, choice.engine), _figures(choice, CHALLENGER)
    sums = ErrorComparison(served.total, naive.total if naive else ErrorSums()) if served else None
    return SeriesAccuracy(key, choice.engine, _general(key, choice), sums)


def _figures(choice: SeriesChoice, engine: str) -> BacktestScore | None:
    """The backtest of an engine, if it came to figures."""
    score = choice.score_of(engine)
    return score if score and score.weeks and not score.failure else None


def _backtested(tested: Sequence[tuple[SeriesChoice, ErrorComparison]]) -> BacktestSummary | None:
    """Over the series that both have figures for; where there is none such, of the one alone."""
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
    """Summed over series, whose horizons may differ where the setting has changed."""
    weeks = zip_longest(*(score.weeks for score in scores), fillvalue=ErrorSums())
    return [ErrorSums.total(week) for week in weeks]


def _engines(served: Iterable[tuple[SeriesKey, SeriesChoice]]) -> tuple[EngineShare, ...]:
    reasons: dict[str, Counter[str]] = {}
    for key, choice in served:
        reasons.setdefault(choice.engine, Counter())[_general(key, choice)] += 1
    shares = [
        EngineShare(engine, words.total(), tuple(EngineReason(*each) for each in words.most_common()))
        for engine, words in reasons.items()
    ]
    return tuple(sorted(shares, key=lambda share: -share.series))


def _general(key: SeriesKey, choice: SeriesChoice) -> str:
    """The reason without the name of the series, so that equal ones can be counted."""
    return choice.reason.removeprefix(f"{key}: ")
