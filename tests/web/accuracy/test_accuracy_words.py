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
        (
            backtest(sums(15.0)),
            "25% more accurate than the 4-week average; 80% of days fell inside the range, as intended",
        ),
        (
            backtest(sums(25.0, inside=70)),
            "25% less accurate than the 4-week average; only 70% of days fell inside the range, 80% intended",
        ),
        (
            backtest(sums(20.05, inside=90)),
            "As accurate as the 4-week average; 90% of days fell inside the range, 80% intended",
        ),
        (
            backtest(sums(20.0), same=1),
            "The 4-week average is the model in use here; 80% of days fell inside the range, as intended",
        ),
        (
            backtest(sums(20.0, None)),
            "There is no 4-week average to compare with; 80% of days fell inside the range, as intended",
        ),
        (backtest(ErrorComparison(ErrorSums(), ErrorSums())), "Nothing was sold on the days of the backtest"),
        (None, "No backtest yet"),
    ],
)
def test_the_headline_says_the_news(tested: BacktestSummary | None, words: str) -> None:
    """How accurate the forecast is, and whether its range can be trusted."""
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
        ((10.0, 15.0, 25.0), "Grows with the days ahead: 10.0% in the first week, 20.0% after that."),
        ((20.0, 15.0, 15.0), "Does not grow with the days ahead: 20.0% in the first week, 15.0% after that."),
        ((10.0, 10.2, 10.4), "About as accurate 21 days ahead as in the first week."),
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
        (0.82, "82% of days fell inside the range, as intended."),
        (0.71, "Too narrow: 71% of days fell inside the range, 80% intended."),
        (0.91, "Wider than needed: 91% of days fell inside the range, 80% intended."),
        (None, "There are no days to judge the range by."),
    ],
)
def test_the_range_is_judged_in_a_sentence(coverage: float | None, words: str) -> None:
    """By the share of days inside it."""
    assert accuracy_words.coverage(coverage) == words


def test_the_method_names_its_days_and_repetitions() -> None:
    """Once is not called 1 times."""
    four = backtest(sums(10.0))
    made = "Forecasts made without the last 28 days, compared with what was sold"
    assert accuracy_words.method(four) == f"{made}; 4 times, each further back."
    assert accuracy_words.method(replace(four, windows=1)) == f"{made}."


def test_what_has_no_backtest_is_said_to_be_left_out() -> None:
    """One, several, or all of them."""
    left = "left out; the next training makes one."
    tested = backtest(sums(10.0))
    assert accuracy_words.untested(report(tested)) == ""
    assert accuracy_words.untested(report(tested, 1)) == f"1 store has no backtest yet and is {left}"
    assert (
        accuracy_words.untested(report(tested, 1200)) == f"1,200 stores have no backtest yet and are {left}"
    )
    assert accuracy_words.untested(report(None, 3)).startswith(
        "No backtest yet with this version of Storecast"
    )


def test_figures_that_are_not_defined_are_not_0() -> None:
    """Each has its name."""
    found = accuracy_words.figures(ErrorSums())
    assert found == ["n/a"] * 6 + ["0"]
    assert len(found) == len(accuracy_words.FIGURES)
