"""A store forecast as one Arrow IPC blob: zstd, one row per item, its days in list columns.

The format names its type and version, so that a later one can be told apart and an unknown one is refused.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from forecasting.errors import StateTooNew, StorageError
from forecasting.schema import STORE_FORECAST, require

TYPE = "storecast.forecast"
VERSION = "1"

_PER_ITEM = ("item", "engine")
_TEXT = ("item", "engine", "holiday")
_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd", use_threads=False)
_IN_THIS_THREAD = pa.ipc.IpcReadOptions(use_threads=False)  # a blob is small: sharing it out takes longer


def encode(forecast: pd.DataFrame) -> bytes:
    """Pack a store forecast.

    Parameters
    ----------
    forecast
        `schema.STORE_FORECAST`, one row per item and day, the days of an item together; its
        index is not kept.

    Returns
    -------
    bytes
        An Arrow IPC stream of one record batch.

    Raises
    ------
    InvalidFrame
        If a column is missing, has another dtype, or holds a missing value.
    """
    columns = _arrow_columns(require(forecast, STORE_FORECAST, "store forecast"))
    starts = _first_rows(columns["item"], columns["engine"])
    offsets = pa.array(np.append(starts, len(forecast)), pa.int32())
    packed = {
        name: column.take(pa.array(starts))
        if name in _PER_ITEM
        else pa.ListArray.from_arrays(offsets, column)
        for name, column in columns.items()
    }
    batch = pa.RecordBatch.from_pydict(packed, metadata={"type": TYPE, "version": VERSION})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=_OPTIONS) as writer:
        writer.write_batch(batch)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def decode(content: bytes) -> pd.DataFrame:
    """Unpack what `encode` made: same values, order and dtypes, under a fresh index.

    Raises
    ------
    StateTooNew
        If the blob has a version this code does not know.
    StorageError
        If it is no store forecast, or damaged.
    """
    try:
        with pa.ipc.open_stream(pa.py_buffer(content), options=_IN_THIS_THREAD) as reader:
            _require_known(reader.schema.metadata or {})
            batch = reader.read_next_batch()
    except (pa.ArrowInvalid, OSError) as error:
        raise StorageError(f"stored forecast: expected an Arrow IPC stream, found {error}") from error
    days = np.diff(batch.column("ds").offsets.to_numpy())
    item_of_row = pa.array(np.repeat(np.arange(batch.num_rows), days))
    columns = [
        batch.column(name).take(item_of_row) if name in _PER_ITEM else batch.column(name).flatten()
        for name in STORE_FORECAST
    ]
    frame: pd.DataFrame = pa.table(columns, list(STORE_FORECAST)).to_pandas(use_threads=False)
    return frame


def _arrow_columns(frame: pd.DataFrame) -> dict[str, pa.Array]:
    values = {name: frame[name].to_numpy(object if name in _TEXT else None) for name in STORE_FORECAST}
    return {
        name: pa.array(column, pa.large_string() if name in _TEXT else pa.from_numpy_dtype(column.dtype))
        for name, column in values.items()
    }


def _first_rows(*keys: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Rows at which any of the keys differs from the row before."""
    rows = len(keys[0])
    changed = np.ones(rows, dtype=bool)
    if rows:
        differs = [
            pc.not_equal(key.slice(1), key.slice(0, rows - 1)).to_numpy(zero_copy_only=False) for key in keys
        ]
        changed[1:] = np.logical_or.reduce(differs)
    return np.flatnonzero(changed)


def _require_known(metadata: dict[bytes, bytes]) -> None:
    found = metadata.get(b"type", b"").decode()
    if found != TYPE:
        raise StorageError(f"stored forecast: expected type '{TYPE}', found '{found}'")
    version = metadata.get(b"version", b"").decode()
    if version != VERSION:
        raise StateTooNew(f"stored forecast: expected version {VERSION} of '{TYPE}', found version {version}")
