"""What a day is made of, in planners' words."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecasting.core.explanation import STEPS, Explanation, Origin
from forecasting.planning.breakdown import Breakdown, BreakdownStep, break_down

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
    """In words; the level makes up the mean."""
    frame = rows(item)
    made = Explanation(Origin.MODEL, {name: np.array(step) for name, step in steps.items()})
    return break_down(4, frame, made.adding_up_to(frame["mean"].to_numpy()))


def test_every_day_is_told_in_the_order_of_the_steps() -> None:
    """Those that are not 0, and the level; weekday and holiday by their names."""
    made = told(
        promotion=[0.0, 0.0, 4.0, 0.0],
        holiday=[0.0, -3.0, 0.0, 0.0],
        weekday=[1.0, 0.5, 2.0, 0.0],
    )
    assert (made.version, made.origin) == (4, Origin.MODEL)
    thursday, friday, saturday, sunday = made.days
    assert (thursday.ds, thursday.expected) == (date(2019, 4, 18), 12.0)
    assert [step.words for step in thursday.steps] == ["Usual level", "Thursday"]
    assert friday.steps == (
        BreakdownStep("level", "Usual level", 10.5),
        BreakdownStep("weekday", "Friday", 0.5),
        BreakdownStep("holiday", "Good Friday", -3.0),
    )
    assert [step.name for step in saturday.steps] == ["level", "weekday", "promotion"]
    assert sunday.steps == (BreakdownStep("closed", "Closed", 0.0),)
    for day in made.days:
        assert sum(step.amount for step in day.steps) == pytest.approx(day.expected, abs=1e-9)


def test_every_step_there_is_has_words() -> None:
    """None is shown by the name it has in the code."""
    every = told(**{name: [1.0, 1.0, 1.0, 0.0] for name in STEPS if name != "level"})
    words = [step.words for step in every.days[0].steps]
    assert len(set(words)) == len(STEPS)
    assert all(each[0].isupper() and "_" not in each for each in words)


@pytest.mark.parametrize(("item", "words"), [("all", "the products"), ("101", "the store's total")])
def test_what_made_it_agree_is_said_of_total_and_product(item: str, words: str) -> None:
    """Each with the other."""
    assert told(item, balance=[0.5] * 3 + [0.0]).days[0].steps[-1].words == f"Made to agree with {words}"


@pytest.mark.parametrize("origin", Origin)
def test_every_origin_is_told_in_a_sentence(origin: Origin) -> None:
    """What is derived how is not hidden."""
    frame = rows()
    made = break_down(4, frame, Explanation(origin, {}).adding_up_to(frame["mean"].to_numpy()))
    assert made.origin is origin
    assert made.note.endswith(".")
    assert [day.steps[0].amount for day in made.days] == [12.0, 8.0, 15.0, 0.0]


def test_a_version_from_before_says_that_nothing_was_kept() -> None:
    """No day is made up."""
    made = break_down(4, rows(), None)
    assert (made.origin, made.days) == (None, ())
    assert "before reasons were kept" in made.note
