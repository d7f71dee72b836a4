"""Synthetic stores for benchmarks: imported and published by the seasonal-naive engine."""

import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.bootstrap import Storecast
from forecasting.core.domain import LOCAL_USER

LAST = date(2019, 4, 2)
"""The newest day of sales."""

REGIONS, LEVEL, NOISE = 12, 80.0, 0.03
SUNDAY, TICK = 6, 0.1


def synthetic_sales(stores: int, items: int, days: int, *, eventful: bool = True) -> pd.DataFrame:
    """Create sales of some stores, up to the day `LAST`.

    Parameters
    ----------
    eventful
        Close stores on Sundays and promote every other week. Otherwise all days are alike, so that no store
        needs attention.

    Returns
    -------
    pandas.DataFrame
        store, item, date, demand, promo, open, region.
    """
    products, dates = range(101, 101 + items), pd.date_range(end=LAST, periods=days)
    series = pd.MultiIndex.from_product([range(1, stores + 1), products, dates])
    store, item = series.get_level_values(0), series.get_level_values(1)
    day = pd.DatetimeIndex(series.get_level_values(2))
    opened = (day.dayofweek < SUNDAY).astype(int) if eventful else 1
    promoted = (day.isocalendar().week % 2).to_numpy(dtype=int) if eventful else 0
    level = LEVEL * (1 + 0.3 * promoted) * opened + np.zeros(len(series))
    noise = np.random.default_rng(1).normal(0, NOISE, len(series))
    return pd.DataFrame(
        {
            "store": store, "item": item, "date": day, "demand": np.round(level * (1 + noise)),
            "promo": promoted, "open": opened, "region": [f"Region {number % REGIONS}" for number in store],
        }
    )  # fmt: skip


def furnish(storecast: Storecast, folder: Path, sales: pd.DataFrame, parts: int = 1) -> None:
    """Import sales, the last days one by one, and publish every store's forecast after each import.

    Parameters
    ----------
    folder
        Folder for the temporary file.
    parts
        Number of imports; with more than one, there are earlier versions and a track record.
    """
    storecast.start_worker()
    for left in reversed(range(parts)):
        file = folder / "sales.parquet"
        sales[sales["date"] <= pd.Timestamp(LAST) - timedelta(days=left)].to_parquet(file, index=False)
        storecast.services.imports.import_file(LOCAL_USER, file, "sales")
        storecast.services.refreshing.refresh_all(LOCAL_USER)
        while storecast.services.runs.batch(LOCAL_USER):
            time.sleep(TICK)
