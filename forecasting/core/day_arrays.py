"""The days of one series as NumPy arrays, which engines work on.

A frame is checked once, when it becomes a `SeriesDays`. From then on, windows are slices without copies.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.core import schema
from forecasting.core.errors import InvalidFrame

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class SeriesDays:
    """Days of one series with demand and covariates, ascending, without duplicates; days may be missing.

    Attributes
    ----------
    days
        (n,) days since 1970-01-01.
    y
        (n,) demand in units; NaN on days to forecast.
    is_open, promo, school_holiday
        (n,) bool covariates.
    holiday
        (n,) int64 index into `kinds`; 0 is no holiday.
    kinds
        Names of the holidays; the first is ``""``.
    flags
        (n,) bool further facts known in advance, by name, such as a standing promotion.
    """

    days: IntArray
    y: FloatArray
    is_open: BoolArray
    promo: BoolArray
    school_holiday: BoolArray
    holiday: IntArray
    kinds: tuple[str, ...] = ("",)
    flags: Mapping[str, BoolArray] = field(default_factory=dict)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, name: str, flags: Mapping[str, BoolArray] | None = None) -> Self:
        """Check a frame and convert it.

        Parameters
        ----------
        frame
            `schema.HISTORY`, or `schema.FUTURE` (which has no `y`; `assumed` is optional).
        name
            Name of the frame in error messages.
        flags
            `SeriesDays.flags` of its days.

        Raises
        ------
        InvalidFrame
            If the frame breaks its schema.
        """
        columns = schema.HISTORY if "y" in frame.columns else ("ds", *schema.COVARIATES)
        return replace(cls.from_checked_frame(schema.require_daily(frame, columns, name)), flags=flags or {})

    @classmethod
    def from_checked_frame(cls, frame: pd.DataFrame) -> Self:
        """Convert a frame whose schema has been checked before, such as one from an imported file."""
        size = len(frame)
        codes, kinds = pd.factorize(frame["holiday"].to_numpy(object))
        names = ["", *(str(kind) for kind in kinds if kind)]
        number = np.array([names.index(str(kind)) for kind in kinds], dtype=np.int64)
        return cls(
            days=frame["ds"].to_numpy().astype("datetime64[D]").astype(np.int64),
            y=frame["y"].to_numpy(np.float64) if "y" in frame.columns else np.full(size, np.nan),
            is_open=frame["is_open"].to_numpy(bool),
            promo=frame["promo"].to_numpy(bool),
            school_holiday=frame["school_holiday"].to_numpy(bool),
            holiday=number[codes] if size else np.zeros(0, dtype=np.int64),
            kinds=tuple(names),
        )

    def __len__(self) -> int:
        return int(self.days.size)

    def __getitem__(self, rows: slice | BoolArray) -> Self:
        return replace(
            self,
            days=self.days[rows],
            y=self.y[rows],
            is_open=self.is_open[rows],
            promo=self.promo[rows],
            school_holiday=self.school_holiday[rows],
            holiday=self.holiday[rows],
            flags={name: flag[rows] for name, flag in self.flags.items()},
        )

    @property
    def weekday(self) -> IntArray:
        """(n,) weekday of each day; 0 is Monday."""
        return (self.days + 3) % 7

    @property
    def first(self) -> date:
        """The first day."""
        return day_of(int(self.days[0]))

    @property
    def last(self) -> date:
        """The last day; for a history it is the cutoff."""
        return day_of(int(self.days[-1]))

    def up_to(self, cutoff: date) -> Self:
        """The days up to and including `cutoff`."""
        return self[: int(np.searchsorted(self.days, number_of(cutoff), side="right"))]

    def after(self, cutoff: date, horizon: int) -> Self:
        """The days among the `horizon` days after `cutoff`, with demand replaced by NaN."""
        first, last = np.searchsorted(
            self.days, [number_of(cutoff), number_of(cutoff) + horizon], side="right"
        )
        cut = self[int(first) : int(last)]
        return replace(cut, y=np.full(len(cut), np.nan))

    def followed_by(self, later: Self) -> Self:
        """Append later days.

        Raises
        ------
        InvalidFrame
            If the later days do not all come after these.
        """
        if len(self) and len(later) and later.days[0] <= self.days[-1]:
            raise InvalidFrame(f"expected days after {self.last}, found {later.first}")
        kinds = tuple(dict.fromkeys(self.kinds + later.kinds))
        codes = np.array([kinds.index(kind) for kind in later.kinds], dtype=np.int64)
        own = np.array([kinds.index(kind) for kind in self.kinds], dtype=np.int64)
        names = dict.fromkeys([*self.flags, *later.flags])

        def joined(name: str) -> BoolArray:
            parts = (each.flags.get(name, np.zeros(len(each), dtype=np.bool_)) for each in (self, later))
            return np.concatenate(list(parts))

        return replace(
            self,
            days=np.concatenate([self.days, later.days]),
            y=np.concatenate([self.y, later.y]),
            is_open=np.concatenate([self.is_open, later.is_open]),
            promo=np.concatenate([self.promo, later.promo]),
            school_holiday=np.concatenate([self.school_holiday, later.school_holiday]),
            holiday=np.concatenate([own[self.holiday], codes[later.holiday]]),
            kinds=kinds,
            flags={name: joined(name) for name in names},
        )

    def history(self) -> pd.DataFrame:
        """Convert to `schema.HISTORY`."""
        values = {name: getattr(self, name) for name in ("y", "is_open", "promo")}
        ds = self.days.astype("datetime64[D]").astype("datetime64[us]")
        holiday = pd.array([self.kinds[kind] for kind in self.holiday], dtype="str")
        return pd.DataFrame({"ds": ds, **values, "holiday": holiday, "school_holiday": self.school_holiday})

    def with_kinds(self, kinds: tuple[str, ...]) -> Self:
        """Renumber the holidays by another list of names, which must contain all of `self.kinds`."""
        if kinds == self.kinds:
            return self
        number = np.array([kinds.index(kind) for kind in self.kinds], dtype=np.int64)
        return replace(self, holiday=number[self.holiday], kinds=kinds)

    def overlay(self, other: Self) -> tuple[Self, BoolArray]:
        """Replace covariates by those of `other` on the days it has; also return (n,) True for those days."""
        if not len(other) or not len(self):
            return self, np.zeros(len(self), dtype=np.bool_)
        kinds = all_kinds((self, other))
        own, over = self.with_kinds(kinds), other.with_kinds(kinds)
        at = np.minimum(np.searchsorted(over.days, own.days), len(over) - 1)
        hit = over.days[at] == own.days
        laid = replace(
            own,
            is_open=np.where(hit, over.is_open[at], own.is_open),
            promo=np.where(hit, over.promo[at], own.promo),
            school_holiday=np.where(hit, over.school_holiday[at], own.school_holiday),
            holiday=np.where(hit, over.holiday[at], own.holiday),
        )
        return laid, hit


def all_kinds(parts: Iterable[SeriesDays]) -> tuple[str, ...]:
    """All holiday names of several series: ``""`` first, then in alphabetical order."""
    return ("", *sorted({kind for part in parts for kind in part.kinds if kind}))


@dataclass(frozen=True, slots=True)
class SeriesForecast:
    """The forecast of one series, one value per day.

    Attributes
    ----------
    days
        (h,) days since 1970-01-01, ascending.
    mean, q10, q50, q90
        (h,) expected demand and quantiles of demand; units.
    """

    days: IntArray
    mean: FloatArray
    q10: FloatArray
    q50: FloatArray
    q90: FloatArray

    def __len__(self) -> int:
        return int(self.days.size)

    def frame(self) -> pd.DataFrame:
        """Convert to `schema.FORECAST`."""
        ds = self.days.astype("datetime64[D]").astype("datetime64[us]")
        return pd.DataFrame({"ds": ds, "mean": self.mean, "q10": self.q10, "q50": self.q50, "q90": self.q90})

    def require(self, future: SeriesDays, name: str) -> Self:
        """Check that the forecast keeps the promises of every engine, and return it.

        The promises: the complete horizon, finite values, no negative value, q10 ≤ q50 ≤ q90, exactly 0 on
        closed days.

        Raises
        ------
        InvalidFrame
            If a promise is broken. The message names the promise and the first day that breaks it.
        """
        if not np.array_equal(self.days, future.days):
            raise InvalidFrame(f"{name}: expected the {len(future)} requested days, found {len(self)} others")
        values = np.vstack([self.mean, self.q10, self.q50, self.q90])
        broken = {
            "finite values": ~np.isfinite(values).all(axis=0),
            "no negative value": (values < 0).any(axis=0),
            "q10 ≤ q50 ≤ q90": (np.diff(values[1:], axis=0) < 0).any(axis=0),
            "exactly 0 on a closed day": ~future.is_open & (values != 0).any(axis=0),
        }
        for promise, days in broken.items():
            if days.any():
                first = day_of(int(self.days[int(days.argmax())]))
                raise InvalidFrame(f"{name}: expected {promise}, broken on {first}")
        return self


def day_of(number: int) -> date:
    """The date that lies this many days after 1970-01-01."""
    return EPOCH + timedelta(days=number)


def number_of(day: date) -> int:
    """The number of days from 1970-01-01 to a date."""
    return (day - EPOCH).days
