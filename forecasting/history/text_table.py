"""A file as text, before anything is made of its values: columns of distinct texts and row numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from forecasting.history.findings import Findings


@dataclass(frozen=True, slots=True)
class TextColumn:
    """One column, each distinct text once: checks run over texts, not over a million rows.

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
class TextTable:
    """The columns of a file that are of use, as text.

    Attributes
    ----------
    columns
        By canonical name; only columns the file has.
    rows
        Row number of each record, ascending: the line in a CSV file, the record number in Parquet.
    header
        Columns of the file as they stand there.
    header_row
        Line of the header (CSV), or None.
    ignored
        Columns of the file nothing is done with.
    """

    columns: Mapping[str, TextColumn]
    rows: NDArray[np.int64]
    header: tuple[str, ...]
    header_row: int | None
    ignored: tuple[str, ...]


def locate(
    header: Sequence[str], wanted: Sequence[str], findings: Findings, header_row: int | None
) -> dict[str, int]:
    """Where each wanted column stands in a header, whatever its case and the spaces around it.

    A column that stands there twice is added to `findings`; one that is missing is left out.
    """
    names = [name.strip().lower() for name in header]
    for name in wanted:
        if names.count(name) > 1:
            findings.add("this column once", f"{names.count(name)} times", row=header_row, column=name)
    return {name: names.index(name) for name in wanted if name in names}


def unused(header: Sequence[str], places: Mapping[str, int]) -> tuple[str, ...]:
    """Named columns of a header that are not among `places`."""
    taken = set(places.values())
    return tuple(name.strip() for at, name in enumerate(header) if at not in taken and name.strip())


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
