"""The key of a series, the quantile levels, and the order in which names are listed."""

from dataclasses import dataclass

ALL_ITEMS = "all"
"""The item that stands for a store's total."""

QUANTILES = (0.1, 0.5, 0.9)
"""Levels of `q10`, `q50`, `q90`."""


@dataclass(frozen=True, slots=True, order=True)
class SeriesKey:
    """One series: an item in a store, or the store's total."""

    store: str
    item: str = ALL_ITEMS

    def __str__(self) -> str:
        return f"store {self.store}" if self.item == ALL_ITEMS else f"store {self.store}, product {self.item}"


def natural_order(name: str) -> tuple[int, int | str]:
    """Sort key that puts store 9 before store 10, and numbers before words."""
    return (0, int(name)) if name.isdecimal() else (1, name)
