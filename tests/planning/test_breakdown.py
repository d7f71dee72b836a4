"""The steps of a day in planners' words."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecasting.core.explanation import STEPS, Explanation, Origin
from forecasting.planning.breakdown import NOT_KEPT, Breakdown, BreakdownStep, break_down

DAYS = pd.date_range("2019-04-18", periods=4)  # Thursday; Good Friday; Saturday; Easter Sunday
ZERO = np.zeros(4)


def rows(item: str = "101") -> pd.DataFrame:
    """Four days around Easter, closed on the last."""
    return pd.DataFrame(
        {
            "item": item,
            "ds": DAYS,
            "mean": [12.0, 8.0, 15.0, 0.0],
            "is_open": [True, True, True, False],
            "holiday": ["", "Good Friday", "", "Easter Sunday"],
        }
    )


def told(item: str = "101", **steps: list[float]) -> Breakdown:
    """A breakdown of these steps, with the level that makes them add up to the mean."""
    frame = rows(item)
    made = Explanation(Origin.MODEL, {name: np.array(step) for name, step in steps.items()})
    return break_down(4, frame, made.with_level_for(frame["mean"].to_numpy()))


def test_every_day_lists_its_steps_in_order() -> None:
    """The level and every step that is not 0; weekday and holiday have their own names."""
    made = told(
        promotion=[0.0, 0.0, 4.0, 0.0],
        holiday=[0.0, -3.0, 0.0, 0.0],
        weekday=[1.0, 0.5, 2.0, 0.0],
    )
    assert (made.version, made.origin) == (4, Origin.MODEL)
    thursday, friday, saturday, sunday = made.days
    assert (thursday.ds, thursday.expected) == (date(2019, 4, 18), 12.0)
    assert [step.text for step in thursday.steps] == ["Typical level", "Thursday"]
    assert friday.steps == (
        BreakdownStep("level", "Typical level", 10.5),
        BreakdownStep("weekday", "Friday", 0.5),
        BreakdownStep("holiday", "Good Friday", -3.0),
    )
    assert [step.name for step in saturday.steps] == ["level", "weekday", "promotion"]
    assert sunday.steps == (BreakdownStep("closed", "Closed", 0.0),)
    for day in made.days:
        assert sum(step.amount for step in day.steps) == pytest.approx(day.expected, abs=1e-9)


def test_every_step_has_a_text() -> None:
    """None shows the name it has in the code."""
    every = told(**{name: [1.0, 1.0, 1.0, 0.0] for name in STEPS if name != "level"})
    words = [step.text for step in every.days[0].steps]
    assert len(set(words)) == len(STEPS)
    assert all(each[0].isupper() and "_" not in each for each in words)


@pytest.mark.parametrize(("item", "words"), [("all", "the product total"), ("101", "the store's total")])
def test_the_reconciliation_step_names_the_other_side(item: str, words: str) -> None:
    """A total was matched to its products, a product to the total."""
    assert told(item, balance=[0.5] * 3 + [0.0]).days[0].steps[-1].text == f"Matched to {words}"


@pytest.mark.parametrize("origin", Origin)
def test_every_origin_has_a_sentence(origin: Origin) -> None:
    """The note says how the steps were derived."""
    frame = rows()
    made = break_down(4, frame, Explanation(origin, {}).with_level_for(frame["mean"].to_numpy()))
    assert made.origin is origin
    assert made.note.endswith(".")
    assert [day.steps[0].amount for day in made.days] == [12.0, 8.0, 15.0, 0.0]


def test_a_version_without_stored_reasons_says_so() -> None:
    """It has no steps."""
    made = break_down(4, rows(), None)
    assert (made.origin, made.days) == (None, ())
    assert made.note == NOT_KEPT
