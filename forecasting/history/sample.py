"""The embedded sample: real bakery sales, and the days that follow as a nightly feed (data/README.md)."""

from datetime import date
from pathlib import Path

import pandas as pd

DATA = Path(__file__).resolve().parent.parent.parent / "data"


def sample_files(data: Path = DATA) -> tuple[Path, Path]:
    """Return the sample's sales and plan files."""
    return data / "sample" / "sales.parquet", data / "sample" / "plan.parquet"


def next_feed_file(stores: frozenset[str], day: date, data: Path = DATA) -> Path | None:
    """Return the feed's file of one day; None if the feed has none, or `stores` are not the sample's."""
    path = data / "feed" / f"{day:%Y-%m-%d}.csv"
    if not path.exists():
        return None
    fed = pd.read_csv(path, usecols=["store"], dtype=str)["store"]
    return path if stores == frozenset(fed) else None
