"""Reads what the second file of a layout says about the stores themselves."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np

from forecasting.core.errors import InvalidRequest
from forecasting.core.ports import StoreAttributes
from forecasting.history.findings import Findings, quoted
from forecasting.history.layouts import Column, Layout, find_missing, locate
from forecasting.history.sources import open_source
from forecasting.history.text_table import Header, TextBatch

_STORE = "store"


def read_attributes(path: Path, layout: Layout) -> dict[str, StoreAttributes]:
    """Read and check a file of one row per store.

    Parameters
    ----------
    path
        CSV or Parquet, as for `reading.read_incoming`.
    layout
        Of the sales or plan file it came with.

    Returns
    -------
    dict
        By store, every attribute the file has a column for; None where its cell is blank.

    Raises
    ------
    InvalidFile
        With every problem found.
    InvalidRequest
        If the layout has no such file.
    """
    if not layout.attributes:
        found = f"the format {layout.name}, which has none"
        raise InvalidRequest(f"{path.name}: expected a format that has a file of stores, found {found}")
    columns = {_STORE: layout.columns[_STORE], **layout.attributes}
    findings = Findings(path.name)
    stores: dict[str, tuple[int, StoreAttributes]] = {}
    with open_source(path, findings) as source:
        places = locate(columns, source.header, findings)
        _refuse_other_files(layout, places, source.header, findings)
        for batch in source.batches(places):
            _take(batch, columns, stores, findings)
    findings.raise_if_any()
    return {store: attributes for store, (_, attributes) in stores.items()}


def _refuse_other_files(
    layout: Layout, places: Mapping[str, int], header: Header, findings: Findings
) -> None:
    find_missing({_STORE: layout.columns[_STORE]}, places, header, findings)
    if not places.keys() & layout.attributes.keys():
        names = ", ".join(column.heading for column in layout.attributes.values())
        findings.add(f"at least one of the columns {names}", quoted(str(header)), row=header.row)
    findings.raise_if_any()


def _take(
    batch: TextBatch,
    columns: Mapping[str, Column],
    stores: dict[str, tuple[int, StoreAttributes]],
    findings: Findings,
) -> None:
    """Add the stores of a batch, each with the row it stands in; the first row of a store counts."""
    values = {name: _values(batch, name, columns[name], findings) for name in batch.columns}
    for at, row in enumerate(batch.rows.tolist()):
        attributes = {name: column[at] for name, column in values.items()}
        store = attributes.pop(_STORE)
        if store is None:
            continue
        first, _ = stores.setdefault(str(store), (row, attributes))
        if first != row:
            findings.add("one row per store", f"store {store} again (first in row {first:,})", row=row)


def _values(batch: TextBatch, name: str, column: Column, findings: Findings) -> list[str | float | None]:
    text = batch.columns[name]
    read = [column.field.read(each) if each else None for each in text.texts]
    needed = [bool(each) or name == _STORE for each in text.texts]
    missing = np.array([value is None for value in read], bool) & needed
    findings.add_rows(
        missing[text.codes],
        batch.rows,
        column.field.expected,
        lambda at: quoted(text.text(at)),
        column.heading,
    )
    values = [str(value) if isinstance(value, date) else value for value in read]
    return [values[code] for code in text.codes.tolist()]
