"""Rebuild the embedded sample from the bakery set of the PyPI source package ``ddop`` (see README.md).

``python data/build_sample.py [--sdist PATH]`` reads the package's two CSV files, derives what a planner's
files would hold, and writes ``sample/sales.parquet``, ``sample/plan.parquet`` and ``feed/*.csv`` beside this
script. The same source package, pyarrow and holidays versions give the same bytes.
"""

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

import holidays
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

REQUIREMENT = "ddop==0.7.6"
SDIST_SHA256 = "def7756324fae64e64f9318b195c1daa7c4141611543a16ba744daf3993a5da2"
FOLDER = "ddop-0.7.6/ddop/datasets/data"

LAST_SALES_DAY = date(2019, 4, 2)
REGIONS = ("North", "East", "South", "West", "Centre")

DATA_COLUMNS = {
    "store": "store",
    "product": "item",
    "date": "date",
    "promotion_currentweek": "promo",
    "is_holiday": "is_holiday",
    "is_schoolholiday": "school_holiday",
}
TARGET_COLUMNS = {"demand": "demand"}

HOLIDAY_CALENDARS = ("BW", "BB")
"""German states asked for a name, in this order: Baden-Württemberg, then Brandenburg, the only state where
Easter Sunday and Pentecost (both flagged by the source) are holidays by law."""
UNNAMED_HOLIDAY = "Public holiday"

SALES_SCHEMA = pa.schema(
    [
        ("store", pa.string()),
        ("item", pa.string()),
        ("date", pa.date32()),
        ("demand", pa.float64()),
        ("region", pa.string()),
        ("is_open", pa.bool_()),
        ("promo", pa.bool_()),
        ("holiday", pa.string()),
        ("school_holiday", pa.bool_()),
    ]
)
PLAN_SCHEMA = pa.schema([field for field in SALES_SCHEMA if field.name not in {"demand", "region"}])


class SourceError(ValueError):
    """The source package can't be downloaded or is not the expected one. Nothing was written."""


def fetch_sdist(folder: Path) -> Path:
    """Download the source package with pip, which checks the pinned hash before it runs anything of it.

    Raises
    ------
    SourceError
        If pip fails; with the last line of its output.
    """
    pinned = folder / "requirements.txt"
    pinned.write_text(f"{REQUIREMENT} --hash=sha256:{SDIST_SHA256}\n", encoding="utf-8")
    options = ["--no-deps", "--no-binary", ":all:", "--require-hashes", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), "-r", str(pinned)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = sorted(folder.glob("ddop-*.tar.gz"))
    if done.returncode != 0 or not found:
        output = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise SourceError(f"{REQUIREMENT}: expected pip to download the source package, pip said: {output}")
    return found[0]


def verify_checksum(sdist: Path, expected: str = SDIST_SHA256) -> None:
    """Check that a file is the source package this script was written for.

    Raises
    ------
    SourceError
        If the file is missing or has another SHA-256.
    """
    if not sdist.is_file():
        raise SourceError(f"{sdist}: expected the source package of {REQUIREMENT}, found no such file")
    found = hashlib.sha256(sdist.read_bytes()).hexdigest()
    if found != expected:
        raise SourceError(f"{sdist.name}: expected sha256 {expected}, found {found}")


def load_source(sdist: Path) -> pd.DataFrame:
    """Read the two CSV files from the tarball, in memory.

    Returns
    -------
    pandas.DataFrame
        store, item (str), date (datetime64 at midnight), promo, is_holiday, school_holiday (bool) and
        demand (float64), one row per store, item and day, in the source's order. The source's weekday,
        month and year columns are a day late and are left out.

    Raises
    ------
    SourceError
        If a file or a column is missing, or the files differ in length.
    """
    with tarfile.open(sdist, "r:gz") as archive:
        data = _read_member(archive, "bakery_data.csv", DATA_COLUMNS)
        target = _read_member(archive, "bakery_target.csv", TARGET_COLUMNS)
    if len(data) != len(target):
        raise SourceError(f"bakery_target.csv: expected {len(data)} rows, found {len(target)}")
    flags = dict.fromkeys(("promo", "is_holiday", "school_holiday"), "bool")
    typed = data.astype({"store": "str", "item": "str", **flags})
    return typed.assign(
        date=pd.to_datetime(typed["date"], format="%Y-%m-%d"),
        demand=target["demand"].astype("float64"),
    )


def _read_member(archive: tarfile.TarFile, name: str, columns: Mapping[str, str]) -> pd.DataFrame:
    """Read the wanted columns of one CSV file of the archive, under their new names."""
    try:
        member = archive.extractfile(f"{FOLDER}/{name}")
    except KeyError as error:
        raise SourceError(f"{name}: expected it in the source package's {FOLDER}, found none") from error
    if member is None:
        raise SourceError(f"{name}: expected a file in the source package's {FOLDER}, found something else")
    frame = pd.read_csv(member)
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise SourceError(f"{name}: expected columns {list(columns)}, found no {missing}")
    return frame.loc[:, list(columns)].rename(columns=dict(columns))


