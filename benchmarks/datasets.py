"""Real series for measuring accuracy, and the window of them that each method sees.

`README.md` next to the files describes them. They are not part of the project (competition licences).

==========  =====================================================================================
set         what is sampled, forecast and scored
==========  =====================================================================================
rossmann    stores, 42 days from eight cutoffs three weeks apart (the first has Christmas in its
            window); scored are open days with sales
store_item  items of a store, 42 days from three cutoffs of the last year; every day
m5          items of a store (half of their days without a sale), 28 days from three cutoffs of the
            last year; every day
==========  =====================================================================================

The series of a set are sampled with a fixed seed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.core.day_arrays import BoolArray, IntArray, SeriesDays, number_of

DIRECTORY = Path(__file__).resolve().parents[2] / "shared" / "datasets"
MORE = 100
ROSSMANN_HOLIDAYS = {"0": "", "a": "Public holiday", "b": "Easter holiday", "c": "Christmas"}

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec")
"""Month names as spelled in `PromoInterval`."""


@dataclass(frozen=True)
class Window:
    """Everything a method may know at a cutoff.

    Attributes
    ----------
    dataset
        Name of the set.
    cutoff, horizon
        The last known day, and the number of days to forecast.
    scores_zeros
        Whether days without a sale count.
    histories
        Every series of the set up to and including the cutoff.
    futures
        The days to forecast of every series; demand is NaN.
    attributes
        One row per series, indexed by its name; without columns if there are no attributes.
    scored
        Names of the series to forecast.
    more
        Names of up to 100 other series, for training.
    """

    dataset: str
    cutoff: date
    horizon: int
    scores_zeros: bool
    histories: Mapping[str, SeriesDays]
    futures: Mapping[str, SeriesDays]
    attributes: pd.DataFrame
    scored: tuple[str, ...]
    more: tuple[str, ...]


@dataclass(frozen=True)
class DataSet:
    """The series of one source, with a sample of them.

    Attributes
    ----------
    name
        Its name on the command line.
    horizon, cutoffs
        Number of days to forecast, and the days after which they start.
    scores_zeros
        Whether days without a sale count.
    series
        Every complete series; attributes as in `Window`.
    drawn, more
        Names of the scored series, and of up to 100 others.
    """

    name: str
    horizon: int
    cutoffs: tuple[date, ...]
    scores_zeros: bool
    series: Mapping[str, SeriesDays]
    attributes: pd.DataFrame
    drawn: tuple[str, ...]
    more: tuple[str, ...]

    def windows(self) -> Iterator[Window]:
        """One window per cutoff, in order."""
        for cutoff in self.cutoffs:
            yield Window(
                dataset=self.name,
                cutoff=cutoff,
                horizon=self.horizon,
                scores_zeros=self.scores_zeros,
                histories={name: days.up_to(cutoff) for name, days in self.series.items()},
                futures={name: days.after(cutoff, self.horizon) for name, days in self.series.items()},
                attributes=self.attributes,
                scored=self.drawn,
                more=self.more,
            )

    def truth(self, cutoff: date) -> pd.DataFrame:
        """The demand after `cutoff`, which no method sees: series, ds, ahead, y, is_open, scored."""
        last = cutoff + timedelta(days=self.horizon)
        parts = []
        for name in self.drawn:
            known, days = len(self.series[name].up_to(cutoff)), self.series[name].up_to(last)
            came = days[known:]
            scored = np.ones(len(came), dtype=bool) if self.scores_zeros else came.is_open & (came.y > 0)
            ahead = came.days - number_of(cutoff)
            values = {"days": came.days, "ahead": ahead, "y": came.y, "is_open": came.is_open}
            parts.append(pd.DataFrame({"series": name, **values, "scored": scored}))
        frame = pd.concat(parts, ignore_index=True)
        frame["ds"] = frame.pop("days").to_numpy().astype("datetime64[D]").astype("datetime64[us]")
        return frame


def load(name: str, directory: Path, stores: int, seed: int) -> DataSet:
    """Read a set and sample `stores` of its series.

    Raises
    ------
    SystemExit
        If the files are missing.
    """
    try:
        return _LOADERS[name](directory, stores, seed)
    except FileNotFoundError as error:
        raise SystemExit(
            f"The data set {name} is not in {directory}: name its folder with --data."
        ) from error


def _rossmann(directory: Path, stores: int, seed: int) -> DataSet:
    sales = pd.read_parquet(directory / "rossmann_train.parquet").sort_values(["Store", "Date"])
    attributes = pd.read_csv(directory / "rossmann_store.csv").set_index("Store")
    attributes.index = attributes.index.astype(str)
    codes = {letter: code for code, letter in enumerate(ROSSMANN_HOLIDAYS)}
    columns = {
        "y": sales["Sales"].to_numpy(np.float64),
        "is_open": sales["Open"].to_numpy() == 1,
        "promo": sales["Promo"].to_numpy() == 1,
        "school_holiday": sales["SchoolHoliday"].to_numpy() == 1,
        "holiday": sales["StateHoliday"].astype(str).map(codes).to_numpy(np.int64),
    }
    kinds = tuple(ROSSMANN_HOLIDAYS.values())
    names = sales["Store"].astype(str)
    flags = _standing_promotion(attributes.loc[names], sales["Date"])
    series = _series(names, sales["Date"], columns, kinds, flags)
    cutoffs = _every(date(2014, 12, 12), step=21, count=8)
    return _draw("rossmann", 42, cutoffs, series, stores, seed, attributes=attributes)


def _standing_promotion(stores: pd.DataFrame, dates: pd.Series) -> dict[str, BoolArray]:
    """Whether a store takes part in Promo2 on each day, and whether a round starts in its month."""
    since = 53 * stores["Promo2SinceYear"].to_numpy() + stores["Promo2SinceWeek"].to_numpy()
    calendar = dates.dt.isocalendar()
    reached = 53 * calendar["year"].to_numpy(float) + calendar["week"].to_numpy(float) >= since
    listed = stores["PromoInterval"].fillna("").str.split(",")
    begins = [MONTHS[month - 1] in months for month, months in zip(dates.dt.month, listed, strict=True)]
    return {"promo2": reached, "promo2_begins": reached & np.array(begins)}


def _store_item(directory: Path, stores: int, seed: int) -> DataSet:
    sales = pd.read_parquet(directory / "store_item_train.parquet").sort_values(["store", "item", "date"])
    names = sales["store"].astype(str) + "/" + sales["item"].astype(str)
    series = _series(names, sales["date"], {"y": sales["sales"].to_numpy(np.float64)})
    cutoffs = _every(date(2016, 10, 31), step=147, count=3)
    return _draw("store_item", 42, cutoffs, series, stores, seed)


def _m5(directory: Path, stores: int, seed: int) -> DataSet:
    columns = ["item_id", "store_id", "date", "value", "event_name_1", "snap"]
    sales = pd.read_parquet(directory / "m5_28items_train.parquet", columns=columns)
    sales = sales.astype({"item_id": str, "store_id": str}).sort_values(["store_id", "item_id", "date"])
    names = sales["store_id"] + "/" + sales["item_id"]
    events = sales["event_name_1"].astype(str).replace("0", "")
    codes, kinds = pd.factorize(pd.concat([pd.Series([""]), events]))
    columns = {"y": sales["value"].to_numpy(np.float64), "holiday": codes[1:].astype(np.int64)}
    flags = {"snap": sales["snap"].to_numpy() == 1}
    series = _series(names, sales["date"], columns, tuple(kinds), flags)
    return _draw("m5", 28, _every(date(2015, 5, 10), step=147, count=3), series, stores, seed)


_LOADERS: Mapping[str, Callable[[Path, int, int], DataSet]] = {
    "rossmann": _rossmann,
    "store_item": _store_item,
    "m5": _m5,
}
SETS = tuple(_LOADERS)


def _every(first: date, step: int, count: int) -> tuple[date, ...]:
    return tuple(first + timedelta(days=step * at) for at in range(count))


def _series(
    names: pd.Series,
    dates: pd.Series,
    columns: Mapping[str, IntArray],
    kinds: tuple[str, ...] = ("",),
    flags: Mapping[str, BoolArray] | None = None,
) -> dict[str, SeriesDays]:
    """Split columns, sorted by series and day, into series."""
    size = len(names)
    no = np.zeros(size, dtype=bool)
    given = {"promo": no, "school_holiday": no, "is_open": ~no, "holiday": np.zeros(size, dtype=np.int64)}
    days = dates.to_numpy().astype("datetime64[D]").astype(np.int64)
    whole = SeriesDays(days=days, kinds=kinds, flags=flags or {}, **{**given, **columns})
    codes, found = pd.factorize(names)
    borders = np.flatnonzero(np.diff(codes, prepend=-1, append=-1))
    return {str(found[codes[start]]): whole[start:end] for start, end in pairwise(borders)}


def _draw(
    name: str,
    horizon: int,
    cutoffs: tuple[date, ...],
    series: Mapping[str, SeriesDays],
    stores: int,
    seed: int,
    *,
    attributes: pd.DataFrame | None = None,
) -> DataSet:
    drawn = tuple(str(each) for each in np.random.default_rng(seed).permutation(list(series)))
    return DataSet(
        name=name,
        horizon=horizon,
        cutoffs=cutoffs,
        scores_zeros=name != "rossmann",
        series=series,
        attributes=pd.DataFrame(index=list(series)) if attributes is None else attributes,
        drawn=drawn[:stores],
        more=drawn[stores : stores + MORE],
    )
