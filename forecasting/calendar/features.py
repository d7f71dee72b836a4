"""Turn days and their covariates into the regressors of the recipe, without looking at demand.

Every column is known in advance. Which weekdays are usually open is learnt from the history, so a backtest
learns it only from days before its cutoff. A column about which a data set says nothing is 0 everywhere, and
the engine drops it.

====================  ===================================================================================
columns               the days on which they are 1
====================  ===================================================================================
promo, promo:Mon …    promotions; also those on some weekdays, in school holidays, before a closed day
school_holiday        school holidays
holiday               any holiday, including one that never occurred before
holiday:NAME          one named holiday, in addition to `holiday`
closed:tomorrow …     days next to a closed day whose weekday is usually open
reopened:… closing:…  the first days after, and the last before, a closure of a week or more
flag:NAME             another fact known in advance, such as a standing promotion
month:…               sine and cosine of the day of the month (not 0 or 1); the last two working days of
                      the month; the Saturday up to three days after the last
december:…            groups of December days with a demand of their own, such as Christmas Eve
easter:… pentecost:…  the days around Easter and Pentecost
====================  ===================================================================================
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np
from dateutil.easter import easter

from forecasting.core.day_arrays import EPOCH, BoolArray, FloatArray, IntArray, SeriesDays, number_of

Flags = dict[str, BoolArray]

LONG_CLOSURE = 7
"""Fewest consecutive closed days of a long closure."""

REOPENED: dict[str, tuple[int, int]] = {"1-2": (1, 2), "3-5": (3, 5)}
"""Columns for the days after a long closure, as ranges of days since its end."""

CLOSING: dict[str, tuple[int, int]] = {"1": (1, 1), "2-3": (2, 3)}
"""Columns for the days before a long closure, as ranges of days until its start."""

HARMONICS = 4
"""Harmonics of the day of the month, for the pay-day effect."""

DECEMBER: dict[str, tuple[int, int]] = {
    "1-12": (1, 12),
    "13-19": (13, 19),
    "20-21": (20, 21),
    "22-23": (22, 23),
    "24": (24, 24),
    "27-28": (27, 28),
    "29-30": (29, 30),
    "31": (31, 31),
}
"""Groups of December days. The 24th and the 31st have columns of their own: shops open for only half of these
days, which would distort the estimate for all other days before a closed one."""

EASTER: dict[str, tuple[int, int]] = {
    "easter:-7..-4": (-7, -4),
    "easter:-3..-1": (-3, -1),
    "easter:+1..+3": (1, 3),
    "pentecost:-3..-1": (46, 48),
    "pentecost:+1..+3": (50, 52),
}
"""Groups of days, as offsets from Easter Sunday; Pentecost Sunday has offset 49."""

PROMO_WEEKDAYS: dict[str, int] = {"Mon": 0, "Tue": 1, "Wed": 2, "Fri": 4}
"""Weekdays on which a promotion may have an effect of its own."""

SATURDAY, WORKING_DAYS = 5, 5
OFTEN = 0.5
"""A weekday is usually open if more than this share of its days in the last year was open."""

CONTEXT = 120
"""Days of history in front of the first requested day: a closure may have begun in them."""

YEAR = 364
"""Days of a year in whole weeks."""

BLOCK = 2048
"""Days of one cached block of calendar columns: five and a half years."""


def usual_weekdays(seen: SeriesDays) -> BoolArray:
    """(7,) True for weekdays that are usually open (0 is Monday), learnt from the last year of a history."""
    if not len(seen):
        return np.zeros(7, dtype=np.bool_)
    recent = seen[seen.days > seen.days[-1] - YEAR]
    opened = np.bincount(recent.weekday, recent.is_open, 7)
    span = min(YEAR, int(seen.days[-1] - seen.days[0]) + 1)
    return np.asarray(opened / max(1.0, span / 7) > OFTEN)


class Features(Mapping[str, FloatArray]):
    """Named columns of equal length, stored as one table.

    Parameters
    ----------
    names
        (K,) names of the columns.
    rows
        (n, K) values.
    """

    def __init__(self, names: tuple[str, ...], rows: FloatArray) -> None:
        self.names = names
        self.rows = rows

    def __getitem__(self, name: str) -> FloatArray:
        if name not in self.names:
            raise KeyError(name)
        return self.rows[:, self.names.index(name)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def table(self, names: Sequence[str]) -> FloatArray:
        """(n, k) the columns with some names; a column that does not exist is 0."""
        at = {name: number for number, name in enumerate(self.names)}
        chosen = np.array([at.get(name, -1) for name in names], dtype=np.int64)
        table = self.rows[:, chosen]
        table[:, chosen < 0] = 0.0
        return table


def features(days: SeriesDays, usual: BoolArray) -> Features:
    """Compute the regressors of each day.

    Parameters
    ----------
    days
        In ascending order; a missing day counts as closed. The day after the last one is assumed to be open
        as usual, and closed days at the end may turn out to belong to a long closure. Later days can change
        only these columns, at most nine days back.
    usual
        (7,) `usual_weekdays` of the history.

    Returns
    -------
    Features
        Columns in a fixed order, except for names of holidays and flags, which depend on the days.
    """
    flags = {**_promotions(days), **_holidays(days), **_closures(days, usual)}
    calendar = calendar_columns(days.days)
    rows = np.empty((len(days), len(flags) + len(calendar)))
    for number, column in enumerate(flags.values()):
        rows[:, number] = column
    rows[:, len(flags) :] = calendar.rows
    return Features((*flags, *calendar.names), rows)


def features_after(seen: SeriesDays, future: SeriesDays, usual: BoolArray) -> Features:
    """Compute the regressors of the days of `future`, considering closures that began in `seen`."""
    whole = features(seen[-CONTEXT:].followed_by(future), usual)
    return Features(whole.names, whole.rows[len(whole.rows) - len(future) :])


def _promotions(days: SeriesDays) -> Flags:
    weekday = days.weekday
    columns = {"promo": days.promo}
    columns |= {f"promo:{name}": days.promo & (weekday == at) for name, at in PROMO_WEEKDAYS.items()}
    columns["promo:school_holiday"] = days.promo & days.school_holiday
    return columns | {f"flag:{name}": flag for name, flag in days.flags.items()}


def _holidays(days: SeriesDays) -> Flags:
    columns = {"school_holiday": days.school_holiday, "holiday": days.holiday > 0}
    for code, kind in enumerate(days.kinds):
        if kind:
            columns[f"holiday:{kind}"] = days.holiday == code
    return columns


def _closures(days: SeriesDays, usual: BoolArray) -> Flags:
    """Columns for days near closed ones. On the grid of all days, a missing day is a closed one."""
    at = days.days - (days.days[0] if len(days) else 0)
    grid = np.zeros(int(at[-1]) + 1 if len(days) else 0, dtype=np.bool_)
    grid[at] = days.is_open
    weekday = days.weekday
    # the day after the last and the day before the first are unknown and count as open
    tomorrow, yesterday = np.append(grid[1:], True)[at], np.append(True, grid[:-1])[at]
    closed_tomorrow = ~tomorrow & usual[(weekday + 1) % 7]
    closed_yesterday = ~yesterday & usual[(weekday - 1) % 7]
    since, until = (steps[at] for steps in _long_closures(grid))
    columns = {
        "closed:tomorrow": closed_tomorrow,
        "closed:yesterday": closed_yesterday,
        "closed:yesterday:Sat": closed_yesterday & (weekday == SATURDAY),
        "promo:closed_tomorrow": days.promo & closed_tomorrow,
    }
    columns |= {f"reopened:{name}": (since >= a) & (since <= b) for name, (a, b) in REOPENED.items()}
    columns |= {f"closing:{name}": (until >= a) & (until <= b) for name, (a, b) in CLOSING.items()}
    return columns


def _long_closures(grid: BoolArray) -> tuple[IntArray, IntArray]:
    """(n,) days since the end of the last long closure, and (n,) until the start of the next; 0 for none."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~grid, [False]]).astype(np.int8)))
    long = edges[1::2] - edges[::2] >= LONG_CLOSURE
    starts, ends = edges[::2][long], edges[1::2][long]
    at = np.arange(grid.size)
    before, after = np.searchsorted(ends, at, side="right"), np.searchsorted(starts, at, side="right")
    since = at + 1 - np.append(0, ends)[before]
    until = np.append(starts, 0)[after] - at
    return np.where(before > 0, since, 0), np.where(after < starts.size, until, 0)


