"""A file is read in batches, which does not change the result."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from forecasting.core.errors import InvalidFile
from forecasting.history.file_layout import locate_columns
from forecasting.history.file_validation import LAYOUTS, read_incoming_file
from forecasting.history.problem_collector import ProblemCollector
from forecasting.history.tabular_files import BATCH, open_table
from tests.history.conftest import PutFile
from tests.history.examples import frame_of

RECORDS = 2 * BATCH + 5
STORES = 300

Write = Callable[[pd.DataFrame], bytes]


def as_csv(frame: pd.DataFrame) -> bytes:
    """A CSV file as bytes."""
    return frame.to_csv(index=False).encode()


def as_parquet(frame: pd.DataFrame) -> bytes:
    """A Parquet file as bytes."""
    return frame.to_parquet(index=False)


@pytest.fixture(scope="module")
def long() -> pd.DataFrame:
    """Sales of many stores, day after day, so that every store has rows in every batch."""
    at = np.arange(RECORDS)
    days = np.datetime64("2020-01-01") + at // STORES
    return pd.DataFrame(
        {"store": at % STORES, "item": "all", "date": days.astype(str), "demand": at / 7, "is_open": 1}
    )


@pytest.mark.parametrize("write", [as_csv, as_parquet])
def test_batches_are_bounded_and_row_numbers_continue(put: PutFile, long: pd.DataFrame, write: Write) -> None:
    """Every record is read once, in the order of the file."""
    problems = ProblemCollector("long")
    with open_table(put("long", write(long)), problems) as table:
        positions = locate_columns(LAYOUTS["canonical"]["sales"].columns, table.header, problems)
        batches = [batch.rows for batch in table.batches(positions)]
    assert max(len(rows) for rows in batches) <= BATCH
    first = 2 if write is as_csv else 1
    assert np.concatenate(batches).tolist() == list(range(first, first + RECORDS))


@pytest.mark.parametrize("write", [as_csv, as_parquet])
def test_values_do_not_depend_on_batches(put: PutFile, long: pd.DataFrame, write: Write) -> None:
    """Names that first appear in a later batch, and exact numbers, are read as written."""
    long = long.assign(store=np.where(np.arange(RECORDS) > BATCH + 1, "x" + long["store"].astype(str), "9"))
    long["date"] = (np.datetime64("1900-01-01") + np.arange(RECORDS) % 109_000).astype(str)
    long = long.drop_duplicates(["store", "date"])
    frame = frame_of(read_incoming_file(put("long", write(long)), "sales"))
    found = dict(zip(zip(frame["store"], frame["ds"].astype(str), strict=True), frame["y"], strict=True))
    assert found == dict(zip(zip(long["store"], long["date"], strict=True), long["demand"], strict=True))


@pytest.mark.parametrize(("write", "header"), [(as_csv, 1), (as_parquet, 0)])
def test_problems_of_all_batches_are_reported_together(
    put: PutFile, long: pd.DataFrame, write: Write, header: int
) -> None:
    """A bad cell in the first, one in the last, and a day that was in an earlier batch."""
    bad = long.astype({"demand": "str"})
    bad.loc[10, "demand"] = "-1"
    bad.loc[BATCH + 3, ["store", "date"]] = bad.loc[3, ["store", "date"]]
    bad.loc[RECORDS - 1, "demand"] = "many"
    with pytest.raises(InvalidFile) as caught:
        read_incoming_file(put("long", write(bad)), "sales")
    assert [(problem.row, problem.column) for problem in caught.value.problems] == [
        (11 + header, "demand"),
        (BATCH + 4 + header, None),
        (RECORDS + header, "demand"),
    ]
    assert (
        caught.value.problems[1].found == f"store 3, item all, 2020-01-01 again (first in row {4 + header})"
    )


def test_of_very_many_problems_the_first_are_listed(put: PutFile, long: pd.DataFrame) -> None:
    """Every cell of three columns is wrong; all are counted, fifty are listed."""
    bad = long.assign(date="x", demand=-1, is_open="maybe")
    with pytest.raises(InvalidFile) as caught:
        read_incoming_file(put("long.csv", as_csv(bad)), "sales")
    assert caught.value.total == 3 * RECORDS
    assert [problem.row for problem in caught.value.problems] == [
        row for row in range(2, 19) for _ in range(3)
    ][:50]


def test_an_invalid_byte_late_in_a_file_is_reported_with_its_line(put: PutFile, long: pd.DataFrame) -> None:
    """Although everything before it was read."""
    with pytest.raises(
        InvalidFile, match=rf"row {RECORDS + 2:,}: expected text in UTF-8, found the byte 0xE9"
    ):
        read_incoming_file(put("long.csv", as_csv(long) + b"1,caf\xe9,2024-01-01,1,1\n"), "sales")


def test_binary_data_late_in_a_file_is_reported_with_its_line(put: PutFile, long: pd.DataFrame) -> None:
    """The file was damaged in transit."""
    with pytest.raises(InvalidFile, match=rf"row {RECORDS + 2:,}: expected a CSV .* found binary data"):
        read_incoming_file(put("long.csv", as_csv(long) + b"1,a\0,2024-01-01,1,1\n"), "sales")
