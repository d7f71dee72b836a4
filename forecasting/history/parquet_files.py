"""Immutable Parquet files named by the hash of their values."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from forecasting.core.day_arrays import IntArray, SeriesDays
from forecasting.core.errors import InvalidFrame, StateUnavailable
from forecasting.core.schema import require
from forecasting.history.file_locations import Place
from forecasting.history.values import content_hash

_READABLE = 40


def file_name(kind: str, store: str, hash_of_values: str) -> str:
    """What a file of a store is called in its place: ``kind/store/hash.parquet``.

    Whatever characters a store's name has, its folder is one plain name: what can be read of it, and a
    hash of the name that keeps stores apart.
    """
    readable = re.sub(r"[^A-Za-z0-9]+", "-", store)[:_READABLE]
    apart = hashlib.sha256(store.encode()).hexdigest()[:16]
    return f"{kind}/{readable}_{apart}/{hash_of_values}.parquet"


def read(place: Place, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """Read a file written by `write`.

    Returns
    -------
    pandas.DataFrame
        `columns`, in the order the rows were written.

    Raises
    ------
    StateUnavailable
        If the file is missing or damaged; names it.
    """
    return _frame(place.read(name), columns, place.located(name))


def read_days(place: Place, name: str, columns: Sequence[str]) -> dict[str, SeriesDays]:
    """The same as arrays, by item, without the checks of a frame: the days were checked at their import.

    Raises
    ------
    StateUnavailable
        If the file is missing or damaged; names it.
    """
    where = place.located(name)
    table = _table(place.read(name), where)
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise _damaged(where, InvalidFrame(f"expected columns {list(columns)}, found no {missing}"))
    size = table.num_rows
    items, names = _coded(table.column("item"))
    holiday, kinds = _coded(table.column("holiday"))
    known = ("", *(kind for kind in kinds if kind))
    number = np.array([known.index(kind) for kind in kinds], dtype=np.int64)
    flags = {name: table.column(name).to_numpy() for name in ("is_open", "promo", "school_holiday")}
    whole = SeriesDays(
        days=table.column("ds").to_numpy().astype("datetime64[D]").astype(np.int64),
        y=table.column("y").to_numpy() if "y" in columns else np.full(size, np.nan),
        holiday=number[holiday] if size else holiday,
        kinds=known,
        **flags,
    )
    if len(names) <= 1:
        return dict.fromkeys(names, whole)
    return {name: whole[items == code] for code, name in enumerate(names)}


def write(place: Place, name: str, frame: pd.DataFrame) -> None:
    """Write `frame`, whole or not at all; a sound file that is already there stays, as if new.

    Raises
    ------
    StateUnavailable
        If the place can't be written; names the file.
    """
    if not _stands(place, name, list(frame.columns)):
        place.write(name, _encoded(frame))


def read_sound(place: Place, name: str, columns: Sequence[str]) -> bytes:
    """The bytes of a file, which hold the values its name says.

    Raises
    ------
    StateUnavailable
        If the file is missing or damaged; names it.
    """
    content = place.read(name)
    _require_values(content, name, columns, place.located(name))
    return content


def write_sound(place: Place, name: str, columns: Sequence[str], content: bytes) -> None:
    """Write bytes that `read_sound` gave, as `write` does.

    Raises
    ------
    StateUnavailable
        If they do not hold the values the name says, or the place can't be written; nothing was written.
    """
    _require_values(content, name, columns, f"for {place.located(name)}")
    if not _stands(place, name, columns):
        place.write(name, content)


def _stands(place: Place, name: str, columns: Sequence[str]) -> bool:
    """Whether a sound file is there, and looks new now to whoever removes old ones."""
    if not place.touch(name):
        return False
    try:
        read_sound(place, name, columns)
    except StateUnavailable:
        return False  # damaged: to be written anew
    return True


def _require_values(content: bytes, name: str, columns: Sequence[str], where: str) -> None:
    expected = name.rpartition("/")[2].removesuffix(".parquet")
    found = content_hash(_frame(content, columns, where))
    if found != expected:
        raise _damaged(where, InvalidFrame(f"values of the hash {found}"))


def _encoded(frame: pd.DataFrame) -> bytes:
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    content = pa.BufferOutputStream()
    pq.write_table(table, content, compression="zstd", write_page_checksum=True)
    encoded: bytes = content.getvalue().to_pybytes()
    return encoded


def _frame(content: bytes, columns: Sequence[str], where: str) -> pd.DataFrame:
    table = _table(content, where)
    try:
        return require(table.to_pandas(), columns, where.rpartition("/")[2])
    except InvalidFrame as error:
        raise _damaged(where, error) from error


def _table(content: bytes, where: str) -> pa.Table:
    try:
        with pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True) as file:
            return file.read(use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(where, error) from error


def _damaged(where: str, error: Exception) -> StateUnavailable:
    return StateUnavailable(f"sales history: expected a sound file {where}, found: {error}")


def _coded(column: pa.ChunkedArray) -> tuple[IntArray, list[str]]:
    """(n,) which of the names each value is, and the names."""
    coded = column.combine_chunks().dictionary_encode()
    return coded.indices.to_numpy().astype(np.int64), [str(name) for name in coded.dictionary.to_pylist()]