def calendar_columns(days: IntArray) -> Features:
    """The columns that depend on the date only.

    Parameters
    ----------
    days
        (n,) days since 1970-01-01.
    """
    first, last = (int(days.min()) // BLOCK, int(days.max()) // BLOCK) if days.size else (0, 0)
    blocks = [_block(number) for number in range(first, last + 1)]
    table = blocks[0].rows if len(blocks) == 1 else np.concatenate([block.rows for block in blocks])
    return Features(blocks[0].names, table[days - first * BLOCK])


@lru_cache(maxsize=16)
def _block(number: int) -> Features:
    """The columns of one block of days; read-only, because callers share them."""
    days = np.arange(number * BLOCK, (number + 1) * BLOCK, dtype=np.int64)
    stamps = days.astype("datetime64[D]")
    month_start = stamps.astype("datetime64[M]")
    day = (stamps - month_start.astype("datetime64[D]")).astype(np.int64) + 1
    december = month_start.astype(np.int64) % 12 == 11  # noqa: PLR2004 - months since January 1970
    columns: dict[str, FloatArray | BoolArray] = {
        **_month_waves(month_start, day),
        **_month_end(days, month_start),
    }
    columns |= {f"december:{name}": december & (day >= a) & (day <= b) for name, (a, b) in DECEMBER.items()}
    columns |= _easter(days)
    rows = np.stack([column.astype(np.float64) for column in columns.values()], axis=1)
    rows.flags.writeable = False
    return Features(tuple(columns), rows)


def _month_waves(month_start: np.ndarray, day: IntArray) -> dict[str, FloatArray]:
    following = (month_start + 1).astype("datetime64[D]")
    length = (following - month_start.astype("datetime64[D]")).astype(np.float64)
    angle = 2 * np.pi * (day - 1) / length
    waves = {"sin": np.sin, "cos": np.cos}
    return {
        f"month:{name}{order}": wave(order * angle)
        for order in range(1, HARMONICS + 1)
        for name, wave in waves.items()
    }


def _month_end(days: IntArray, month_start: np.ndarray) -> dict[str, BoolArray]:
    """The last two working days (Monday to Friday) of a month, and the Saturday after the last one."""
    weekday = (days + 3) % 7
    last_day = ((month_start + 1).astype("datetime64[D]") - 1).astype(np.int64)
    last_weekday = (last_day + 3) % 7
    last = last_day - np.maximum(last_weekday - (WORKING_DAYS - 1), 0)
    before = last - np.where((last + 3) % 7 == 0, 3, 1)
    # the Saturday may lie in the next month, so the last working day of the previous month is compared too
    previous_end = month_start.astype("datetime64[D]").astype(np.int64) - 1
    previous_last = previous_end - np.maximum((previous_end + 3) % 7 - (WORKING_DAYS - 1), 0)
    saturday = weekday == SATURDAY
    near = [(days - end >= 1) & (days - end <= 3) for end in (last, previous_last)]  # noqa: PLR2004 - Wednesday to Friday
    return {
        "month:last": days == last,
        "month:last_but_one": days == before,
        "month:saturday_after": saturday & (near[0] | near[1]),
    }


def _easter(days: IntArray) -> dict[str, BoolArray]:
    years = range((EPOCH.year + int(days[0]) // 366) - 1, (EPOCH.year + int(days[-1]) // 365) + 2)
    sundays = np.array([number_of(easter(year)) for year in years if year > 0])
    nearest = sundays[np.clip(np.searchsorted(sundays, days - 100), 0, sundays.size - 1)]
    offset = days - nearest  # from the Easter Sunday at most 100 days ago, else from the next one
    return {name: (offset >= a) & (offset <= b) for name, (a, b) in EASTER.items()}
