"""Forecast errors as sums, so that days, windows, series and stores can be added up before a figure is made.

Sources: Hyndman & Athanasopoulos, *Forecasting: Principles and Practice* (3rd ed.), sections 5.8 and 5.9;
Hyndman & Koehler 2006, "Another look at measures of forecast accuracy" (MASE).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class ErrorSums:
    """Sums over days; every figure made of them is None where it is undefined, never 0 for a failure.

    The point that is scored is q50, which is what minimises the absolute error; `bias` is of the mean,
    which is what adds up.

    Attributes
    ----------
    days
        Open days scored.
    sold
        Σ y.
    missed
        Σ |y - q50|.
    over
        Σ (mean - y).
    loss
        Σ over days of the mean over τ in .1, .5, .9 of 2·max(τ(y - q), (τ - 1)(y - q)).
    inside
        Days with q10 ≤ y ≤ q90.
    scaled, scaled_days
        Σ |y - q50| / scale and its days; the scale is the series' own mean absolute week-to-week change.
    squared, squared_days
        Σ ((y - q50) / y)² and its days, those with y above 0.
    """

    days: int = 0
    sold: float = 0.0
    missed: float = 0.0
    over: float = 0.0
    loss: float = 0.0
    inside: int = 0
    scaled: float = 0.0
    scaled_days: int = 0
    squared: float = 0.0
    squared_days: int = 0

    def __add__(self, other: "ErrorSums") -> "ErrorSums":
        return ErrorSums(*(getattr(self, name) + getattr(other, name) for name in _NAMES))

    @classmethod
    def total(cls, parts: Iterable["ErrorSums"]) -> "ErrorSums":
        """The sum of any number of them."""
        return sum(parts, start=cls())

    @property
    def wape(self) -> float | None:
        """Weighted absolute percentage error, Σ|y - q50| / Σy."""
        return self.missed / self.sold if self.sold > 0 else None

    @property
    def bias(self) -> float | None:
        """Σ(mean - y) / Σy: above 0 where too much was expected."""
        return self.over / self.sold if self.sold > 0 else None

    @property
    def wql(self) -> float | None:
        """Mean weighted quantile loss over q10, q50, q90."""
        return self.loss / self.sold if self.sold > 0 else None

    @property
    def coverage(self) -> float | None:
        """Share of days within q10–q90; 0.8 is promised."""
        return self.inside / self.days if self.days else None

    @property
    def mase(self) -> float | None:
        """Mean absolute scaled error: below 1 it is nearer than last week's same day was in the history."""
        return self.scaled / self.scaled_days if self.scaled_days else None

    @property
    def rmspe(self) -> float | None:
        """Root mean squared percentage error, over days with sales."""
        return math.sqrt(self.squared / self.squared_days) if self.squared_days else None


_NAMES = tuple(each.name for each in fields(ErrorSums))
