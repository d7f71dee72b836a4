"""Immutable Parquet files named by the hash of their values."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from forecasting.errors import InvalidFrame, StateUnavailable
from forecasting.history.values import content_hash
from forecasting.schema import require
from forecasting.series import IntArray, SeriesDays

_READABLE = 40


def file_path(root: Path, kind: str, store: str, hash_of_values: str) -> Path:
    """Where a file of a store stands: ``root/kind/store/hash.parquet``.

    Whatever characters a store's name has, its folder is one plain name: what can be read of it, and a
    hash of the name that keeps stores apart.
    """
    readable = re.sub(r"[^A-Za-z0-9]+", "-", store)[:_READABLE]
    apart = hashlib.sha256(store.encode()).hexdigest()[:16]
    return root / kind / f"{readable}_{apart}" / f"{hash_of_values}.parquet"


def read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
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
    table = _table(path)
    try:
        return require(table.to_pandas(), columns, path.name)
    except InvalidFrame as error:
        raise _damaged(path, error) from error


def read_days(path: Path, columns: Sequence[str]) -> dict[str, SeriesDays]:
    """The same as arrays, by item, without the checks of a frame: the days were checked at their import.

    Raises
    ------
    StateUnavailable
        If the file is missing or damaged; names it.
    """
    table = _table(path)
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise _damaged(path, InvalidFrame(f"expected columns {list(columns)}, found no {missing}"))
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


def _table(path: Path) -> pa.Table:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return file.read(use_threads=False)
    except FileNotFoundError as error:
        raise StateUnavailable(f"sales history: expected the file {path}, found none") from error
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> StateUnavailable:
    return StateUnavailable(f"sales history: expected a sound file {path}, found: {error}")


def _coded(column: pa.ChunkedArray) -> tuple[IntArray, list[str]]:
    """(n,) which of the names each value is, and the names."""
    coded = column.combine_chunks().dictionary_encode()
    return coded.indices.to_numpy().astype(np.int64), [str(name) for name in coded.dictionary.to_pylist()]


def write(path: Path, frame: pd.DataFrame) -> None:
    """Write `frame` to `path`, whole or not at all; a sound file that is already there stays, as if new.

    Raises
    ------
    StateUnavailable
        If the folder can't be written; names the file.
    """
    if _holds(path, frame) and _touched(path):
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
                pq.write_table(table, file, compression="zstd", write_page_checksum=True)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise StateUnavailable(f"sales history: expected to write {path}, found: {error}") from error


def present(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Every file under `root` with its size and age, also what an interrupted writer left.

    Raises
    ------
    StateUnavailable
        If one can't be looked at.
    """
    for path in root.glob("*/*/*"):
        try:
            yield path, path.stat()
        except FileNotFoundError:
            continue  # removed meanwhile
        except OSError as error:
            raise StateUnavailable(f"sales history: expected to read {path}, found: {error}") from error


def remove(path: Path, before: datetime) -> int | None:
    """Remove a file and return its size; None where it stays because it was written or touched since.

    It is taken out of the way before it is looked at, so that a writer either finds no file and writes it
    anew, or has touched it and gets it back.

    Raises
    ------
    StateUnavailable
        If it can't be removed.
    """
    aside = path.with_suffix(".doomed")
    try:
        path.replace(aside)
        found = aside.stat()
        if found.st_mtime >= before.timestamp():
            aside.replace(path)
            return None
        aside.unlink()
    except FileNotFoundError:
        return None  # another process was quicker
    except OSError as error:
        raise StateUnavailable(f"sales history: expected to remove {path}, found: {error}") from error
    return found.st_size


def _touched(path: Path) -> bool:
    """Make the file look new, for whoever removes old ones; False where one just did."""
    try:
        os.utime(path)
    except OSError:
        return False
    return True


def _holds(path: Path, frame: pd.DataFrame) -> bool:
    if not path.exists():
        return False
    try:
        return content_hash(read(path, list(frame.columns))) == path.stem
    except StateUnavailable:
        return False  # damaged: written anew


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where folders can be synced (not on Windows)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
