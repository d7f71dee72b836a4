"""Features of the LightGBM peer: levels and averages of the past, the calendar, the store.

Arrays are stores × days (S, D) and cover history and future. Means are of ``log1p(y)`` over open days with
sales, minus the store's level, which is its mean over the last 91 days.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.datasets import Window
from forecasting.core.day_arrays import BoolArray, FloatArray, IntArray

MONTH, LEVEL, YEAR = 28, 91, 364
AROUND = 21
CELLS = 14
LONG_CLOSURE, FAR = 7, 14


@dataclass(frozen=True)
class Grid:
    """The arrays from which features are computed.

    Attributes
    ----------
    days
        (D,) days since 1970-01-01, without a gap.
    known
        Number of days in the history.
    log
        (S, D) ``log1p(y)`` of open days with sales, else NaN.
    level
        (S, D) mean of `log` over the 91 days up to each day; if nothing was sold in them, the last earlier
        mean.
    cell
        (S, D) weekday and promotion as one number, 0 to 13.
    past
        (p, S, D) features of the past as of the end of each day.
    planned
        (f, S, D) features of each day that are known in advance.
    """

    days: IntArray
    known: int
    log: FloatArray
    level: FloatArray
    cell: IntArray
    past: FloatArray
    planned: FloatArray


class Rows(NamedTuple):
    """(n, f) features, (n,) target (NaN without known sales), and the (n,) level that was subtracted."""

    features: FloatArray
    target: FloatArray
    level: FloatArray

    def sold(self) -> "Rows":
        """The rows that have a target."""
        rows = np.isfinite(self.target)
        return Rows(self.features[rows], self.target[rows], self.level[rows])


def grid_of(window: Window) -> Grid:
    """Build the grid of the scored stores, followed by the stores for training only."""
    names = (*window.scored, *window.more)
    stores = [window.histories[name].followed_by(window.futures[name]) for name in names]
    first = min(int(store.days[0]) for store in stores)
    days = np.arange(first, max(int(store.days[-1]) for store in stores) + 1)

    def laid_out(column: str) -> FloatArray:
        out = np.zeros((len(stores), days.size))
        for row, store in zip(out, stores, strict=True):
            row[store.days - first] = store.flags[column] if column in store.flags else getattr(store, column)
        return out

    y, is_open, promo = laid_out("y"), laid_out("is_open") > 0, laid_out("promo")
    log = np.where(is_open & (y > 0), np.log1p(y), np.nan)
    level = pd.DataFrame(_mean(log, LEVEL)).ffill(axis=1).to_numpy()
    own = [laid_out(column) for column in ("school_holiday", "holiday", "promo2", "promo2_begins")]
    calendar = [np.broadcast_to(each, y.shape) for each in _calendar(days)]
    kept = _store(window.attributes.loc[list(names)], days)
    return Grid(
        days=days,
        known=days.size - window.horizon,
        log=log,
        level=level,
        cell=(2 * ((days + 3) % 7) + promo).astype(np.int64),
        past=np.stack(_past(log, level)),
        planned=np.stack([promo, _since(promo > 0), *own, *_closures(is_open), *calendar, *kept]),
    )


def rows_from(grid: Grid, origin: int, horizon: int) -> Rows:
    """Rows of the `horizon` days after day number `origin`, store by store."""
    asked = slice(origin + 1, origin + 1 + horizon)
    shape = (len(grid.log), horizon)
    level = grid.level[:, [origin]]
    features = [
        *(np.broadcast_to(each[:, [origin]], shape) for each in (grid.level, *grid.past)),
        *(_cell_means(grid, origin, width, asked) - level for width in (LEVEL, YEAR)),
        *(each - level for each in _last_year(grid, asked)),
        np.broadcast_to(np.arange(1.0, horizon + 1), shape),
        *grid.planned[:, :, asked],
    ]
    return Rows(
        features=np.stack(features, axis=-1).reshape(-1, len(features)).astype(np.float32),
        target=(grid.log[:, asked] - level).ravel(),
        level=np.broadcast_to(level, shape).ravel(),
    )


def _past(log: FloatArray, level: FloatArray) -> list[FloatArray]:
    """Means over 28 and 364 days, standard deviation over 364 days, number of days with sales so far."""
    year = _mean(log, YEAR)
    spread = np.sqrt(np.maximum(_mean(log**2, YEAR) - year**2, 0.0))
    return [_mean(log, MONTH) - level, year - level, spread, np.isfinite(log).cumsum(axis=1)]


def _mean(values: FloatArray, width: int) -> FloatArray:
    """Mean over the `width` days up to and including each day; NaN if there is no value."""
    frame = pd.DataFrame(values.T)
    return frame.rolling(width, min_periods=1).mean().to_numpy().T


def _cell_means(grid: Grid, origin: int, width: int, asked: slice) -> FloatArray:
    """Mean of the days with the same cell as each requested day, over the `width` days up to `origin`."""
    past = slice(max(origin + 1 - width, 0), origin + 1)
    log, cell, wanted = grid.log[:, past], grid.cell[:, past], grid.cell[:, asked]
    means = np.full((len(log), CELLS), np.nan)
    for each in range(CELLS):
        alike = np.isfinite(log) & (cell == each)
        np.divide(
            np.where(alike, log, 0.0).sum(axis=1),
            alike.sum(axis=1),
            out=means[:, each],
            where=alike.any(axis=1),
        )
    return np.take_along_axis(means, wanted, axis=1)


def _last_year(grid: Grid, asked: slice) -> tuple[FloatArray, FloatArray]:
    """The day 364 days earlier, and the mean of the ten days on either side of it."""
    before = np.arange(asked.start, asked.stop) - YEAR
    around = _mean(grid.log[:, : max(asked.stop - YEAR + AROUND // 2, 0)], AROUND)
    there = before >= 0
    exact, near = (np.full((len(grid.log), before.size), np.nan) for _ in range(2))
    exact[:, there] = grid.log[:, before[there]]
    near[:, there] = around[:, before[there] + AROUND // 2]
    return exact, near


def _since(state: BoolArray) -> FloatArray:
    """Days since `state` became true; -1 on days on which it is false."""
    at = np.arange(state.shape[1], dtype=float)
    last_without = pd.DataFrame(np.where(state, np.nan, at)).ffill(axis=1).fillna(-1.0).to_numpy()
    return at - last_without - 1.0


def _closures(is_open: BoolArray) -> list[FloatArray]:
    """Closed tomorrow, closed yesterday, days since and until a long closure (at most 14)."""
    closed = ~is_open
    tomorrow, yesterday = np.roll(closed, -1, axis=1), np.roll(closed, 1, axis=1)
    tomorrow[:, -1], yesterday[:, 0] = tomorrow[:, -8], yesterday[:, 7]
    after = _since_closure(closed)
    before = _since_closure(closed[:, ::-1])[:, ::-1]
    return [tomorrow.astype(float), yesterday.astype(float), after, before]


def _since_closure(closed: BoolArray) -> FloatArray:
    """Days since the end of a closure of seven or more days; at most 14."""
    at = np.arange(closed.shape[1], dtype=float)
    long = pd.DataFrame(closed.T).rolling(LONG_CLOSURE).sum().to_numpy().T == LONG_CLOSURE
    last = pd.DataFrame(np.where(long, at, np.nan)).ffill(axis=1).to_numpy()
    return np.fmin(at - last, FAR)


def _calendar(days: IntArray) -> list[FloatArray]:
    """Weekday, month, day of the month, day of the year; each (D,)."""
    dates = pd.DatetimeIndex(days.astype("datetime64[D]").astype("datetime64[ns]"))
    return [np.asarray(each, float) for each in (dates.weekday, dates.month, dates.day, dates.dayofyear)]


def _store(stores: pd.DataFrame, days: IntArray) -> list[FloatArray]:
    """Type, assortment, distance of the nearest competitor, and months since it opened."""
    fixed = [
        pd.factorize(stores["StoreType"], sort=True)[0].astype(float),
        pd.factorize(stores["Assortment"], sort=True)[0].astype(float),
        stores["CompetitionDistance"].to_numpy(float),
    ]
    opened = 12 * stores["CompetitionOpenSinceYear"] + stores["CompetitionOpenSinceMonth"]
    dates = pd.DatetimeIndex(days.astype("datetime64[D]").astype("datetime64[ns]"))
    age = (12.0 * dates.year + dates.month).to_numpy()[None, :] - opened.to_numpy(float)[:, None]
    return [*(np.broadcast_to(each[:, None], age.shape) for each in fixed), np.maximum(age, -1.0)]
