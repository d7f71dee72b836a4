"""A file as text, before its values are parsed: its header, and batches of its records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TextColumn:
    """One column with each distinct text stored once, so that checks run over texts, not over records.

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
    def from_arrow(cls, array: Any) -> Self:  # noqa: ANN401 – an Arrow array: pyarrow publishes no types
        """Encode an Arrow array of strings; a missing value becomes ``""``."""
        encoded = array.fill_null("").dictionary_encode()
        texts = tuple(text.strip() for text in encoded.dictionary.to_pylist())
        return cls(texts, encoded.indices.to_numpy(zero_copy_only=False))

    def text(self, position: int) -> str:
        """Return the text of one record."""
        return self.texts[int(self.codes[position])]


@dataclass(frozen=True, slots=True)
class TextBatch:
    """Some consecutive records of a file.

    Attributes
    ----------
    columns
        By canonical name; only the columns the file has.
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
        The headings, stripped of surrounding spaces.
    row
        Line number of the header in a CSV file; None for Parquet.
    """

    headings: tuple[str, ...]
    row: int | None

    def __str__(self) -> str:
        return ", ".join(self.headings)

    @property
    def lower(self) -> tuple[str, ...]:
        """The headings in lower case."""
        return tuple(heading.lower() for heading in self.headings)


def to_strings(array: Any) -> Any:  # noqa: ANN401 – Arrow arrays: pyarrow publishes no types
    """Convert any Arrow column to strings, so that Parquet and CSV files pass the same checks.

    Whole numbers stored as floats lose their ``.0``: ids and flags from Excel or pandas are floats if one
    value was missing. NaN is a missing value. Other floats are written so that they can be read back exactly.

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


def _floats_as_strings(array: Any) -> Any:  # noqa: ANN401 – as above
    numbers = array.to_numpy(zero_copy_only=False).astype(np.float64)
    distinct, codes = np.unique(numbers, return_inverse=True)
    texts = pa.array([_number_text(number) for number in distinct.tolist()], type=pa.large_string())
    return texts.take(pa.array(codes))


def _number_text(number: float) -> str:
    if np.isnan(number):
        return ""
    return f"{number:.0f}" if number.is_integer() else repr(number)
