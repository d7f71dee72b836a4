"""Compute the figures of a method from its daily forecasts, and compare them with the requirements.

The median (q50) is scored. For a peer it is the mean if that has the smaller error, so that every peer is
judged by the better of its two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import numpy as np
import pandas as pd

from benchmarks.peers import FOUR_WEEKS, LIGHTGBM, TEXTBOOK
from forecasting.core.error_sums import ErrorSums

OURS = "ours"
WEEK = 7
LEVELS = {"q10": 0.1, "q50": 0.5, "q90": 0.9}


@dataclass(frozen=True)
class Figures:
    """The results of one method on one data set.

    Attributes
    ----------
    point
        ``"q50"`` or ``"mean"``.
    days
        All forecast days, scored or not: series, cutoff, y, is_open, mean, q10, q50, q90.
    errors
        The scored days: series, cutoff, ahead, sold, missed, over, loss, inside, as in `ErrorSums`.
    """

    point: str
    days: pd.DataFrame
    errors: pd.DataFrame

    @classmethod
    def of(cls, method: str, days: pd.DataFrame) -> Self:
        """Compute the errors of each day.

        Raises
        ------
        SystemExit
            If a scored day has no forecast.
        """
        scored = days[days["scored"]]
        silent = scored[["mean", *LEVELS]].isna().any(axis=1)
        if silent.any():
            first = scored[silent].iloc[0]
            raise SystemExit(f"{method}: no forecast of {first['series']} on {first['ds']:%Y-%m-%d}")
        y = scored["y"]
        misses = {name: (y - scored[name]).abs() for name in ("q50", "mean")}
        point = "q50" if method == OURS else min(misses, key=lambda name: misses[name].sum())
        losses = [np.maximum(t * (y - scored[q]), (t - 1) * (y - scored[q])) for q, t in LEVELS.items()]
        errors = scored[["series", "cutoff", "ahead"]].assign(
            sold=y,
            missed=misses[point],
            over=scored["mean"] - y,
            loss=2 * sum(losses) / len(losses),
            inside=y.between(scored["q10"], scored["q90"]),
        )
        return cls(point, days, errors)

    def total(self, ahead: int | None = None) -> ErrorSums:
        """Errors over all windows; with `ahead`, only over the first days of each."""
        return _sums(self.errors if ahead is None else self.errors[self.errors["ahead"] <= ahead])

    def by_cutoff(self) -> dict[date, ErrorSums]:
        """Errors over the whole horizon, by cutoff."""
        return {cutoff: _sums(frame) for cutoff, frame in self.errors.groupby("cutoff", sort=True)}

    def wape_by_series(self) -> pd.Series:
        """WAPE over all windows, by series."""
        sums = self.errors.groupby("series", sort=True)[["missed", "sold"]].sum()
        return sums["missed"] / sums["sold"]

    def broken(self) -> dict[str, int]:
        """Number of days, among all requested days, whose forecast breaks a promise."""
        values = self.days[["mean", *LEVELS]]
        return {
            "negative": int((values < 0).any(axis=1).sum()),
            "closed and not 0": int((~self.days["is_open"] & (values != 0).any(axis=1)).sum()),
        }


@dataclass(frozen=True)
class Requirement:
    """A figure of the product with its lower and upper bound; None is no bound."""

    name: str
    value: float
    least: float | None = None
    most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the figure is within its bounds."""
        above = self.least is None or self.value >= self.least
        return above and (self.most is None or self.value <= self.most)


def required(dataset: str, figures: Mapping[str, Figures]) -> list[Requirement]:
    """The requirements on a data set; empty if the product was not measured."""
    if OURS not in figures:
        return []
    ours, textbook = figures[OURS].total(), figures[TEXTBOOK].total()
    broken = [Requirement(f"days {name}", count, most=0) for name, count in figures[OURS].broken().items()]
    if dataset == "store_item":
        return [Requirement("WAPE / textbook Prophet", ours.wape / textbook.wape, most=1.0), *broken]
    if dataset == "m5":
        return [Requirement("wQL / textbook Prophet", ours.wql / textbook.wql, most=0.95), *broken]
    weeks, boosted = figures[FOUR_WEEKS].total(), figures[LIGHTGBM].total()
    better = figures[OURS].wape_by_series() < figures[TEXTBOOK].wape_by_series()
    return [
        Requirement("WAPE / textbook Prophet", ours.wape / textbook.wape, most=0.54),
        Requirement("WAPE / 4-week mean", ours.wape / weeks.wape, most=0.62),
        Requirement("wQL / textbook Prophet", ours.wql / textbook.wql, most=0.57),
        Requirement("WAPE / LightGBM", ours.wape / boosted.wape, most=0.9),
        Requirement("wQL / LightGBM", ours.wql / boosted.wql, most=0.9),
        Requirement("share of stores better than textbook Prophet", better.mean(), least=0.97),
        *_coverage(figures[OURS]),
        *broken,
    ]


def _coverage(ours: Figures) -> list[Requirement]:
    cutoffs = {cutoff: sums.coverage for cutoff, sums in ours.by_cutoff().items()}
    last = ours.errors["ahead"].max()
    plain = [value for cutoff, value in cutoffs.items() if not _has_christmas(cutoff, last)]
    return [
        Requirement(f"coverage, {WEEK} days", ours.total(WEEK).coverage, least=0.76, most=0.86),
        Requirement(f"coverage, {last} days", ours.total().coverage, least=0.76, most=0.86),
        Requirement("coverage, lowest of a cutoff", min(cutoffs.values()), least=0.62),
        Requirement("coverage, lowest of a cutoff without Christmas", min(plain), least=0.76),
    ]


def _has_christmas(cutoff: date, horizon: int) -> bool:
    return cutoff < date(cutoff.year, 12, 25) <= cutoff + timedelta(days=int(horizon))


def _sums(errors: pd.DataFrame) -> ErrorSums:
    found = errors[["sold", "missed", "over", "loss", "inside"]].sum()
    return ErrorSums(days=len(errors), **found.to_dict())
