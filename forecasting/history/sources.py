"""Opens a CSV or Parquet file, told apart by content rather than by name, and reads it in batches of text."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from forecasting.core.errors import InvalidFile, Problem
from forecasting.history.findings import Findings
from forecasting.history.text_table import Header, TextBatch, TextColumn, as_strings

BATCH = 65_536
"""Records read at a time."""

_CHUNK = 1_024
"""Records held as Python lists at a time: with many alive, garbage collection doubles the time (measured)."""
_HEAD = 65_536
_CONTENT = "a header and at least one row"
_FORMATS = "a CSV file in UTF-8 or a Parquet file"
_PARQUET = b"PAR1"
_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a gzip archive",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}
_NOT_TEXT = re.compile("[\0\udc80-\udcff]")
"""NUL, and what a byte that is no UTF-8 is decoded to (`surrogateescape`: the byte plus 0xDC00)."""


class Source(Protocol):
    """An open file."""

    @property
    def header(self) -> Header:
        """Its header."""
        ...

    def batches(self, places: Mapping[str, int]) -> Iterator[TextBatch]:
        """Read the file once, from its first record to its last, `BATCH` records or fewer at a time.

        Parameters
        ----------
        places
            Position in the header by the name a column is to have.

        Raises
        ------
        InvalidFile
            If the rest of the file can't be read at all.
        """
        ...


@contextmanager
def open_source(path: Path, findings: Findings) -> Iterator[Source]:
    """Open a CSV (UTF-8 with or without BOM, comma or semicolon) or Parquet file.

    Parameters
    ----------
    findings
        Takes, while the file is read, rows with too few or too many fields, quotes that are never closed,
        columns that are not text, numbers or dates, and a file without rows.

    Raises
    ------
    InvalidFile
        If the file can't be read at all.
    """
    try:
        with path.open("rb") as file:
            head = _head(file, path.name)
            file.seek(0)
            if head.startswith(_PARQUET):
                yield _ParquetSource(file, findings)
            else:
                _require_text(head, path.name)
                with io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="") as text:
                    yield _CsvSource(text, findings)
    except OSError as error:
        raise _refusal(path.name, "a file that can be read", error.strerror or str(error)) from error


def _refusal(file: str, expected: str, found: str, row: int | None = None) -> InvalidFile:
    return InvalidFile([Problem(file, row, None, expected, found)])


def _head(file: BinaryIO, name: str) -> bytes:
    """The first bytes of a file that has any but blanks."""
    head = block = file.read(_HEAD)
    while block and not block.strip():
        block = file.read(_HEAD)
    if not block:
        raise _refusal(name, _CONTENT, "an empty file")
    return head


def _require_text(head: bytes, name: str) -> None:
    foreign = next((kind for magic, kind in _FOREIGN.items() if head.startswith(magic)), None)
    if foreign is None and b"\0" in head:
        foreign = "binary data"
    if foreign is not None:
        raise _refusal(name, _FORMATS, foreign)


class _CsvSource:
    def __init__(self, text: TextIO, findings: Findings) -> None:
        self._findings = findings
        self._records = _records(_lines(text, findings.file), findings)
        row, headings = next(self._records, (1, []))
        self.header = Header(tuple(heading.strip() for heading in headings), row)

    def batches(self, places: Mapping[str, int]) -> Iterator[TextBatch]:
        chunks = iter(lambda: list(islice(self._records, _CHUNK)), [])
        some = False
        for first in chunks:
            some = True
            yield self._batch(chain([first], islice(chunks, BATCH // _CHUNK - 1)), places)
        if not some and not self._findings:
            self._findings.add(_CONTENT, "no row")

    def _batch(
        self, chunks: Iterator[Sequence[tuple[int, list[str]]]], places: Mapping[str, int]
    ) -> TextBatch:
        width = len(self.header.headings)
        rows: list[int] = []
        pieces: dict[str, list[object]] = {name: [] for name in places}
        for chunk in chunks:
            whole = [pair for pair in chunk if len(pair[1]) == width]
            if len(whole) < len(chunk):
                _find_ragged(chunk, width, self._findings)
            fields = list(zip(*(record for _, record in whole), strict=True)) or [()] * width
            rows += [row for row, _ in whole]
            for name, place in places.items():
                pieces[name].append(pa.array(fields[place], type=pa.large_string()))
        columns = {
            name: TextColumn.from_arrow(pa.chunked_array(piece, type=pa.large_string()).combine_chunks())
            for name, piece in pieces.items()
        }
        return TextBatch(columns, np.array(rows, np.int64))


def _lines(text: TextIO, name: str) -> Iterator[str]:
    """The lines of a file with their ends; refuses the first that is no text."""
    for row, line in enumerate(text, 1):
        odd = _NOT_TEXT.search(line)
        if odd is None:
            yield line
        elif odd[0] == "\0":
            raise _refusal(name, _FORMATS, "binary data", row)
        else:
            byte = f"the byte 0x{ord(odd[0]) - 0xDC00:02X}"
            raise _refusal(name, "text in UTF-8", f"{byte} (another encoding?)", row)


def _records(lines: Iterator[str], findings: Findings) -> Iterator[tuple[int, list[str]]]:
    """Every record that is not blank, with the line it begins on."""
    begin: list[str] = []
    for line in lines:
        begin.append(line)
        if line.strip():
            break
    header = begin[-1] if begin else ""
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.reader(chain(begin, lines), delimiter=delimiter, strict=True)
    row = 1
    try:
        for record in reader:
            if len(record) > 1 or (record and record[0].strip()):
                yield row, record
            row = reader.line_num + 1
    except csv.Error as error:
        findings.add("a CSV record, its quotes closed", str(error), row=row)


def _find_ragged(chunk: Sequence[tuple[int, list[str]]], width: int, findings: Findings) -> None:
    widths = np.array([len(record) for _, record in chunk])
    rows = np.array([row for row, _ in chunk], np.int64)
    findings.add_rows(
        widths != width, rows, f"{width} fields as in the header", lambda at: f"{widths[at]} fields"
    )


class _ParquetSource:
    def __init__(self, file: BinaryIO, findings: Findings) -> None:
        self._findings = findings
        with _damage_told(findings.file):
            self._file = pq.ParquetFile(file)
            self._names: list[str] = self._file.schema_arrow.names
        self.header = Header(tuple(name.strip() for name in self._names), None)

    def batches(self, places: Mapping[str, int]) -> Iterator[TextBatch]:
        self._findings.raise_if_any()  # a column that stands there twice can't be asked for by name
        first = 1
        for batch in self._record_batches([self._names[place] for place in places.values()]):
            rows = np.arange(first, first + batch.num_rows, dtype=np.int64)
            yield TextBatch(self._columns(batch, places), rows)
            first += batch.num_rows
        if first == 1:
            self._findings.add(_CONTENT, "no row")

    def _record_batches(self, names: Sequence[str]) -> Iterator[Any]:
        with _damage_told(self._findings.file):
            yield from self._file.iter_batches(BATCH, columns=names)

    def _columns(self, batch: Any, places: Mapping[str, int]) -> dict[str, TextColumn]:  # noqa: ANN401 - an Arrow batch: pyarrow publishes no types
        columns = {}
        for name, place in places.items():
            array = batch.column(self._names[place])
            try:
                columns[name] = TextColumn.from_arrow(as_strings(array))
            except pa.ArrowException:
                expected = "text, numbers or dates"
                self._findings.add(expected, str(array.type), column=self.header.headings[place])
        if len(columns) < len(places):
            self._findings.raise_if_any()
        return columns


@contextmanager
def _damage_told(name: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise _refusal(name, "a Parquet file that can be read", f"a damaged one ({error})") from error
