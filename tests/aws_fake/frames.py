"""The computations of the fake: values of each day for every series."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tests.aws_fake.errors import JobFailed

DAY = pd.Timedelta(days=1)
WEEKS = 4
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corruption:
    """How to corrupt results, of all items or of one (its id, or that of another dimension).

    Attributes
    ----------
    missing
        The forecast type that is left out.
    negative
        Values are made negative.
    crossed
        The lowest quantile and the highest change places.
    """

    missing: str = ""
    item: str = ""
    negative: bool = False
    crossed: bool = False


@dataclass(frozen=True, slots=True)
class Inputs:
    """The data of a group's datasets when a job started.

    Attributes
    ----------
    keys
        Columns that tell series apart: ``item_id``, then the forecast dimensions.
    demand
        Of each day (rows) and series (columns), filled as was asked for.
    related
        Of each attribute the same, as far as it goes.
    imports
        The imports it is from.
    open_ended, gappy
        Related attributes that are filled after their end, or in between.
    """

    keys: tuple[str, ...]
    demand: pd.DataFrame
    related: Mapping[str, pd.DataFrame]
    imports: tuple[str, ...]
    open_ended: frozenset[str] = frozenset()
    gappy: frozenset[str] = frozenset()

    @property
    def last(self) -> pd.Timestamp:
        """The last day of the target."""
        return self.demand.index[-1]

    def require_related(self, horizon: int) -> None:
        """Fail the job unless the related series have no gaps and reach the end of the horizon."""
        until = self.last + horizon * DAY
        for name, frame in self.related.items():
            missing = self.demand.columns.difference(frame.columns)
            if len(missing):
                raise JobFailed(
                    f"Items in the target time series are missing in the related time series: {missing[0]}"
                )
            self._require_whole(name, frame)
            if name in self.open_ended:
                continue
            ends = frame.apply(pd.Series.last_valid_index)
            if (ends < until).any():
                raise JobFailed(
                    f"The attribute {name} of the related time series must extend to the end of the forecast "
                    f"horizon, {until:%Y-%m-%d}, for every item; for {ends.idxmin()} it ends at {ends.min()}"
                )

    def _require_whole(self, name: str, frame: pd.DataFrame) -> None:
        gaps = frame.isna() & frame.ffill().notna() & frame.bfill().notna()
        if name not in self.gappy and gaps.any(axis=None):
            key = gaps.any().idxmax()
            raise JobFailed(
                f"The attribute {name} of the related time series has missing values: {key} at "
                f"{gaps[key].idxmax():%Y-%m-%d}; a filling method is needed"
            )


def filled(frame: pd.DataFrame, middle: str, back: str) -> pd.DataFrame:
    """Fill the gaps of demand after each series' first day, or keep them (``nan``)."""
    begun, ended = frame.ffill().notna(), frame.bfill().isna()
    gaps = frame.isna() & begun
    for method, where in ((middle, gaps & ~ended), (back, gaps & ended)):
        if method != "nan":
            frame = frame.mask(where, 0.0 if method == "zero" else frame.agg(method), axis=1)
    return frame


def expected(inputs: Inputs, start: pd.Timestamp, horizon: int) -> pd.DataFrame:
    """Forecast from `start` on: the mean of the same weekday in the four weeks before, 0 if closed."""
    seen = inputs.demand.loc[start - 7 * WEEKS * DAY : start - DAY]
    weekdays = seen.groupby(seen.index.day_of_week).mean()
    days = pd.date_range(start, periods=horizon, freq="D")
    made = weekdays.reindex(days.day_of_week).fillna(0.0).set_axis(days)
    is_open = inputs.related.get("is_open")
    if is_open is not None:
        made *= is_open.reindex(index=days, columns=made.columns).fillna(1.0)
    return made


def quantile_names(types: Sequence[str]) -> dict[str, str]:
    """Return the name in answers of each forecast type: ``p10`` for ``0.1``."""
    return {each: each if each == "mean" else f"p{round(float(each) * 100)}" for each in types}


def values_of(
    expected_: float, types: Sequence[str], key: Key, spoils: Iterable[Corruption]
) -> dict[str, float | None]:
    """Return the value of each forecast type: p10 and p90 are 30 % below and above; then corrupt them."""
    values: dict[str, Any] = {
        name: expected_ * (1 if each == "mean" else 1 + 0.75 * (float(each) - 0.5))
        for each, name in quantile_names(types).items()
    }
    for spoil in (each for each in spoils if not each.item or each.item in key):
        if spoil.negative:
            values = {name: -abs(value) - 1 for name, value in values.items()}
        if spoil.crossed:
            first, last = (f([name for name in values if name != "mean"]) for f in (min, max))
            values[first], values[last] = values[last], values[first]
        values.pop(spoil.missing, None)
    return values


def scores(truth: pd.DataFrame, made: pd.DataFrame) -> tuple[float, float]:
    """Return RMSE and WAPE of one window."""
    off = (truth - made).to_numpy()
    total = float(np.nansum(np.abs(truth.to_numpy())))
    return float(np.sqrt(np.nanmean(off**2))), float(np.nansum(np.abs(off))) / total if total else 0.0
