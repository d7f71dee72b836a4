"""A file as text, before anything is made of its values: its header, and batches of its records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TextColumn:
    """One column, each distinct text once: checks run over texts, not over every record.

    Attributes
    ----------
    texts
        Distinct texts, stripped; ``""`` is a missing value.
    codes
        Index into `texts`, one per record.
    """

    texts: tuple[str, ...]
    codes: NDArray[np.int32]

    @classmethod
    def from_arrow(cls, array: Any) -> Self:  # noqa: ANN401 - an Arrow array: pyarrow publishes no types
        """Encode an Arrow array of strings."""
        encoded = array.fill_null("").dictionary_encode()
        texts = tuple(text.strip() for text in encoded.dictionary.to_pylist())
        return cls(texts, encoded.indices.to_numpy(zero_copy_only=False))

    def text(self, position: int) -> str:
        """The text of one record."""
        return self.texts[int(self.codes[position])]


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Some consecutive records of a file.

    Attributes
    ----------
    columns
        By canonical name; only columns the file has.
    rows
        Row number of each record, ascending: the line in a CSV file, the record number in Parquet.
    """

    columns: Mapping[str, TextColumn]
    rows: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a file.

    Attributes
    ----------
    headings
        As they stand there, without the spaces around them.
    row
        Its line (CSV), or None.
    """

    headings: tuple[str, ...]
    row: int | None

    def __str__(self) -> str:
        return ", ".join(self.headings)

    @property
    def lower(self) -> tuple[str, ...]:
        """The headings in lower case."""
        return tuple(heading.lower() for heading in self.headings)


def as_strings(array: Any) -> Any:  # noqa: ANN401 - Arrow arrays: pyarrow publishes no types
    """Any Arrow column as an array of strings, so that Parquet and CSV meet the same checks.

    Whole numbers kept as floats (ids and flags from Excel or pandas, where a value was missing) lose
    their ``.0``; NaN is a missing value; other floats are written so that they read back exactly.

    Raises
    ------
    pyarrow.ArrowException
        If the column is a list, a struct or bytes that are not text.
    """
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if pa.types.is_floating(array.type):
        return _floats_as_strings(array)
    return array.cast(pa.large_string())


def _floats_as_strings(array: Any) -> Any:  # noqa: ANN401 - as above
    numbers = array.to_numpy(zero_copy_only=False).astype(np.float64)
    distinct, codes = np.unique(numbers, return_inverse=True)
    texts = pa.array([_number_text(number) for number in distinct.tolist()], type=pa.large_string())
    return texts.take(pa.array(codes))


def _number_text(number: float) -> str:
    if np.isnan(number):
        return ""
    return f"{number:.0f}" if number.is_integer() else repr(number)
