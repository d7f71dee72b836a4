from dataclasses import replace

import pytest

from forecasting.core.error_sums import ErrorSums
from forecasting.evaluation.accuracy_report import AccuracyReport, BacktestSummary, ErrorComparison, WeekAhead
from web.accuracy import accuracy_words


def sums(served: float, naive: float | None = 20.0, inside: int = 80) -> ErrorComparison:
    """Over 100 days in which 100 were sold."""
    other = ErrorSums() if naive is None else ErrorSums(days=100, sold=100.0, missed=naive, inside=80)
    return ErrorComparison(ErrorSums(days=100, sold=100.0, missed=served, inside=inside), other)


def weeks(*each: ErrorComparison) -> tuple[WeekAhead, ...]:
    """Weeks ahead, the first first."""
    return tuple(WeekAhead(7 * at + 1, 7 * at + 7, week) for at, week in enumerate(each))


def backtest(*each: ErrorComparison, same: int = 0) -> BacktestSummary:
    """Of one series."""
    return BacktestSummary(1, 1 - same, same, 4, 28, weeks(*each))


def report(tested: BacktestSummary | None, untested: int = 0) -> AccuracyReport:
    """With nothing published."""
    return AccuracyReport((), tested, untested, (), {})


@pytest.mark.parametrize(
    ("tested", "words"),
    [
        (backtest(sums(15.0)), "25% nearer the truth than the 4-week average; the band keeps its promise"),
        (backtest(sums(25.0, inside=70)), "25% further off than the 4-week average; the band is too narrow"),
        (
            backtest(sums(20.05, inside=90)),
            "As near the truth as the 4-week average; the band is wider than needed",
        ),
        (backtest(sums(20.0), same=1), "The 4-week average itself serves here; the band keeps its promise"),
        (
            backtest(sums(20.0, None)),
            "There is no 4-week average to compare with; the band keeps its promise",
        ),
        (backtest(ErrorComparison(ErrorSums(), ErrorSums())), "Nothing was sold on the days of the backtest"),
        (None, "No backtest yet"),
    ],
)
def test_the_headline_says_the_news(tested: BacktestSummary | None, words: str) -> None:
    """How near, and whether the band can be trusted."""
    assert accuracy_words.news(report(tested)) == words


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (sums(15.0), "25% better"), (sums(25.0), "25% worse"), (sums(20.0), "The same"),
        (sums(20.0, None), "n/a"),
    ],
)  # fmt: skip
def test_the_comparison_is_a_word(given: ErrorComparison, words: str) -> None:
    """And not available where there is nothing to compare with."""
    assert accuracy_words.against_average(given) == words


@pytest.mark.parametrize(
    ("each", "words"),
    [
        ((10.0, 15.0, 25.0), "It grows: 10.0% in the first week, 20.0% after that."),
        ((20.0, 15.0, 15.0), "No worse with the days ahead: 20.0% in the first week, 15.0% after that."),
        ((10.0, 10.2, 10.4), "About as good 21 days ahead as in the first week."),
        ((10.0,), "Off by 10.0% of what was sold."),
        ((), "There is nothing to compare with."),
    ],
)
def test_the_trend_is_that_of_the_first_week_against_the_rest(each: tuple[float, ...], words: str) -> None:
    """One strange week at the end does not decide."""
    assert accuracy_words.trend(weeks(*map(sums, each))) == words


@pytest.mark.parametrize(
    ("coverage", "words"),
    [
        (0.82, "The band holds 82% of days: as promised."),
        (0.71, "Too narrow: the truth lay inside on 71% of days, 80% are promised."),
        (0.91, "Wider than needed: the truth lay inside on 91% of days, 80% are promised."),
        (None, "There are no days to judge the band by."),
    ],
)
def test_the_band_is_judged_in_a_sentence(coverage: float | None, words: str) -> None:
    """Against what it promises."""
    assert accuracy_words.band(coverage) == words


def test_the_method_is_told_with_its_days_and_times() -> None:
    """Once is not told as 1 times."""
    four = backtest(sums(10.0))
    made = "Forecasts made without the last 28 days, then compared with what was sold"
    assert accuracy_words.method(four) == f"{made}; 4 times, each from further back."
    assert accuracy_words.method(replace(four, windows=1)) == f"{made}."


def test_what_has_no_backtest_is_said_to_be_left_out() -> None:
    """One, several, or all of them."""
    left = "left out: no backtest yet under this version; it comes with the next training."
    tested = backtest(sums(10.0))
    assert accuracy_words.untested(report(tested)) == ""
    assert accuracy_words.untested(report(tested, 1)) == f"1 store has none and is {left}"
    assert accuracy_words.untested(report(tested, 1200)) == f"1,200 stores have none and are {left}"
    assert accuracy_words.untested(report(None, 3)).startswith("No backtest yet under this version")


def test_figures_that_are_not_defined_are_not_0() -> None:
    """Each has its name."""
    found = accuracy_words.figures(ErrorSums())
    assert found == ["n/a"] * 6 + ["0"]
    assert len(found) == len(accuracy_words.FIGURES)
