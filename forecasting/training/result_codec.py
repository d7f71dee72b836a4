"""Encode the results of tasks as bytes and decode them, for a worker that takes over a run.

The bytes are compressed MessagePack. Decoding is typed: dataclasses, enums, dates and tuples come back as
they were, and bytes that don't match the types are refused. An array is stored as its dtype, shape and data.
"""

import zlib
from typing import Any, Literal

import msgspec
import numpy as np

from forecasting.core.errors import StorageError
from forecasting.evaluation.calibration import ConformityScores
from forecasting.training.forecast_task import StorePart
from forecasting.training.pooling_tasks import PooledFit
from forecasting.training.tasks import Result

VERSION: Literal[3] = 3
"""Version of the format. Results of another version are not read; their tasks are run again."""

_StoredArray = tuple[str, tuple[int, ...], bytes]
"""The dtype, the shape and the data of an array."""


class _StoredResult(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """One result; the field that is set says of which task."""

    version: Literal[3]
    part: StorePart | None = None
    fits: tuple[PooledFit, ...] | None = None
    scores: tuple[tuple[str, ConformityScores], ...] | None = None


def write_result(result: Result) -> bytes:
    """Encode a task's result."""
    return zlib.compress(msgspec.msgpack.encode(_stored(result), enc_hook=_encode_array))


def read_result(content: bytes) -> Result:
    """Decode a result that `write_result` encoded.

    Raises
    ------
    StorageError
        If the bytes are anything else, such as a result in another version of the format.
    """
    try:
        stored = msgspec.msgpack.decode(zlib.decompress(content), type=_StoredResult, dec_hook=_decode_array)
    except (msgspec.DecodeError, zlib.error) as error:
        raise StorageError(f"checkpoint: expected the result of a task, found: {error}") from error
    for result in (stored.part, stored.fits, stored.scores):
        if result is not None:
            return result
    raise StorageError("checkpoint: expected the result of a task, found none")


def _stored(result: Result) -> _StoredResult:
    if isinstance(result, StorePart):
        return _StoredResult(VERSION, part=result)
    fits = tuple(each for each in result if isinstance(each, PooledFit))
    if len(fits) == len(result):
        return _StoredResult(VERSION, fits=fits)
    return _StoredResult(VERSION, scores=tuple(each for each in result if not isinstance(each, PooledFit)))


def _encode_array(value: object) -> object:
    """Encode what MessagePack does not know: arrays, and single NumPy numbers as plain ones."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"{type(value).__name__} is no part of a task's result")


def _decode_array(_kind: type, value: Any) -> np.ndarray[Any, Any]:  # noqa: ANN401 - msgspec's signature
    """Decode an array; msgspec turns the ValueError of a wrong one into its own error."""
    dtype, shape, data = msgspec.convert(value, type=_StoredArray)
    return np.frombuffer(data, dtype=np.dtype(dtype)).reshape(shape).copy()
