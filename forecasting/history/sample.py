"""The embedded sample: real bakery sales, and the days after them as a nightly feed (data/README.md)."""

from datetime import date
from pathlib import Path

from forecasting.errors import InvalidRequest

DATA = Path(__file__).resolve().parent.parent.parent / "data"


def sample_files(data: Path = DATA) -> tuple[Path, Path]:
    """Return the sample's sales and plan files."""
    return data / "sample" / "sales.parquet", data / "sample" / "plan.parquet"


def feed_file(day: date, data: Path = DATA) -> Path:
    """Return the feed file of one day.

    Raises
    ------
    InvalidRequest
        If the feed has no such day.
    """
    path = data / "feed" / f"{day:%Y-%m-%d}.csv"
    if not path.exists():
        days = sorted(file.stem for file in path.parent.glob("*.csv"))
        span = f"{days[0]} to {days[-1]}" if days else "nothing"
        raise InvalidRequest(f"sample feed: expected a file for {day}, found {span}")
    return path
