"""Why a forecast is what it is: the steps that make up each day, and the causes of a change.

Expected demand is split into steps in planners' terms. `Explanation` holds the steps of one series, named and
ordered as in `STEPS`; on every day they add up to the mean. A step that does not apply to a series is left
out.

================  =====================================================================================
step              meaning
================  =====================================================================================
level             an ordinary day of an average weekday
weekday           difference of the weekday from the level
season            the time of the year
month             the day of the month, its last working days, the weekend after them
standing          a standing promotion that the store takes part in
promotion         a promotion on that day
school_holiday    school holidays
holiday           a public holiday on which the store is open
around            days near holidays and closures: before Christmas, around Easter, after a long closure
engine            what an engine without reasons of its own adds
balance           added so that the store's products add up to its total
================  =====================================================================================
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

import numpy as np

from forecasting.core.day_arrays import FloatArray, SeriesDays, day_of
from forecasting.core.errors import InvalidFrame

LEVEL, WEEKDAY, PROMOTION = "level", "weekday", "promotion"
ENGINE, BALANCE = "engine", "balance"
STEPS = (
    LEVEL, WEEKDAY, "season", "month", "standing", PROMOTION, "school_holiday", "holiday", "around", ENGINE,
    BALANCE,
)  # fmt: skip

ROUNDING = 1e-9
"""Tolerance for the sum of the steps against the mean, relative to the largest step."""


class Origin(StrEnum):
    """How the steps of a series were derived."""

    MODEL = "model"  # differences between forecasts of the model as the facts of a day are added one by one
    AVERAGES = "averages"  # averages of past weekdays with and without a promotion: the forecast itself
    HISTORY = "history"  # averages of recent sales, because the engine gives no reasons


class Cause(StrEnum):
    """Causes of a change between versions, in the order in which their contributions are computed."""

    SALES = "sales"
    PLAN = "plan"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Explanation:
    """The steps that make up the expected demand of each day of a series.

    Attributes
    ----------
    origin
        How the steps were derived.
    steps
        (h,) units of demand per day, by step name; a subset of `STEPS` that contains the level.
    """

    origin: Origin
    steps: Mapping[str, FloatArray]

    @property
    def total(self) -> FloatArray:
        """(h,) the sum of the steps."""
        return np.asarray(sum(self.steps.values()))

    def with_level_for(self, mean: FloatArray) -> Self:
        """Return a copy whose level makes the steps add up to the (h,) mean, up to rounding."""
        others = {name: step for name, step in self.steps.items() if name != LEVEL}
        level = mean - sum(others.values(), np.zeros_like(mean))
        return replace(self, steps={LEVEL: level, **others})

    def with_balance(self, by: FloatArray) -> Self:
        """Return a copy with a balance step of (h,) units; the same object if every one is 0."""
        return replace(self, steps={**self.steps, BALANCE: by}) if by.any() else self

    def require(self, future: SeriesDays, mean: FloatArray, name: str) -> Self:
        """Check that the explanation keeps its promises, and return it.

        The promises: only steps of `STEPS`, finite values, a sum equal to the mean, no demand on a closed
        day, no promotion step on a day without a promotion.

        Raises
        ------
        InvalidFrame
            If a promise is broken. The message names the promise and the first day that breaks it.
        """
        unknown = sorted(set(self.steps) - set(STEPS))
        if unknown or LEVEL not in self.steps:
            raise InvalidFrame(
                f"{name}: expected 'level' and others of {', '.join(STEPS)}, found {', '.join(self.steps)}"
            )
        values = np.vstack(list(self.steps.values()))
        if values.shape[1] != len(future):
            raise InvalidFrame(f"{name}: expected {len(future)} days, found {values.shape[1]}")
        largest = np.abs(values).max(axis=0)
        promoted = self.steps.get(PROMOTION, np.zeros(len(future))) != 0
        broken = {
            "finite steps": ~np.isfinite(values).all(axis=0),
            "steps that add up to the mean": ~(np.abs(values.sum(axis=0) - mean) <= ROUNDING * (1 + largest)),
            "steps of 0 on a closed day": ~future.is_open & (largest != 0),
            "no promotion step on a day without a promotion": ~future.promo & promoted,
        }
        for promise, days in broken.items():
            if days.any():
                first = day_of(int(future.days[int(days.argmax())]))
                raise InvalidFrame(f"{name}: expected {promise}, broken on {first}")
        return self


@dataclass(frozen=True, slots=True)
class StoreReasons:
    """The reasons stored with a version.

    Attributes
    ----------
    why
        Explanations by item. Items without one are left out.
    since
        Number of the version before, or None if there was none.
    causes
        What has changed since then, in the order of `Cause`. Empty if nothing has, or if it is unknown.
    unexplained
        A sentence that says why the change can't be attributed to causes, or ``""``.
    shifts
        By item and cause: (h,) units of demand by which the cause changed the mean of each day. The last
        cause is left out: the rest of the difference is its contribution. 0 on days that the version before
        does not have; items that it does not have are left out.
    """

    why: Mapping[str, Explanation] = field(default_factory=dict)
    since: int | None = None
    causes: tuple[Cause, ...] = ()
    unexplained: str = ""
    shifts: Mapping[str, Mapping[Cause, FloatArray]] = field(default_factory=dict)
