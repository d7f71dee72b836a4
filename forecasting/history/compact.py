"""Columns of a file as numbers of fixed width: what is kept of its texts while it is read."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.history.fields import Field, Value
from forecasting.history.text_table import TextColumn

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class CompactColumn:
    """One column of a whole file.

    Attributes
    ----------
    numbers
        One per record, of the field's `dtype`: a number or flag itself, days since 1970-01-01, or the
        position in `names`. An unreadable cell is NaN or the lowest number there is.
    names
        Distinct names in the order in which they were met.
    """

    numbers: NDArray[Any]
    names: tuple[str, ...] = ()

    @classmethod
    def constant(cls, field: Field, value: Value, length: int) -> Self:
        """One value in every record, at no cost."""
        names: dict[str, int] = {}
        number = np.array(_number(value, names, field), field.dtype)
        return cls(np.broadcast_to(number, length), tuple(names))

    def readable(self) -> NDArray[np.bool_]:
        """Which cells could be read."""
        missing = _missing(self.numbers.dtype)
        readable: NDArray[np.bool_] = (
            ~np.isnan(self.numbers) if np.isnan(missing) else self.numbers != missing
        )
        return readable

    def take(self, positions: NDArray[np.int64]) -> Self:
        """Some of the records, in another order."""
        return type(self)(self.numbers.take(positions), self.names)

    def texts(self) -> pd.api.extensions.ExtensionArray:
        """The names as a pandas array, to take texts of records from."""
        return pd.array(list(self.names), dtype="str")


class ColumnBuilder:
    """Takes a column batch by batch, reading each distinct text of a batch once."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self._names: dict[str, int] = {}
        self._pieces: list[NDArray[Any]] = []

    def add(self, text: TextColumn) -> NDArray[np.bool_]:
        """Take the next records and return which of them can't be read."""
        values = [self._field.read(each) for each in text.texts]
        numbers = [_number(value, self._names, self._field) for value in values]
        self._pieces.append(np.array(numbers, self._field.dtype)[text.codes])
        return np.array([value is None for value in values], bool)[text.codes]

    def build(self) -> CompactColumn:
        """The column as a whole."""
        numbers = np.concatenate(self._pieces or [np.empty(0, self._field.dtype)])
        self._pieces.clear()
        return CompactColumn(numbers, tuple(self._names))


def _number(value: Value | None, names: dict[str, int], field: Field) -> float:
    if value is None:
        return _missing(np.dtype(field.dtype))
    if isinstance(value, str):
        return names.setdefault(value, len(names))
    if isinstance(value, date):
        return value.toordinal() - _EPOCH
    return value


def _missing(dtype: np.dtype[Any]) -> float:
    return np.nan if dtype.kind == "f" else int(np.iinfo(dtype).min)
