"""Read a sales or plan file in any known layout and check it; an error lists all problems.

The file is read in batches. In memory, a record takes one number per column, about 40 bytes, and each
distinct text is kept once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecasting.core.errors import InvalidRequest
from forecasting.core.schema import COVARIATES
from forecasting.core.wording import counted
from forecasting.history import canonical, rossmann
from forecasting.history.cell_parsers import BLANK_FLAG
from forecasting.history.encoded_columns import ColumnEncoder, EncodedColumn
from forecasting.history.file_layout import (
    FileLayout,
    check_required_columns,
    locate_columns,
    recognise_layout,
    unused_headings,
)
from forecasting.history.incoming_file import FRAME_COLUMNS, IncomingFile
from forecasting.history.problem_collector import ProblemCollector, quote
from forecasting.history.record_checks import (
    CodedNames,
    RecordKeys,
    check_duplicates,
    check_single_region,
    check_totals_beside_items,
    store_regions,
)
from forecasting.history.tabular_files import TabularFile, open_table
from forecasting.history.text_table import TextColumn

AUTO = "auto"
"""Detect the layout from the header."""

LAYOUTS: Mapping[str, Mapping[str, FileLayout]] = {
    "canonical": canonical.LAYOUTS,
    "rossmann": rossmann.LAYOUTS,
}
"""Known layouts by name and kind."""

_KEYS = ("store", "item", "date")


@dataclass(frozen=True, slots=True)
class _RawRecords:
    """The records of a file before they are checked against each other.

    Attributes
    ----------
    columns
        By canonical name, without required columns that the file lacks.
    rows
        Row number of each record in the file.
    """

    columns: dict[str, EncodedColumn]
    rows: NDArray[np.int64]

    def keys(self, which: NDArray[np.bool_] | slice = slice(None)) -> RecordKeys:
        """Return store, item and day of some of the records."""
        return RecordKeys(
            CodedNames.from_column(self.columns["store"]).select(which),
            CodedNames.from_column(self.columns["item"]).select(which),
            self.columns["date"].numbers[which],
            self.rows[which],
        )


def read_incoming_file(path: Path, kind: str, layout: str = AUTO) -> IncomingFile:
    """Read and check one file.

    Parameters
    ----------
    path
        CSV in UTF-8 (with or without BOM; comma or semicolon, decimal point) or Parquet.
    kind
        ``"sales"`` or ``"plan"``.
    layout
        A name from `LAYOUTS`, or `AUTO`.

    Raises
    ------
    InvalidFile
        If the file has problems: the first ones are listed, all of them counted.
    InvalidRequest
        If the kind or layout is unknown.
    """
    candidates = _candidates(kind, layout)
    problems = ProblemCollector(path.name)
    with open_table(path, problems) as table:
        header = table.header
        chosen = recognise_layout(header, candidates, problems) if layout == AUTO else candidates[0]
        positions = locate_columns(chosen.columns, header, problems)
        records = _read(table, chosen, positions, problems)
    check_required_columns(chosen.columns, positions, header, problems)
    if records.columns.keys() >= set(_KEYS):
        _check_records(records, kind, problems)
    problems.raise_if_any()
    notes = _notes(chosen, positions, unused_headings(header, positions, chosen.unused))
    return _assemble(path.name, chosen, records, frozenset(COVARIATES) & positions.keys(), notes)


def _candidates(kind: str, layout: str) -> list[FileLayout]:
    if kind not in FRAME_COLUMNS:
        raise InvalidRequest(f"kind of file: expected 'sales' or 'plan', found {quote(kind)}")
    if layout != AUTO and layout not in LAYOUTS:
        names = ", ".join([AUTO, *LAYOUTS])
        raise InvalidRequest(f"format of a file: expected one of {names}, found {quote(layout)}")
    return [kinds[kind] for name, kinds in LAYOUTS.items() if layout in (AUTO, name)]


def _read(
    table: TabularFile, layout: FileLayout, positions: Mapping[str, int], problems: ProblemCollector
) -> _RawRecords:
    builders = {name: ColumnEncoder(layout.columns[name].parser) for name in positions}
    rows = [np.empty(0, np.int64)]
    for batch in table.batches(positions):
        rows.append(batch.rows)
        for name, text in batch.columns.items():
            column, invalid = layout.columns[name], builders[name].add(text)
            expected, found = column.parser.expected, partial(_quote_cell, text)
            problems.add_rows(invalid, batch.rows, expected, found, column.heading)
    all_rows = np.concatenate(rows)
    columns = {
        name: EncodedColumn.constant(column.parser, column.default, len(all_rows))
        for name, column in layout.columns.items()
        if column.default is not None
    }
    return _RawRecords(columns | {name: builder.build() for name, builder in builders.items()}, all_rows)


def _quote_cell(column: TextColumn, position: int) -> str:
    return quote(column.text(position))


def _check_records(records: _RawRecords, kind: str, problems: ProblemCollector) -> None:
    """Check the records against each other, except for those whose keys are invalid."""
    valid = np.logical_and.reduce([records.columns[name].valid() for name in _KEYS])
    keys = records.keys(valid)
    check_duplicates(keys, problems)
    if kind == "sales":
        check_totals_beside_items(keys, problems)
        check_single_region(keys, CodedNames.from_column(records.columns["region"]).select(valid), problems)


def _assemble(
    file: str, layout: FileLayout, records: _RawRecords, given: frozenset[str], notes: list[str]
) -> IncomingFile:
    keys = records.keys()
    regions = (
        store_regions(keys, CodedNames.from_column(records.columns["region"]))
        if layout.kind == "sales"
        else {}
    )
    is_open, assumed = _open_days(layout, keys, records.columns, given)
    columns = records.columns | {"is_open": EncodedColumn(is_open)}
    order = np.lexsort((keys.days, keys.items.codes, keys.stores.codes))
    counts = np.bincount(keys.stores.codes, minlength=len(keys.stores.names))
    return IncomingFile(
        file=file,
        layout=layout,
        stores=keys.stores.names,
        starts=np.concatenate([[0], counts.cumsum()]),
        columns={name: column.take(order) for name, column in columns.items()},
        rows=records.rows[order],
        regions=regions,
        given=given,
        notes=(*assumed, *notes),
    )


def _open_days(
    layout: FileLayout, keys: RecordKeys, columns: Mapping[str, EncodedColumn], given: frozenset[str]
) -> tuple[NDArray[np.bool_], list[str]]:
    """Return (n,) flags: whether each record's day is open, and notes for the report on what was assumed.

    In a sales file without the column, a day is open if the store sold anything. A blank means open if the
    record has sales. In a plan, both mean open.
    """
    stated, heading = columns["is_open"].numbers, layout.columns["is_open"].heading
    sold = columns["demand"].numbers > 0 if layout.kind == "sales" else np.ones(len(stated), bool)
    if layout.kind == "sales" and "is_open" not in given:
        is_open, closed = _days_with_sales(keys, sold)
        count = "counts" if closed == 1 else "count"
        note = f"{counted(closed, 'day')} on which a store sold nothing {count} as closed"
        return is_open, [f"{heading} is not given: {note}"]
    blank = stated == BLANK_FLAG
    if not blank.any():
        return stated.astype(bool), []
    rows = counted(int(blank.sum()), "row")
    meaning = "open where something was sold" if layout.kind == "sales" else "taken as open"
    return np.where(blank, sold, stated).astype(bool), [f"{heading} is left blank in {rows}: {meaning}"]


def _days_with_sales(keys: RecordKeys, sold: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], int]:
    """Return (n,) flags: whether the record's store sold anything that day; and the number of closed days."""
    _, day = np.unique(keys.store_days(), return_inverse=True)
    any_sold = np.bincount(day, weights=sold) > 0
    return any_sold[day], int((~any_sold).sum())


def _notes(layout: FileLayout, positions: Mapping[str, int], ignored: Sequence[str]) -> list[str]:
    absent = {name: heading for name, heading in layout.headings.items() if name not in positions}
    notes = []
    if layout.kind == "plan" and "is_open" in absent:
        kept = "days already known keep theirs, new days count as open"
        notes.append(f"{absent['is_open']} is not given: {kept}")
    if layout.kind == "plan" and "item" in absent:
        notes.append(f"{absent['item']} is not given: the plan holds for every item")
    missing = [absent[name] for name in ("promo", "holiday", "school_holiday") if name in absent]
    if missing:
        notes.append(f"not given: {', '.join(missing)}; days already known keep theirs, new days have none")
    if ignored:
        notes.append(f"not used: {', '.join(quote(name) for name in ignored)}")
    return notes
