"""The waterfall of *Why*."""

import re
import xml.etree.ElementTree as ET
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from forecasting.planning.breakdown import BreakdownStep, DayBreakdown
from tests.web.drawn import having, text
from web.store.waterfall import bars, waterfall

DAY = date(2019, 4, 4)


def day(*amounts: float) -> DayBreakdown:
    """A day with these amounts as its steps."""
    steps = tuple(
        BreakdownStep(f"step {at}", f"BreakdownStep <{at}>", amount) for at, amount in enumerate(amounts)
    )
    return DayBreakdown(DAY, sum(amounts), steps)


def edges(bar: ET.Element) -> tuple[float, float]:
    """The left and right end of a bar, in percent of its track."""
    left, width = (float(found) for found in re.findall(r":([-\d.]+)%", bar.get("style", "")))
    return left, left + width


@given(st.lists(st.floats(-500, 5000), min_size=1, max_size=9).filter(lambda steps: sum(steps) >= 0))
def test_labels_add_up_to_the_total_label(amounts: list[float]) -> None:
    """In whole units, however the steps are rounded."""
    *steps, total = bars(day(*amounts))
    read = [int(step.label.replace("−", "-").replace(",", "")) for step in steps]
    assert sum(read) == int(total.label.replace("−", "-").replace(",", ""))


@given(st.lists(st.floats(-500, 5000), min_size=1, max_size=9))
def test_bars_stay_within_their_track(amounts: list[float]) -> None:
    """Also with running totals below 0."""
    drawn = ET.fromstring(waterfall(day(*amounts)))  # noqa: S314 - our own
    for bar in drawn.iter("i"):
        left, right = edges(bar)
        assert -0.01 <= left <= right <= 100.02


def test_a_bar_begins_where_the_previous_one_ended() -> None:
    """Up and down; the total begins at 0."""
    drawn = ET.fromstring(waterfall(day(100.0, 100.0, -50.0)))  # noqa: S314 - our own
    assert [edges(bar) for bar in drawn.iter("i")] == [(0, 50), (50, 100), (75, 100), (0, 75)]
    assert [bar.get("class") for bar in drawn.iter("i")] == ["sum", "up", "down", "sum"]
    assert [text(name) for name in having(drawn, "name")][:2] == ["BreakdownStep <0>", "BreakdownStep <1>"]
    assert "BreakdownStep <2> −50; Expected 150." in drawn.get("aria-label", "")