def derive_opening(rows: pd.DataFrame) -> pd.DataFrame:
    """Add `is_open`, and drop each store's rows before its first day with sales.

    A store was open on a day if it sold any item; the flag is the same for all its items. Days before the
    first sale are dropped, because the store had not opened yet.
    """
    sold = rows.groupby(["store", "date"])["demand"].transform("sum") > 0
    first_sale = rows["date"].where(sold).groupby(rows["store"]).transform("min")
    return rows.assign(is_open=sold).loc[rows["date"] >= first_sale]


def derive_calendar(rows: pd.DataFrame) -> pd.DataFrame:
    """Replace the flag `is_holiday` with `holiday`: its name on flagged days, ``""`` on all others."""
    flagged = rows.loc[rows["is_holiday"], "date"].drop_duplicates()
    names = name_holidays(day.date() for day in flagged)
    named = rows["date"].dt.date.map(names).where(rows["is_holiday"], "")
    return rows.assign(holiday=named.astype("str")).drop(columns="is_holiday")


def name_holidays(days: Iterable[date]) -> dict[date, str]:
    """Return the English name of each day, from the first of `HOLIDAY_CALENDARS` that has one."""
    calendars = [
        holidays.country_holidays("DE", subdiv=state, language="en_US") for state in HOLIDAY_CALENDARS
    ]
    return {
        day: next((calendar[day] for calendar in calendars if day in calendar), UNNAMED_HOLIDAY)
        for day in days
    }


def derive_region(rows: pd.DataFrame) -> pd.DataFrame:
    """Add `region`: the stores, in order of their numbers, in five runs of the same length (invented)."""
    stores = sorted(rows["store"].unique(), key=int)
    regions = {store: REGIONS[rank * len(REGIONS) // len(stores)] for rank, store in enumerate(stores)}
    return rows.assign(region=rows["store"].map(regions))


def derive(source: pd.DataFrame) -> pd.DataFrame:
    """Turn the source's rows into the sample's, sorted by store number, item and date.

    Returns
    -------
    pandas.DataFrame
        The columns of `SALES_SCHEMA`.
    """
    rows = derive_region(derive_calendar(derive_opening(source)))
    rows = rows.assign(store_number=rows["store"].astype("int64"))
    ordered = rows.sort_values(["store_number", "item", "date"], ignore_index=True)
    columns: list[str] = SALES_SCHEMA.names
    return ordered.loc[:, columns]


def split_at(rows: pd.DataFrame, last_day: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split the rows: up to and including `last_day`, and after it."""
    past = rows["date"] <= pd.Timestamp(last_day)
    return rows.loc[past], rows.loc[~past]


def write_parquet(rows: pd.DataFrame, schema: pa.Schema, path: Path) -> None:
    """Write the schema's columns as one dictionary-encoded, zstd-compressed Parquet file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pandas(rows.loc[:, schema.names], schema=schema, preserve_index=False)
    plain = table.replace_schema_metadata(None)
    pq.write_table(plain, path, compression="zstd", compression_level=19, use_dictionary=True)


def write_feed(rows: pd.DataFrame, folder: Path) -> list[Path]:
    """Write one CSV file for each day; flags are 0 or 1, and whole demands have no decimals."""
    folder.mkdir(parents=True, exist_ok=True)
    flags = dict.fromkeys(("is_open", "promo", "school_holiday"), "int8")
    demand = [np.format_float_positional(value, trim="-") for value in rows["demand"]]
    feed = rows.astype(flags).assign(demand=demand, date=rows["date"].dt.strftime("%Y-%m-%d"))
    written = []
    for day, sales in feed.groupby("date"):
        path = folder / f"{day}.csv"
        sales.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
        written.append(path)
    return written


def build(sdist: Path, out: Path, last_day: date = LAST_SALES_DAY, sha256: str = SDIST_SHA256) -> list[Path]:
    """Write sales, plan and feed below `out` and return the files, sales and plan first.

    Raises
    ------
    SourceError
        If the source package is not the expected one. Nothing was written.
    """
    verify_checksum(sdist, sha256)
    sales, later = split_at(derive(load_source(sdist)), last_day)
    sales_path, plan_path = out / "sample" / "sales.parquet", out / "sample" / "plan.parquet"
    write_parquet(sales, SALES_SCHEMA, sales_path)
    write_parquet(later, PLAN_SCHEMA, plan_path)
    return [sales_path, plan_path, *write_feed(later, out / "feed")]


def describe(written: Sequence[Path]) -> str:
    """Summarise the written files: a line for each Parquet file and one for the feed."""
    lines = []
    for path in written[:2]:
        stores = pq.read_table(path, columns=["store"])["store"]
        lines.append(
            f"{path.name}: {len(stores):,} rows, {len(stores.unique())} stores, {path.stat().st_size:,} bytes"
        )
    feed = written[2:]
    lines.append(f"feed: {len(feed)} files, {sum(path.stat().st_size for path in feed):,} bytes")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0 if the sample was written, 1 if the source package can't be used."""
    parser = argparse.ArgumentParser(description="Rebuild the embedded sample data.")
    parser.add_argument("--sdist", type=Path, help=f"source package of {REQUIREMENT}; by default from pip")
    asked: Path | None = parser.parse_args(arguments).sdist
    try:
        with tempfile.TemporaryDirectory() as folder:
            written = build(asked or fetch_sdist(Path(folder)), Path(__file__).resolve().parent)
    except SourceError as error:
        print(error, file=sys.stderr)
        return 1
    print(describe(written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
