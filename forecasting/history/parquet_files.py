"""Immutable Parquet files, each named by the hash of its values."""

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
from forecasting.history.history_folder import HistoryFolder
from forecasting.history.value_hash import content_hash

_READABLE = 40


def file_name(kind: str, store: str, hash_of_values: str) -> str:
    """Return the path of a store's file below the root: ``kind/store/hash.parquet``.

    Whatever characters a store's name has, its folder has a plain name. It consists of the name's ASCII
    letters and digits, for people, and of a hash of the name, which keeps similar names apart.
    """
    readable = re.sub(r"[^A-Za-z0-9]+", "-", store)[:_READABLE]
    name_hash = hashlib.sha256(store.encode()).hexdigest()[:16]
    return f"{kind}/{readable}_{name_hash}/{hash_of_values}.parquet"


def read_frame(folder: HistoryFolder, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """Read a file that `write_frame` wrote.

    Returns
    -------
    pandas.DataFrame
        `columns`, with the rows in the order they were written.

    Raises
    ------
    StateUnavailable
        If the file is missing or damaged; names it.
    """
    return _decode_frame(folder.read(name), columns, folder.display_path(name))


def read_days(folder: HistoryFolder, name: str, columns: Sequence[str]) -> dict[str, SeriesDays]:
    """Read a file as arrays by item. The days are not checked again: the import has checked them.

    Raises
    ------
    StateUnavailable
        If the file is missing or damaged; names it.
    """
    where = folder.display_path(name)
    table = _decode_table(folder.read(name), where)
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise _damaged(where, InvalidFrame(f"expected columns {list(columns)}, found no {missing}"))
    size = table.num_rows
    item_codes, items = _encode(table.column("item"))
    holiday_codes, holidays = _encode(table.column("holiday"))
    kinds = ("", *(holiday for holiday in holidays if holiday))
    kind_codes = np.array([kinds.index(holiday) for holiday in holidays], dtype=np.int64)
    flags = {name: table.column(name).to_numpy() for name in ("is_open", "promo", "school_holiday")}
    all_days = SeriesDays(
        days=table.column("ds").to_numpy().astype("datetime64[D]").astype(np.int64),
        y=table.column("y").to_numpy() if "y" in columns else np.full(size, np.nan),
        holiday=kind_codes[holiday_codes] if size else holiday_codes,
        kinds=kinds,
        **flags,
    )
    if len(items) <= 1:
        return dict.fromkeys(items, all_days)
    return {item: all_days[item_codes == code] for code, item in enumerate(items)}


def write_frame(folder: HistoryFolder, name: str, frame: pd.DataFrame) -> None:
    """Write a frame, completely or not at all. A sound file of that name is only touched.

    Raises
    ------
    StateUnavailable
        If the folder can't be written; names the file.
    """
    if not _touch_sound_file(folder, name, list(frame.columns)):
        folder.write(name, _encode_frame(frame))


def read_verified(folder: HistoryFolder, name: str, columns: Sequence[str]) -> bytes:
    """Return the bytes of a file, after checking that its values have the hash in its name.

    Raises
    ------
    StateUnavailable
        If the file is missing or damaged; names it.
    """
    content = folder.read(name)
    _require_hash(content, name, columns, folder.display_path(name))
    return content


def write_verified(folder: HistoryFolder, name: str, columns: Sequence[str], content: bytes) -> None:
    """Write bytes from `read_verified`, as `write_frame` does.

    Raises
    ------
    StateUnavailable
        If the values do not have the hash in the name, or the folder can't be written. Nothing was written.
    """
    _require_hash(content, name, columns, f"for {folder.display_path(name)}")
    if not _touch_sound_file(folder, name, columns):
        folder.write(name, content)


def _touch_sound_file(folder: HistoryFolder, name: str, columns: Sequence[str]) -> bool:
    """Set an existing file's time to now, so that nobody prunes it; return whether it exists and is sound."""
    if not folder.touch(name):
        return False
    try:
        read_verified(folder, name, columns)
    except StateUnavailable:
        return False  # damaged: it must be written again
    return True


def _require_hash(content: bytes, name: str, columns: Sequence[str], where: str) -> None:
    expected = name.rpartition("/")[2].removesuffix(".parquet")
    found = content_hash(_decode_frame(content, columns, where))
    if found != expected:
        raise _damaged(where, InvalidFrame(f"values of the hash {found}"))


def _encode_frame(frame: pd.DataFrame) -> bytes:
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    content = pa.BufferOutputStream()
    pq.write_table(table, content, compression="zstd", write_page_checksum=True)
    encoded: bytes = content.getvalue().to_pybytes()
    return encoded


def _decode_frame(content: bytes, columns: Sequence[str], where: str) -> pd.DataFrame:
    table = _decode_table(content, where)
    try:
        return require(table.to_pandas(), columns, where.rpartition("/")[2])
    except InvalidFrame as error:
        raise _damaged(where, error) from error


def _decode_table(content: bytes, where: str) -> pa.Table:
    try:
        with pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True) as file:
            return file.read(use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(where, error) from error


def _damaged(where: str, error: Exception) -> StateUnavailable:
    return StateUnavailable(f"sales history: expected a sound file {where}, found: {error}")


def _encode(column: pa.ChunkedArray) -> tuple[IntArray, list[str]]:
    """Return (n,) codes and the distinct texts they index."""
    encoded = column.combine_chunks().dictionary_encode()
    texts = [str(text) for text in encoded.dictionary.to_pylist()]
    return encoded.indices.to_numpy().astype(np.int64), texts
