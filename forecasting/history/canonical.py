"""Reads the canonical long format, sales or plan, and refuses a file with everything that is wrong with it.

========  ===========================================================================================
kind      columns (case and order are free, columns of other names are not used)
========  ===========================================================================================
sales     store, item, date, demand; optional: region, is_open, promo, holiday, school_holiday
plan      store, date; optional: item (by default ``"all"``: every item), is_open, promo, holiday,
          school_holiday
========  ===========================================================================================
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.domain import ALL_ITEMS
from forecasting.errors import InvalidRequest
from forecasting.history.fields import FIELDS, Value
from forecasting.history.findings import Findings, quoted
from forecasting.history.rules import (
    Keys,
    Names,
    find_duplicates,
    find_second_regions,
    find_totals_beside_items,
    regions_of,
)
from forecasting.history.sources import read_table
from forecasting.history.text_table import TextColumn, TextTable
from forecasting.schema import COVARIATES, PLAN, SALES


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of one kind of file, and of the frame made of it."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    frame: tuple[str, ...]


LAYOUTS: Mapping[str, Layout] = {
    "sales": Layout(("store", "item", "date", "demand"), ("region", *COVARIATES), SALES),
    "plan": Layout(("store", "date"), ("item", *COVARIATES), PLAN),
}

_DEFAULTS = {
    "item": ALL_ITEMS,
    "region": "",
    "is_open": "yes",
    "promo": "no",
    "holiday": "no",
    "school_holiday": "no",
}


@dataclass(frozen=True, slots=True)
class CanonicalFile:
    """A file that was found good.

    Attributes
    ----------
    file
        Its name, without its folder.
    frame
        `schema.SALES` or `schema.PLAN`, sorted by store and item in natural order, then day.
    rows
        Row number in the file, one per row of `frame`.
    regions
        Region by store, where the file gives one.
    given
        Covariates the file has a column for; the others are defaults.
    notes
        What was assumed or not used, in words.
    """

    file: str
    kind: str
    frame: pd.DataFrame
    rows: NDArray[np.int64]
    regions: Mapping[str, str]
    given: frozenset[str]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Column:
    """What the texts of a column were read as: a value per distinct text, a code per record."""

    values: Sequence[Value | None]
    codes: NDArray[np.int32]

    def unreadable(self) -> NDArray[np.bool_]:
        return np.array([value is None for value in self.values], bool)[self.codes]

    def names(self) -> Names:
        return Names.ordered(self.values, self.codes)

    def days(self) -> NDArray[np.int64]:
        return np.array(self.values, "datetime64[D]").astype(np.int64)[self.codes]

    def strings(self) -> pd.api.extensions.ExtensionArray:
        return pd.array([str(value) for value in self.values], dtype="str").take(self.codes)

    def to_array(self, dtype: type) -> NDArray[np.generic]:
        return np.array(self.values, dtype)[self.codes]


def read_canonical(path: Path, kind: str) -> CanonicalFile:
    """Read and check one file.

    Parameters
    ----------
    path
        CSV in UTF-8 (with or without BOM; comma or semicolon, decimal point) or Parquet.
    kind
        ``"sales"`` or ``"plan"``.

    Raises
    ------
    InvalidFile
        With every problem found: the first ones listed, all of them counted.
    InvalidRequest
        If there is no such kind.
    """
    if kind not in LAYOUTS:
        raise InvalidRequest(f"kind of file: expected 'sales' or 'plan', found {quoted(kind)}")
    layout, findings = LAYOUTS[kind], Findings(path.name)
    table = read_table(path, layout.required + layout.optional, findings)
    columns = _read_columns(_with_defaults(table, layout), findings)
    _find_missing(table, layout, findings)
    if columns.keys() >= {"store", "item", "date"}:
        _find_contradictions(columns, table.rows, kind, findings)
    findings.raise_if_any()
    return _assemble(path.name, kind, table, columns)


def _with_defaults(table: TextTable, layout: Layout) -> TextTable:
    everywhere = np.zeros(len(table.rows), np.int32)
    assumed = {name: TextColumn((_DEFAULTS[name],), everywhere) for name in layout.optional}
    return replace(table, columns=assumed | dict(table.columns))


def _read_columns(table: TextTable, findings: Findings) -> dict[str, _Column]:
    columns = {}
    for name, text in table.columns.items():
        field = FIELDS[name]
        columns[name] = _Column(field.read_all(text.texts), text.codes)
        findings.add_rows(
            columns[name].unreadable(),
            table.rows,
            field.expected,
            partial(_found, text),
            name,
        )
    return columns


def _found(column: TextColumn, position: int) -> str:
    return quoted(column.text(position))


def _find_missing(table: TextTable, layout: Layout, findings: Findings) -> None:
    found = ", ".join(name.strip() for name in table.header)
    for name in layout.required:
        if name not in table.columns:
            findings.add("a column of this name", quoted(found), row=table.header_row, column=name)


def _find_contradictions(
    columns: Mapping[str, _Column], rows: NDArray[np.int64], kind: str, findings: Findings
) -> None:
    """Compare the records with each other, leaving out those whose keys can't be read."""
    names = ("store", "item", "date")
    readable = ~np.any([columns[name].unreadable() for name in names], axis=0)
    keys = _keys(columns, rows, readable)
    find_duplicates(keys, findings)
    if kind == "sales":
        find_totals_beside_items(keys, findings)
        find_second_regions(keys, columns["region"].names().at(readable), findings)


