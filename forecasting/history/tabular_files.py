"""Open a CSV or Parquet file, recognised by its content, not its name, and read it in batches of text."""

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
from forecasting.history.problem_collector import ProblemCollector
from forecasting.history.text_table import Header, TextBatch, TextColumn, to_strings

BATCH = 65_536
"""Records read at a time."""

_CHUNK = 1_024
"""Records held as Python lists at a time: with many alive, garbage collection doubles the time (measured)."""
_BLOCK = 65_536
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
"""NUL, and the code points of bytes that are not UTF-8 (`surrogateescape` adds 0xDC00 to the byte)."""


class TabularFile(Protocol):
    """An open CSV or Parquet file."""

    @property
    def header(self) -> Header:
        """The header of the file."""
        ...

    def batches(self, positions: Mapping[str, int]) -> Iterator[TextBatch]:
        """Read all records of the file once, in batches of at most `BATCH`.

        Parameters
        ----------
        positions
            Position in the header by the name the column gets in a batch.

        Raises
        ------
        InvalidFile
            If the rest of the file can't be read at all.
        """
        ...


@contextmanager
def open_table(path: Path, problems: ProblemCollector) -> Iterator[TabularFile]:
    """Open a CSV (UTF-8 with or without BOM, comma or semicolon) or Parquet file.

    Parameters
    ----------
    problems
        Receives problems while the file is read: rows with too few or too many fields, quotes that are never
        closed, columns that are not text, numbers or dates, and a file without rows.

    Raises
    ------
    InvalidFile
        If the file can't be read at all.
    """
    try:
        with path.open("rb") as file:
            start = _read_start(file, path.name)
            file.seek(0)
            if start.startswith(_PARQUET):
                yield _ParquetTable(file, problems)
            else:
                _require_text(start, path.name)
                with io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="") as text:
                    yield _CsvTable(text, problems)
    except OSError as error:
        raise _refusal(path.name, "a file that can be read", error.strerror or str(error)) from error


def _refusal(file: str, expected: str, found: str, row: int | None = None) -> InvalidFile:
    return InvalidFile([Problem(file, row, None, expected, found)])


def _read_start(file: BinaryIO, name: str) -> bytes:
    """Return the first block of a file that is not blank."""
    start = block = file.read(_BLOCK)
    while block and not block.strip():
        block = file.read(_BLOCK)
    if not block:
        raise _refusal(name, _CONTENT, "an empty file")
    return start


def _require_text(start: bytes, name: str) -> None:
    foreign = next((kind for magic, kind in _FOREIGN.items() if start.startswith(magic)), None)
    if foreign is None and b"\0" in start:
        foreign = "binary data"
    if foreign is not None:
        raise _refusal(name, _FORMATS, foreign)


