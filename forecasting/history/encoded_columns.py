"""Columns of a file as fixed-width numbers, which replace its texts while it is read."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.history.cell_parsers import CellParser, Value
from forecasting.history.text_table import TextColumn

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class EncodedColumn:
    """One column of a whole file.

    Attributes
    ----------
    numbers
        One per record, of the parser's `dtype`: the number or flag itself, days since 1970-01-01, or the
        position in `names`. An invalid cell is NaN, or the lowest number of an integer type.
    names
        Distinct names in order of first appearance.
    """

    numbers: NDArray[Any]
    names: tuple[str, ...] = ()

    @classmethod
    def constant(cls, parser: CellParser, value: Value, length: int) -> Self:
        """Return a column with one value in every record, which takes no memory for each record."""
        names: dict[str, int] = {}
        number = np.array(_number(value, names, parser), parser.dtype)
        return cls(np.broadcast_to(number, length), tuple(names))

    def valid(self) -> NDArray[np.bool_]:
        """Return (n,) flags: which cells are valid."""
        missing = _missing(self.numbers.dtype)
        valid: NDArray[np.bool_] = ~np.isnan(self.numbers) if np.isnan(missing) else self.numbers != missing
        return valid

    def take(self, positions: NDArray[np.int64]) -> Self:
        """Return the column with the records at these positions."""
        return type(self)(self.numbers.take(positions), self.names)

    def texts(self) -> pd.api.extensions.ExtensionArray:
        """Return the names as a pandas array, from which texts of records can be taken."""
        return pd.array(list(self.names), dtype="str")


class ColumnEncoder:
    """Builds a column batch by batch; each distinct text of a batch is parsed once."""

    def __init__(self, parser: CellParser) -> None:
        self._parser = parser
        self._names: dict[str, int] = {}
        self._pieces: list[NDArray[Any]] = []

    def add(self, text: TextColumn) -> NDArray[np.bool_]:
        """Add the next records; return (n,) flags: which of them are invalid."""
        values = [self._parser.parse(each) for each in text.texts]
        numbers = [_number(value, self._names, self._parser) for value in values]
        self._pieces.append(np.array(numbers, self._parser.dtype)[text.codes])
        return np.array([value is None for value in values], bool)[text.codes]

    def build(self) -> EncodedColumn:
        """Return the complete column and release the pieces."""
        numbers = np.concatenate(self._pieces or [np.empty(0, self._parser.dtype)])
        self._pieces.clear()
        return EncodedColumn(numbers, tuple(self._names))


def _number(value: Value | None, names: dict[str, int], parser: CellParser) -> float:
    if value is None:
        return _missing(np.dtype(parser.dtype))
    if isinstance(value, str):
        return names.setdefault(value, len(names))
    if isinstance(value, date):
        return value.toordinal() - _EPOCH
    return value


def _missing(dtype: np.dtype[Any]) -> float:
    return np.nan if dtype.kind == "f" else int(np.iinfo(dtype).min)