def _keys(
    columns: Mapping[str, _Column],
    rows: NDArray[np.int64],
    which: NDArray[np.bool_] | slice = slice(None),
) -> Keys:
    return Keys(
        columns["store"].names().at(which),
        columns["item"].names().at(which),
        columns["date"].days()[which],
        rows[which],
    )


def _assemble(file: str, kind: str, table: TextTable, columns: Mapping[str, _Column]) -> CanonicalFile:
    keys = _keys(columns, table.rows)
    given = frozenset(COVARIATES) & table.columns.keys()
    notes = _notes(table, kind, given)
    frame = pd.DataFrame(
        {
            "store": columns["store"].strings(),
            "item": columns["item"].strings(),
            "ds": keys.days.astype("datetime64[D]").astype("datetime64[us]"),
            "is_open": columns["is_open"].to_array(bool),
            "promo": columns["promo"].to_array(bool),
            "holiday": columns["holiday"].strings(),
            "school_holiday": columns["school_holiday"].to_array(bool),
        }
    )
    if kind == "sales":
        frame["y"] = columns["demand"].to_array(float)
        if "is_open" not in given:
            frame["is_open"], note = _open_days(keys, frame["y"].to_numpy())
            notes = (note, *notes)
    order = np.lexsort((keys.days, keys.items.codes, keys.stores.codes))
    frame = frame.loc[:, list(LAYOUTS[kind].frame)].take(order).reset_index(drop=True)
    regions = regions_of(keys, columns["region"].names()) if kind == "sales" else {}
    return CanonicalFile(file, kind, frame, table.rows[order], regions, given, notes)


def _open_days(keys: Keys, demand: NDArray[np.float64]) -> tuple[NDArray[np.bool_], str]:
    """Open where the store sold anything that day, with the note that tells how many days are closed."""
    _, day = np.unique(keys.store_days(), return_inverse=True)
    sold = np.bincount(day, weights=demand) > 0
    closed = int((~sold).sum())
    days, count = ("1 day", "counts") if closed == 1 else (f"{closed:,} days", "count")
    return sold[day], f"is_open is not given: {days} on which a store sold nothing {count} as closed"


def _notes(table: TextTable, kind: str, given: frozenset[str]) -> tuple[str, ...]:
    notes = []
    if kind == "plan" and "is_open" not in given:
        notes.append("is_open is not given: days already known keep theirs, new days count as open")
    if kind == "plan" and "item" not in table.columns:
        notes.append("item is not given: the plan holds for every item")
    missing = [name for name in ("promo", "holiday", "school_holiday") if name not in given]
    if missing:
        notes.append(f"not given: {', '.join(missing)}; days already known keep theirs, new days have none")
    if table.ignored:
        notes.append(f"not used: {', '.join(quoted(name) for name in table.ignored)}")
    return tuple(notes)
