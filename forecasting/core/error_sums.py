"""Forecast errors as sums, so that days, windows, series and stores can be added before a ratio is taken.

Sources: Hyndman & Athanasopoulos, *Forecasting: Principles and Practice* (3rd ed.), sections 5.8 and 5.9;
Hyndman & Koehler 2006, "Another look at measures of forecast accuracy" (MASE).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class ErrorSums:
    """Sums of errors over days. A ratio that is undefined is None, never 0.

    The absolute error is that of q50, which minimises it. The bias is that of the mean, which adds up over
    days.

    Attributes
    ----------
    days
        Number of open days scored.
    sold
        Σ y, in units of demand.
    missed
        Σ |y - q50|.
    over
        Σ (mean - y).
    loss
        Σ over days of the mean over τ in .1, .5, .9 of 2·max(τ(y - q), (τ - 1)(y - q)).
    inside
        Days with q10 ≤ y ≤ q90.
    scaled, scaled_days
        Σ |y - q50| / scale, and the number of days in it. The scale is the series' own mean absolute change
        from week to week.
    squared, squared_days
        Σ ((y - q50) / y)² over days with y above 0, and the number of those days.
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
        """The sum of any number of error sums."""
        return sum(parts, start=cls())

    @property
    def wape(self) -> float | None:
        """Weighted absolute percentage error, Σ|y - q50| / Σy."""
        return self.missed / self.sold if self.sold > 0 else None

    @property
    def bias(self) -> float | None:
        """Σ(mean - y) / Σy: above 0 if the forecast was too high."""
        return self.over / self.sold if self.sold > 0 else None

    @property
    def wql(self) -> float | None:
        """Mean weighted quantile loss over q10, q50, q90."""
        return self.loss / self.sold if self.sold > 0 else None

    @property
    def coverage(self) -> float | None:
        """Share of days within q10–q90; the target is 0.8."""
        return self.inside / self.days if self.days else None

    @property
    def mase(self) -> float | None:
        """Mean absolute scaled error: below 1 the forecast is more accurate than last week's same day."""
        return self.scaled / self.scaled_days if self.scaled_days else None

    @property
    def rmspe(self) -> float | None:
        """Root mean squared percentage error, over days with sales."""
        return math.sqrt(self.squared / self.squared_days) if self.squared_days else None


_NAMES = tuple(each.name for each in fields(ErrorSums))
