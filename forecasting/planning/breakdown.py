"""Put the steps that make up each day of a forecast into planners' words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from forecasting.core.domain import ALL_ITEMS
from forecasting.core.explanation import BALANCE, LEVEL, STEPS, WEEKDAY, Explanation, Origin

TEXTS: Mapping[str, str] = {
    LEVEL: "Typical level",
    "season": "Time of the year",
    "month": "Time of the month",
    "standing": "Standing promotion",
    "promotion": "Promotion",
    "school_holiday": "School holidays",
    "holiday": "Holiday",
    "around": "Days around holidays and closures",
    "engine": "Rest of the forecast",
}
"""Texts of the steps that are called the same on every day and in every series."""

BALANCE_TEXTS = {True: "Matched to the product total", False: "Matched to the store's total"}
"""Text of the step that makes products and total agree: for the total (True), and for a product (False)."""

NOTES = {
    Origin.MODEL: "Each bar shows how much one factor adds.",
    Origin.AVERAGES: "Each bar shows how much one factor adds. This forecast is an average of recent days.",
    Origin.HISTORY: "This model gives no reasons. The typical level and the weekday are averages of the last"
    " eight weeks; one bar shows the rest.",
}
NOT_KEPT = "No reasons were stored with this forecast."
CLOSED = "Closed"


@dataclass(frozen=True, slots=True)
class BreakdownStep:
    """One step of a day.

    Attributes
    ----------
    name
        Its key in `explanation.STEPS`, or ``"closed"``.
    text
        Its name in planners' words.
    amount
        What it adds, in units of demand.
    """

    name: str
    text: str
    amount: float


@dataclass(frozen=True, slots=True)
class DayBreakdown:
    """The steps that make up one day.

    Attributes
    ----------
    expected
        The mean, as the forecast shows it.
    steps
        The level and every step that is not 0; they add up to `expected`. A closed day has one step, of 0.
    """

    ds: date
    expected: float
    steps: tuple[BreakdownStep, ...]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The steps that make up each day of a series.

    Attributes
    ----------
    origin
        Where the steps come from; None if none were stored.
    note
        The same as a sentence for planners.
    """

    version: int
    origin: Origin | None
    note: str
    days: tuple[DayBreakdown, ...]


def break_down(version: int, rows: pd.DataFrame, explanation: Explanation | None) -> Breakdown:
    """Put the explanation of a series into words.

    Parameters
    ----------
    version
        Number of the forecast version.
    rows
        `schema.STORE_FORECAST` of one item.
    explanation
        Explanation of the same days; None if none was stored.
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
        texts = {**TEXTS, WEEKDAY: f"{ds:%A}", BALANCE: BALANCE_TEXTS[item == ALL_ITEMS]}
        if holiday:
            texts["holiday"] = holiday
        steps = {name: step[at] for name, step in amounts.items() if step[at] or name == LEVEL}
        listed = tuple(BreakdownStep(name, texts[name], steps[name]) for name in STEPS if name in steps)
        days.append(DayBreakdown(ds, mean, listed if is_open else (BreakdownStep("closed", CLOSED, 0.0),)))
    return Breakdown(version, explanation.origin, NOTES[explanation.origin], tuple(days))
