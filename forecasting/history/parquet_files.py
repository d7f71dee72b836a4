"""Immutable Parquet files named by the hash of their values."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from forecasting.errors import InvalidFrame, StateUnavailable
from forecasting.history.values import content_hash
from forecasting.schema import require

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
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            frame: pd.DataFrame = file.read(use_threads=False).to_pandas()
        return require(frame, columns, path.name)
    except FileNotFoundError as error:
        raise StateUnavailable(f"sales history: expected the file {path}, found none") from error
    except (pa.ArrowException, OSError, InvalidFrame) as error:
        raise StateUnavailable(f"sales history: expected a sound file {path}, found: {error}") from error


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
