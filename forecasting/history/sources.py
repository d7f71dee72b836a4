"""Opens a CSV or Parquet file as a `TextTable`, told apart by content rather than by name."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from forecasting.errors import InvalidFile, Problem
from forecasting.history.findings import Findings
from forecasting.history.text_table import TextColumn, TextTable, as_strings, locate, unused

_CHUNK = 1_024
"""Records held as Python lists at a time: with many alive, garbage collection doubles the time (measured)."""
_CONTENT = "a header and at least one row"
_PARQUET = b"PAR1"
_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a gzip archive",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


def read_table(path: Path, wanted: Sequence[str], findings: Findings) -> TextTable:
    """Read the wanted columns of a file as text.

    Parameters
    ----------
    path
        CSV (UTF-8 with or without BOM, comma or semicolon) or Parquet.
    wanted
        Canonical names, in lower case.
    findings
        Takes rows with too few or too many fields, columns that stand there twice, and a file without
        rows.

    Raises
    ------
    InvalidFile
        If the file can't be read at all.
    """
    data = _content(path)
    if data.startswith(_PARQUET):
        table = _read_parquet(data, wanted, findings)
    else:
        table = _read_csv(_text(data, path), wanted, findings)
    if not len(table.rows) and not findings:
        findings.add(_CONTENT, "no row")
    return table


def _refusal(file: str, expected: str, found: str, row: int | None = None) -> InvalidFile:
    return InvalidFile([Problem(file, row, None, expected, found)])


def _content(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _refusal(path.name, "a file that can be read", error.strerror or str(error)) from error
    if not data.strip():
        raise _refusal(path.name, _CONTENT, "an empty file")
    return data


def _text(data: bytes, path: Path) -> str:
    foreign = next((name for magic, name in _FOREIGN.items() if data.startswith(magic)), None)
    if foreign is None and b"\0" in data:
        foreign = "binary data"
    if foreign is not None:
        raise _refusal(path.name, "a CSV file in UTF-8 or a Parquet file", foreign)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{data[error.start]:02X} (another encoding?)"
        raise _refusal(path.name, "text in UTF-8", found, row) from error


def _read_csv(text: str, wanted: Sequence[str], findings: Findings) -> TextTable:
    records = _records(text, findings)
    header_row, header = next(records, (1, []))
    places = locate(header, wanted, findings, header_row)
    rows: list[int] = []
    pieces: dict[str, list[object]] = {name: [] for name in places}
    while chunk := list(islice(records, _CHUNK)):
        whole = [pair for pair in chunk if len(pair[1]) == len(header)]
        if len(whole) < len(chunk):
            _find_ragged(chunk, len(header), findings)
        fields = list(zip(*(record for _, record in whole), strict=True)) or [()] * len(header)
        rows += [row for row, _ in whole]
        for name, place in places.items():
            pieces[name].append(pa.array(fields[place], type=pa.large_string()))
    columns = {
        name: TextColumn.from_arrow(pa.chunked_array(piece, type=pa.large_string()).combine_chunks())
        for name, piece in pieces.items()
    }
    return TextTable(columns, np.array(rows, np.int64), tuple(header), header_row, unused(header, places))


def _records(text: str, findings: Findings) -> Iterator[tuple[int, list[str]]]:
    """Every record that is not blank, with the line it begins on."""
    first_line = text.lstrip().partition("\n")[0]
    delimiter = ";" if first_line.count(";") > first_line.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for record in reader:
            if len(record) > 1 or (record and record[0].strip()):
                yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        findings.add("a CSV record, its quotes closed", str(error), row=line)


def _find_ragged(chunk: Sequence[tuple[int, list[str]]], width: int, findings: Findings) -> None:
    widths = np.array([len(record) for _, record in chunk])
    rows = np.array([row for row, _ in chunk], np.int64)
    findings.add_rows(
        widths != width, rows, f"{width} fields as in the header", lambda at: f"{widths[at]} fields"
    )


def _read_parquet(data: bytes, wanted: Sequence[str], findings: Findings) -> TextTable:
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        header = tuple(file.schema_arrow.names)
        places = locate(header, wanted, findings, None)
        findings.raise_if_any()
        table = file.read(columns=[header[place] for place in places.values()])
    except (pa.ArrowException, OSError) as error:
        raise _refusal(
            findings.file, "a Parquet file that can be read", f"a damaged one ({error})"
        ) from error
    columns = {}
    for name, place in places.items():
        try:
            columns[name] = TextColumn.from_arrow(as_strings(table[header[place]].combine_chunks()))
        except pa.ArrowException:
            findings.add("text, numbers or dates", str(table[header[place]].type), column=name)
    findings.raise_if_any()
    rows = np.arange(1, file.metadata.num_rows + 1, dtype=np.int64)
    return TextTable(columns, rows, header, None, unused(header, places))
