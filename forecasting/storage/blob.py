"""A store forecast as one Arrow IPC blob: zstd, one row per item, its days in list columns.

The metadata names the format's type and version, so that an unknown format is refused. The columns after the
days hold the reasons (`explanation_columns`); `decode` does not unpack them.
"""

from collections.abc import Collection

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from forecasting.core.errors import StateTooNew, StorageError
from forecasting.core.explanation import StoreReasons
from forecasting.core.schema import STORE_FORECAST, require
from forecasting.storage import explanation_columns

TYPE = "storecast.forecast"
VERSION = "1"

_PER_ITEM = ("item", "engine")
_TEXT = ("item", "engine", "holiday")
_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd", use_threads=False)


def encode(forecast: pd.DataFrame, reasons: StoreReasons | None = None) -> bytes:
    """Pack a store forecast.

    Parameters
    ----------
    forecast
        `schema.STORE_FORECAST`, one row per item and day, with the days of an item together. Its index is
        not stored.
    reasons
        The explanation of the forecast; None stores none.

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
    metadata = {"type": TYPE, "version": VERSION}
    if reasons is not None:
        packed |= explanation_columns.columns(reasons, packed["item"], offsets)
        metadata |= explanation_columns.metadata(reasons)
    batch = pa.RecordBatch.from_pydict(packed, metadata=metadata)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=_OPTIONS) as writer:
        writer.write_batch(batch)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def decode(content: bytes) -> pd.DataFrame:
    """Unpack a blob made by `encode`: the same values, order and dtypes, with a new index.

    Raises
    ------
    StateTooNew
        If the blob has a version this code does not know.
    StorageError
        If the blob is damaged, or holds something else.
    """
    batch = _batch(content, STORE_FORECAST)
    days = np.diff(batch.column("ds").offsets.to_numpy())
    item_of_row = pa.array(np.repeat(np.arange(batch.num_rows), days))
    columns = [
        batch.column(name).take(item_of_row) if name in _PER_ITEM else batch.column(name).flatten()
        for name in STORE_FORECAST
    ]
    frame: pd.DataFrame = pa.table(columns, list(STORE_FORECAST)).to_pandas(use_threads=False)
    return frame


def decode_reasons(content: bytes, item: str | None = None) -> StoreReasons:
    """Unpack the explanation in a blob; empty for blobs written before explanations were stored.

    Parameters
    ----------
    item
        Only this item; None means all items.

    Raises
    ------
    StateTooNew, StorageError
        As for `decode`.
    """
    return explanation_columns.reasons(_batch(content), item)


def _batch(content: bytes, names: Collection[str] | None = None) -> pa.RecordBatch:
    """Unpack the named columns, or all of them, in stored order."""
    source = pa.py_buffer(content)
    try:
        schema = pa.ipc.read_schema(source)
        _require_known(schema.metadata or {})
        wanted = [at for at, name in enumerate(schema.names) if names is None or name in names]
        # a blob is so small that threads would only slow this down
        options = pa.ipc.IpcReadOptions(use_threads=False, included_fields=wanted)
        with pa.ipc.open_stream(source, options=options) as reader:
            return reader.read_next_batch()
    except (pa.ArrowInvalid, OSError) as error:
        raise StorageError(f"stored forecast: expected an Arrow IPC stream, found {error}") from error


def _arrow_columns(frame: pd.DataFrame) -> dict[str, pa.Array]:
    values = {name: frame[name].to_numpy(object if name in _TEXT else None) for name in STORE_FORECAST}
    return {
        name: pa.array(column, pa.large_string() if name in _TEXT else pa.from_numpy_dtype(column.dtype))
        for name, column in values.items()
    }


def _first_rows(*keys: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The rows where any of the keys differs from the previous row."""
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