class _CsvTable:
    def __init__(self, text: TextIO, problems: ProblemCollector) -> None:
        self._findings = problems
        self._records = _records(_lines(text, problems.file), problems)
        row, headings = next(self._records, (1, []))
        self.header = Header(tuple(heading.strip() for heading in headings), row)

    def batches(self, positions: Mapping[str, int]) -> Iterator[TextBatch]:
        chunks = iter(lambda: list(islice(self._records, _CHUNK)), [])
        has_records = False
        for first in chunks:
            has_records = True
            yield self._batch(chain([first], islice(chunks, BATCH // _CHUNK - 1)), positions)
        if not has_records and not self._findings:
            self._findings.add(_CONTENT, "no row")

    def _batch(
        self, chunks: Iterator[Sequence[tuple[int, list[str]]]], positions: Mapping[str, int]
    ) -> TextBatch:
        width = len(self.header.headings)
        rows: list[int] = []
        pieces: dict[str, list[object]] = {name: [] for name in positions}
        for chunk in chunks:
            complete = [pair for pair in chunk if len(pair[1]) == width]
            if len(complete) < len(chunk):
                _check_widths(chunk, width, self._findings)
            fields = list(zip(*(record for _, record in complete), strict=True)) or [()] * width
            rows += [row for row, _ in complete]
            for name, position in positions.items():
                pieces[name].append(pa.array(fields[position], type=pa.large_string()))
        columns = {
            name: TextColumn.from_arrow(pa.chunked_array(piece, type=pa.large_string()).combine_chunks())
            for name, piece in pieces.items()
        }
        return TextBatch(columns, np.array(rows, np.int64))


def _lines(text: TextIO, name: str) -> Iterator[str]:
    """Yield the lines of a file with their line ends.

    Raises
    ------
    InvalidFile
        At the first line that is not text in UTF-8.
    """
    for row, line in enumerate(text, 1):
        invalid = _NOT_TEXT.search(line)
        if invalid is None:
            yield line
        elif invalid[0] == "\0":
            raise _refusal(name, _FORMATS, "binary data", row)
        else:
            byte = f"the byte 0x{ord(invalid[0]) - 0xDC00:02X}"
            raise _refusal(name, "text in UTF-8", f"{byte} (another encoding?)", row)


def _records(lines: Iterator[str], problems: ProblemCollector) -> Iterator[tuple[int, list[str]]]:
    """Yield every record that is not blank, with the line it begins on."""
    start: list[str] = []
    for line in lines:
        start.append(line)
        if line.strip():
            break
    header = start[-1] if start else ""
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.reader(chain(start, lines), delimiter=delimiter, strict=True)
    row = 1
    try:
        for record in reader:
            if len(record) > 1 or (record and record[0].strip()):
                yield row, record
            row = reader.line_num + 1
    except csv.Error as error:
        problems.add("a CSV record, its quotes closed", str(error), row=row)


def _check_widths(chunk: Sequence[tuple[int, list[str]]], width: int, problems: ProblemCollector) -> None:
    widths = np.array([len(record) for _, record in chunk])
    rows = np.array([row for row, _ in chunk], np.int64)
    problems.add_rows(
        widths != width, rows, f"{width} fields as in the header", lambda at: f"{widths[at]} fields"
    )


class _ParquetTable:
    def __init__(self, file: BinaryIO, problems: ProblemCollector) -> None:
        self._findings = problems
        with _damage_reported(problems.file):
            self._file = pq.ParquetFile(file)
            self._names: list[str] = self._file.schema_arrow.names
        self.header = Header(tuple(name.strip() for name in self._names), None)

    def batches(self, positions: Mapping[str, int]) -> Iterator[TextBatch]:
        self._findings.raise_if_any()  # PyArrow can't read a column by name if the name is there twice
        first = 1
        for batch in self._record_batches([self._names[position] for position in positions.values()]):
            rows = np.arange(first, first + batch.num_rows, dtype=np.int64)
            yield TextBatch(self._columns(batch, positions), rows)
            first += batch.num_rows
        if first == 1:
            self._findings.add(_CONTENT, "no row")

    def _record_batches(self, names: Sequence[str]) -> Iterator[Any]:
        with _damage_reported(self._findings.file):
            yield from self._file.iter_batches(BATCH, columns=names)

    def _columns(self, batch: Any, positions: Mapping[str, int]) -> dict[str, TextColumn]:  # noqa: ANN401 – an Arrow batch: pyarrow publishes no types
        columns = {}
        for name, position in positions.items():
            array = batch.column(self._names[position])
            try:
                columns[name] = TextColumn.from_arrow(to_strings(array))
            except pa.ArrowException:
                expected = "text, numbers or dates"
                self._findings.add(expected, str(array.type), column=self.header.headings[position])
        if len(columns) < len(positions):
            self._findings.raise_if_any()
        return columns


@contextmanager
def _damage_reported(name: str) -> Iterator[None]:
    """Raise PyArrow's errors as `InvalidFile`."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise _refusal(name, "a Parquet file that can be read", f"a damaged one ({error})") from error
