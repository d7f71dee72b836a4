"""Results of tasks as bytes and back, for a run that another worker takes over: JSON and plain arrays.

The bytes are a zip of NumPy arrays (``.npz``, read without pickles): one of them holds the JSON, in which
arrays, days, mappings and the values of `_KINDS` stand as objects with one telling key.
"""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from forecasting.core.day_arrays import SeriesDays, SeriesForecast
from forecasting.core.domain import BacktestScore, SeriesChoice, SeriesKey
from forecasting.core.error_sums import ErrorSums
from forecasting.core.errors import StorageError
from forecasting.core.explanation import Explanation
from forecasting.evaluation.calibration import Scores
from forecasting.training.forecast_task import SeriesResult, StorePart
from forecasting.training.pooling_tasks import PooledFit
from forecasting.training.tasks import Result

VERSION = 2
"""Of the format; results of another version are not read, and their tasks done again."""

_KINDS = {
    kind.__name__: kind
    for kind in (
        StorePart, SeriesResult, SeriesKey, SeriesDays, SeriesForecast, SeriesChoice, BacktestScore,
        ErrorSums, Explanation, PooledFit, Scores,
    )
}  # fmt: skip
_KIND, _ARRAY, _DAY, _MAPPING = "kind", "array", "day", "mapping"
_DOCUMENT = "document"

Array = npt.NDArray[Any]


def write_result(result: Result) -> bytes:
    """The bytes of a task's result."""
    arrays: list[Array] = []
    text = json.dumps(_plain(result, arrays))
    named: dict[str, Any] = {str(number): array for number, array in enumerate(arrays)}
    named[_DOCUMENT] = np.frombuffer(text.encode(), dtype=np.uint8)
    file = BytesIO()
    np.savez_compressed(file, **named)
    return file.getvalue()


def read_result(content: bytes) -> Result:
    """The result in bytes `write_result` made.

    Raises
    ------
    StorageError
        If they are something else.
    """
    try:
        with np.load(BytesIO(content), allow_pickle=False) as stored:
            document = json.loads(stored[_DOCUMENT].tobytes())
            result: Result = _value(document, stored)
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise StorageError(f"checkpoint: expected the result of a task, found: {error}") from error
    return result


def _plain(value: Any, arrays: list[Array]) -> Any:  # noqa: ANN401, PLR0911 – `_KINDS` and their fields
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {_ARRAY: len(arrays) - 1}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, date):
        return {_DAY: value.isoformat()}
    if isinstance(value, Mapping):
        return {_MAPPING: {name: _plain(each, arrays) for name, each in value.items()}}
    if isinstance(value, tuple | list):
        return [_plain(each, arrays) for each in value]
    if is_dataclass(value):
        told = {each.name: _plain(getattr(value, each.name), arrays) for each in fields(value)}
        return {_KIND: type(value).__name__, "fields": told}
    return value


def _value(plain: Any, arrays: Mapping[str, Array]) -> Any:  # noqa: ANN401 – as for `_plain`
    if isinstance(plain, list):
        return tuple(_value(each, arrays) for each in plain)
    if not isinstance(plain, dict):
        return plain
    if _ARRAY in plain:
        return arrays[str(plain[_ARRAY])]
    if _DAY in plain:
        return date.fromisoformat(plain[_DAY])
    if _MAPPING in plain:
        return {name: _value(each, arrays) for name, each in plain[_MAPPING].items()}
    told = {name: _value(each, arrays) for name, each in plain["fields"].items()}
    return _KINDS[plain[_KIND]](**told)
