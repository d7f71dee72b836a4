"""What each day of a forecast is made of, in planners' words (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from forecasting.core.domain import ALL_ITEMS
from forecasting.core.explanation import BALANCE, LEVEL, STEPS, WEEKDAY, Explanation, Origin

WORDS: Mapping[str, str] = {
    LEVEL: "Usual level",
    "season": "Time of the year",
    "month": "Time of the month",
    "standing": "Standing promotion",
    "promotion": "Promotion",
    "school_holiday": "School holidays",
    "holiday": "Holiday",
    "around": "Days around holidays and closures",
    "engine": "What the engine adds",
}
"""Of the steps whose words do not depend on the day or the series."""

BALANCED = {True: "Made to agree with the products", False: "Made to agree with the store's total"}
"""Words of the step that does so: for the total, and for a product."""

NOTES = {
    Origin.MODEL: "Each step is what the model's forecast of the day changes by when one more fact is known,"
    " in this order.",
    Origin.AVERAGES: "The forecast is an average of recent days; each step is a difference between such"
    " averages.",
    Origin.HISTORY: "This engine does not say why. Level and weekday are averages of the last eight weeks;"
    " the rest is what it adds.",
}
NOT_KEPT = "This forecast was made before reasons were kept with it."
CLOSED = "Closed"


@dataclass(frozen=True, slots=True)
class BreakdownStep:
    """One bar of the waterfall: its name (`reasons.STEPS`, or ``"closed"``), words, and units of demand."""

    name: str
    words: str
    amount: float


@dataclass(frozen=True, slots=True)
class DayBreakdown:
    """What one day is made of.

    Attributes
    ----------
    expected
        The mean, as the forecast shows it.
    steps
        Those that are not 0, and the level; they add up to `expected`. A closed day has one, of 0.
    """

    ds: date
    expected: float
    steps: tuple[BreakdownStep, ...]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """What the days of a series are made of.

    Attributes
    ----------
    origin
        Where that comes from; None where it is not known.
    note
        The same in a sentence for planners.
    """

    version: int
    origin: Origin | None
    note: str
    days: tuple[DayBreakdown, ...]


def break_down(version: int, rows: pd.DataFrame, explanation: Explanation | None) -> Breakdown:
    """Put an explanation into words.

    Parameters
    ----------
    rows
        `schema.STORE_FORECAST` of one item.
    explanation
        Of the same days; None where none was kept.
    """
    if explanation is None:
        return Breakdown(version, None, NOT_KEPT, ())
    facts = zip(
        rows["ds"].to_numpy().astype("datetime64[D]").tolist(),
        *(rows[name].tolist() for name in ("item", "mean", "is_open", "holiday")),
        strict=True,
    )
    amounts = {name: step.tolist() for name, step in explanation.steps.items()}
    days = []
    for at, (ds, item, mean, is_open, holiday) in enumerate(facts):
        steps = {name: step[at] for name, step in amounts.items() if step[at] or name == LEVEL}
        words = {**WORDS, WEEKDAY: f"{ds:%A}", BALANCE: BALANCED[item == ALL_ITEMS]}
        if holiday:
            words["holiday"] = holiday
        told = tuple(BreakdownStep(name, words[name], steps[name]) for name in STEPS if name in steps)
        days.append(DayBreakdown(ds, mean, told if is_open else (BreakdownStep("closed", CLOSED, 0.0),)))
    return Breakdown(version, explanation.origin, NOTES[explanation.origin], tuple(days))
