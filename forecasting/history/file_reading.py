"""Reads a sales or plan file in any known layout, and refuses it with everything that is wrong with it.

A file is read in batches. What is kept of a record while it is read is a number per column, some 40 bytes; of
texts one copy each.
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
from forecasting.history.compact import ColumnBuilder, CompactColumn
from forecasting.history.fields import NOT_SAID
from forecasting.history.findings import Findings, quoted
from forecasting.history.incoming import FRAMES, IncomingFile
from forecasting.history.layouts import Layout, find_missing, locate, recognise, unused
from forecasting.history.rules import (
    Keys,
    Names,
    find_duplicates,
    find_second_regions,
    find_totals_beside_items,
    regions_of,
)
from forecasting.history.sources import Source, open_source
from forecasting.history.text_table import TextColumn

AUTO = "auto"
"""Asks for the layout to be told by the header."""

LAYOUTS: Mapping[str, Mapping[str, Layout]] = {"canonical": canonical.LAYOUTS, "rossmann": rossmann.LAYOUTS}
"""Known layouts by name and kind."""

_KEYS = ("store", "item", "date")


@dataclass(frozen=True, slots=True)
class _Records:
    """A file as it was read: columns by canonical name (a missing one is left out), and each record's row."""

    columns: dict[str, CompactColumn]
    rows: NDArray[np.int64]

    def keys(self, which: NDArray[np.bool_] | slice = slice(None)) -> Keys:
        """Store, item and day of some of the records."""
        return Keys(
            Names.ordered(self.columns["store"]).at(which),
            Names.ordered(self.columns["item"]).at(which),
            self.columns["date"].numbers[which],
            self.rows[which],
        )


def read_incoming(path: Path, kind: str, layout: str = AUTO) -> IncomingFile:
    """Read and check one file.

    Parameters
    ----------
    path
        CSV in UTF-8 (with or without BOM; comma or semicolon, decimal point) or Parquet.
    kind
        ``"sales"`` or ``"plan"``.
    layout
        A name of `LAYOUTS`, or `AUTO`.

    Raises
    ------
    InvalidFile
        With every problem found: the first ones listed, all of them counted.
    InvalidRequest
        If there is no such kind or layout.
    """
    candidates = _candidates(kind, layout)
    findings = Findings(path.name)
    with open_source(path, findings) as source:
        header = source.header
        chosen = recognise(header, candidates, findings) if layout == AUTO else candidates[0]
        places = locate(chosen.columns, header, findings)
        records = _read(source, chosen, places, findings)
    find_missing(chosen.columns, places, header, findings)
    if records.columns.keys() >= set(_KEYS):
        _find_contradictions(records, kind, findings)
    findings.raise_if_any()
    notes = _notes(chosen, places, unused(header, places, chosen.unused))
    return _assemble(path.name, chosen, records, frozenset(COVARIATES) & places.keys(), notes)


def _candidates(kind: str, layout: str) -> list[Layout]:
    if kind not in FRAMES:
        raise InvalidRequest(f"kind of file: expected 'sales' or 'plan', found {quoted(kind)}")
    if layout != AUTO and layout not in LAYOUTS:
        names = ", ".join([AUTO, *LAYOUTS])
        raise InvalidRequest(f"format of a file: expected one of {names}, found {quoted(layout)}")
    return [kinds[kind] for name, kinds in LAYOUTS.items() if layout in (AUTO, name)]


def _read(source: Source, layout: Layout, places: Mapping[str, int], findings: Findings) -> _Records:
    builders = {name: ColumnBuilder(layout.columns[name].field) for name in places}
    rows = [np.empty(0, np.int64)]
    for batch in source.batches(places):
        rows.append(batch.rows)
        for name, text in batch.columns.items():
            column, unreadable = layout.columns[name], builders[name].add(text)
            expected, found = column.field.expected, partial(_found, text)
            findings.add_rows(unreadable, batch.rows, expected, found, column.heading)
    all_rows = np.concatenate(rows)
    columns = {
        name: CompactColumn.constant(column.field, column.default, len(all_rows))
        for name, column in layout.columns.items()
        if column.default is not None
    }
    return _Records(columns | {name: builder.build() for name, builder in builders.items()}, all_rows)


def _found(column: TextColumn, position: int) -> str:
    return quoted(column.text(position))


def _find_contradictions(records: _Records, kind: str, findings: Findings) -> None:
    """Compare the records with each other, leaving out those whose keys can't be read."""
    readable = np.logical_and.reduce([records.columns[name].readable() for name in _KEYS])
    keys = records.keys(readable)
    find_duplicates(keys, findings)
    if kind == "sales":
        find_totals_beside_items(keys, findings)
        find_second_regions(keys, Names.ordered(records.columns["region"]).at(readable), findings)


def _assemble(
    file: str, layout: Layout, records: _Records, given: frozenset[str], notes: list[str]
) -> IncomingFile:
    keys = records.keys()
    regions = regions_of(keys, Names.ordered(records.columns["region"])) if layout.kind == "sales" else {}
    is_open, assumed = _open_days(layout, keys, records.columns, given)
    columns = records.columns | {"is_open": CompactColumn(is_open)}
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
    layout: Layout, keys: Keys, columns: Mapping[str, CompactColumn], given: frozenset[str]
) -> tuple[NDArray[np.bool_], list[str]]:
    """Whether each record's day is open, with a note where the file does not say it.

    Without the column a day of sales is open where the store sold anything; a cell that is left blank is open
    where its record has sales. A day of a plan is open.
    """
    told, heading = columns["is_open"].numbers, layout.columns["is_open"].heading
    sold = columns["demand"].numbers > 0 if layout.kind == "sales" else np.ones(len(told), bool)
    if layout.kind == "sales" and "is_open" not in given:
        is_open, closed = _days_with_sales(keys, sold)
        count = "counts" if closed == 1 else "count"
        note = f"{counted(closed, 'day')} on which a store sold nothing {count} as closed"
        return is_open, [f"{heading} is not given: {note}"]
    blank = told == NOT_SAID
    if not blank.any():
        return told.astype(bool), []
    rows = counted(int(blank.sum()), "row")
    meaning = "open where something was sold" if layout.kind == "sales" else "taken as open"
    return np.where(blank, sold, told).astype(bool), [f"{heading} is left blank in {rows}: {meaning}"]


def _days_with_sales(keys: Keys, sold: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], int]:
    """Whether each record's store sold anything that day, and the number of days on which a store did not."""
    _, day = np.unique(keys.store_days(), return_inverse=True)
    any_sold = np.bincount(day, weights=sold) > 0
    return any_sold[day], int((~any_sold).sum())


def _notes(layout: Layout, places: Mapping[str, int], ignored: Sequence[str]) -> list[str]:
    absent = {name: heading for name, heading in layout.headings.items() if name not in places}
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
        notes.append(f"not used: {', '.join(quoted(name) for name in ignored)}")
    return notes
