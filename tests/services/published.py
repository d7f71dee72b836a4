"""Stores with published forecasts, and sales that arrive for their days."""

from datetime import date, timedelta

import pandas as pd

from forecasting.core.domain import LOCAL_USER, SeriesKey
from tests.house import LAST, House, sales

DAY = timedelta(days=1)


TOTAL = SeriesKey("1")


def publish(house: House, store: str = "1") -> int:
    """Refresh a store and return the version it has then."""
    house.services.refreshing.refresh(LOCAL_USER, store)
    house.work()
    header = house.services.stores.freshness(LOCAL_USER, store).header
    assert header is not None
    return header.version


def through(house: House, last: date, first: date = LAST + DAY) -> None:
    """Import the days of store 1 from first to last, as one file."""
    house.deliver("sales", [sales("1", "101", 120.0, first, last), sales("1", "102", 60.0, first, last)])


def counted(house: House, key: SeriesKey = TOTAL) -> dict[tuple[date, int], int]:
    """Which version counted for which day and lead."""
    rows = house.services.accuracy.track(LOCAL_USER, key)
    return {(ds.date(), lead): version for ds, lead, version in zip(*(rows[c] for c in _KEYS), strict=True)}


def import_unscored(house: House, *frames: pd.DataFrame) -> None:
    """Import as a process does that is interrupted right after it."""
    path = house.home / "unscored.csv"
    pd.concat(frames).to_csv(path, index=False)
    house.history.import_file(path, "sales", "Ana")


_KEYS = ("ds", "lead", "version")
