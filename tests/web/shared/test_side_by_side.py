from datetime import date, timedelta

import pandas as pd
import pytest

from forecasting.core.domain import SeriesKey
from web.shared import formats, side_by_side
from web.shared.side_by_side import Day, Side
from web.takeaway import print_html
from web.takeaway.comparison_table import comparison_table

AS_OF = date(2019, 4, 3)


def side(store: str, item: str = "all", version: int | None = 5) -> Side:
    """One side."""
    return Side(SeriesKey(store, item), version)


def days(*means: float, first: date = AS_OF, closed: int | None = None) -> dict[date, Day]:
    """Consecutive days with this demand, one of them closed."""
    return {first + timedelta(days=at): Day(mean, at != closed) for at, mean in enumerate(means)}


@pytest.mark.parametrize(
    ("sides", "names"),
    [
        ([side("17"), side("3")], ["store 17", "store 3"]),
        (
            [side("17", "101"), side("17")],
            ["store 17, product 101", "store 17, all products"],
        ),
        ([side("17", version=5), side("17", version=4)], ["version 5", "version 4"]),
        (
            [side("17", version=5), side("17", version=4), side("3")],
            ["store 17, version 5", "store 17, version 4", "store 3"],
        ),
        ([side("17"), side("17")], ["store 17 (1)", "store 17 (2)"]),
        ([side("17", version=None), side("17", version=5)], ["no forecast", "version 5"]),
    ],
)
def test_sides_are_named_by_what_distinguishes_them(sides: list[Side], names: list[str]) -> None:
    """By no more than that, and never two alike."""
    assert side_by_side.side_names(sides) == names


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["store 3", "store 2"], ["3", "2"]),
        (["store 17, product 101", "store 17, all products"], ["product 101", "all products"]),
        (["store 17 (1)", "store 17 (2)"], ["(1)", "(2)"]),
        (["a", "b"], ["a", "b"]),
        (["store 1", "store 1"], ["1", "1"]),
    ],
)
def test_a_difference_names_only_what_distinguishes_the_sides(names: list[str], parts: list[str]) -> None:
    """No name becomes empty."""
    assert side_by_side.distinct_parts(names) == parts


def test_the_headline_of_two_says_how_much_higher_one_is() -> None:
    """The higher one first, in any order."""
    sentence = side_by_side.headline(["store 17", "store 3"], [1000.0, 1250.0])
    assert sentence == "Next 7 days: store 3 is forecast 25% above store 17"


def test_the_headline_of_more_names_the_highest_and_the_lowest() -> None:
    """With their figures."""
    sentence = side_by_side.headline(["a", "b", "c"], [2.0, 3000.0, 20.0])
    assert sentence == "Next 7 days: b has the highest forecast, 3,000 units, and a the lowest, 2 units"


@pytest.mark.parametrize(
    ("weeks", "words"),
    [
        ([1000.2, 1000.1], "Next 7 days: a and b have the same forecast, 1,000 units"),
        ([1000.0, None], "Some of these have no forecast for the next 7 days"),
        ([None, None], "Some of these have no forecast for the next 7 days"),
        ([50.0, 0.0], "Next 7 days: a has the highest forecast, 50 units, and b the lowest, 0 units"),
    ],
)
def test_the_headline_claims_nothing_unknown(weeks: list[float | None], words: str) -> None:
    """Nor does it divide by 0."""
    assert side_by_side.headline(["a", "b"], weeks) == words


def test_the_next_week_needs_seven_forecast_days() -> None:
    """Counted from the business date, also in an older version."""
    assert side_by_side.next_week(days(*[10.0] * 7), AS_OF) == 70.0
    assert side_by_side.next_week(days(*[10.0] * 9, first=AS_OF - timedelta(days=2)), AS_OF) == 70.0
    assert side_by_side.next_week(days(*[10.0] * 8, first=AS_OF - timedelta(days=2)), AS_OF) is None
    assert side_by_side.next_week({}, AS_OF) is None


def test_the_last_week_needs_seven_days_of_sales() -> None:
    """A missing day makes it unknown."""
    ds = pd.date_range(end="2019-04-02", periods=10)
    sold = pd.DataFrame({"ds": ds, "y": 5.0})
    assert side_by_side.last_week(sold, AS_OF) == 35.0
    assert side_by_side.last_week(sold.iloc[:-1], AS_OF) is None


def test_differences_are_between_the_figures_shown() -> None:
    """241 − 154 is 87, whatever the decimals."""
    ahead = [days(154.4, 20.0, closed=1), days(241.4, 30.0)]
    table = comparison_table([side("3"), side("17")], ["store 3", "store 17"], ahead, AS_OF)
    assert print_html.cells(table) == [
        ["Wed 3 Apr", "154", "241", "+87"],
        ["Thu 4 Apr", "closed", "30", "+10"],
    ]
    assert [column.title for column in table.columns] == [
        "Day",
        "Store 3",
        "Store 17",
        "Difference (17 − 3)",
    ]


def test_a_day_that_one_side_lacks_has_a_dash() -> None:
    """Days before the business date are left out."""
    ahead = [days(1.0, 2.0, first=AS_OF - timedelta(days=1)), days(3.0, 4.0)]
    table = comparison_table([side("3"), side("17")], ["a", "b"], ahead, AS_OF)
    assert print_html.cells(table) == [["Wed 3 Apr", "2", "3", "+1"], ["Thu 4 Apr", "–", "4", "–"]]


def test_half_a_unit_rounds_up() -> None:
    """As in a spreadsheet, and never to −0."""
    assert [formats.whole(value) for value in (0.5, 1.5, 2.4999, 110.5)] == [1, 2, 2, 111]
    assert formats.number(-0.3) == "0"
