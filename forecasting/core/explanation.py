"""Why a forecast says what it says: what each day is made of, and what moved it since the version before.

Expected demand is taken apart into steps in planners' terms. `Explanation` holds them for one series, by the
names of `STEPS` and in that order; on every day they add up to the mean. A step a series knows nothing of is
left out.

================  =====================================================================================
step              what it is
================  =====================================================================================
level             an ordinary day of an average weekday
weekday           what its weekday is above or below that
season            the time of the year
month             the day of the month, its last working days, the weekend after them
standing          a standing promotion the store takes part in
promotion         a promotion on that day
school_holiday    school holidays
holiday           a public holiday on which the store opens
around            days beside holidays and closures: before Christmas, around Easter, after a long closure
engine            what an engine adds that does not say why
balance           what is added so that a store's products make up its total
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
"""How far steps may miss the mean, in parts of the largest of them."""


class Origin(StrEnum):
    """Where the steps of a series come from."""

    MODEL = "model"  # differences between forecasts of the model, one more fact of the day taken in each time
    AVERAGES = "averages"  # of past weekdays with and without a promotion, which are the forecast itself
    HISTORY = "history"  # of recent sales; the engine itself says nothing


class Cause(StrEnum):
    """What may have moved a forecast, in the order in which it is changed to tell how much each did."""

    SALES = "sales"
    PLAN = "plan"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the expected demand of each day of a series is made of.

    Attributes
    ----------
    origin
        Where that comes from.
    steps
        (h,) units of demand by name, those of `STEPS` or some of them.
    """

    origin: Origin
    steps: Mapping[str, FloatArray]

    def __post_init__(self) -> None:
        object.__setattr__(self, "origin", Origin(self.origin))  # what was stored comes back as text

    @property
    def total(self) -> FloatArray:
        """(h,) the sum of the steps."""
        return np.asarray(sum(self.steps.values()))

    def adding_up_to(self, mean: FloatArray) -> Self:
        """The same with a level that makes up the mean to the last bit that can be had."""
        others = {name: step for name, step in self.steps.items() if name != LEVEL}
        level = mean - sum(others.values(), np.zeros_like(mean))
        return replace(self, steps={LEVEL: level, **others})

    def moved(self, by: FloatArray) -> Self:
        """The same after the mean was moved to make products and total agree; as it is where it was not."""
        return replace(self, steps={**self.steps, BALANCE: by}) if by.any() else self

    def require(self, future: SeriesDays, mean: FloatArray, name: str) -> Self:
        """Check the promises of every explanation.

        Only steps of `STEPS`, finite values, a sum that is the mean, nothing on a closed day, no promotion on
        a day without one.

        Raises
        ------
        InvalidFrame
            Naming the first promise that is broken and the day it happens on.
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
            "no step for a promotion where there is none": ~future.promo & promoted,
        }
        for promise, days in broken.items():
            if days.any():
                first = day_of(int(future.days[int(days.argmax())]))
                raise InvalidFrame(f"{name}: expected {promise}, broken on {first}")
        return self


@dataclass(frozen=True, slots=True)
class StoreReasons:
    """What is kept with a version beside its days.

    Attributes
    ----------
    why
        By item; those without a word are left out.
    since
        The version before, or None where there was none.
    causes
        What has changed since, in the order of `Cause`; empty where nothing has, or it can't be told.
    unexplained
        Why it can't be told what moved it, as a sentence, or ``""``.
    shifts
        By item, how far each of the causes but the last moved the mean of each day, in units of demand; what
        is left of the difference is the last one's. 0 on days the version before does not have; items it
        does not have are left out.
    """

    why: Mapping[str, Explanation] = field(default_factory=dict)
    since: int | None = None
    causes: tuple[Cause, ...] = ()
    unexplained: str = ""
    shifts: Mapping[str, Mapping[Cause, FloatArray]] = field(default_factory=dict)
