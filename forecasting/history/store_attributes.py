"""Read a layout's second file, which has attributes of the stores."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np

from forecasting.core.errors import InvalidRequest
from forecasting.core.ports import StoreAttributes
from forecasting.history.file_layout import FileLayout, LayoutColumn, check_required_columns, locate_columns
from forecasting.history.problem_collector import ProblemCollector, quote
from forecasting.history.tabular_files import open_table
from forecasting.history.text_table import Header, TextBatch

_STORE = "store"


def read_attributes(path: Path, layout: FileLayout) -> dict[str, StoreAttributes]:
    """Read and check a file of one row per store.

    Parameters
    ----------
    path
        CSV or Parquet, as for `file_validation.read_incoming_file`.
    layout
        Layout of the sales or plan file it came with.

    Returns
    -------
    dict
        By store, each attribute the file has a column for. Its value is None if the cell is blank.

    Raises
    ------
    InvalidFile
        If the file has problems; lists all of them.
    InvalidRequest
        If the layout has no such file.
    """
    if not layout.attributes:
        found = f"the format {layout.name}, which has no such file"
        raise InvalidRequest(f"{path.name}: expected a format that has a file of stores, found {found}")
    columns = {_STORE: layout.columns[_STORE], **layout.attributes}
    problems = ProblemCollector(path.name)
    stores: dict[str, tuple[int, StoreAttributes]] = {}
    with open_table(path, problems) as table:
        positions = locate_columns(columns, table.header, problems)
        _refuse_other_files(layout, positions, table.header, problems)
        for batch in table.batches(positions):
            _add_stores(batch, columns, stores, problems)
    problems.raise_if_any()
    return {store: attributes for store, (_, attributes) in stores.items()}


def _refuse_other_files(
    layout: FileLayout, positions: Mapping[str, int], header: Header, problems: ProblemCollector
) -> None:
    check_required_columns({_STORE: layout.columns[_STORE]}, positions, header, problems)
    if not positions.keys() & layout.attributes.keys():
        names = ", ".join(column.heading for column in layout.attributes.values())
        problems.add(f"at least one of the columns {names}", quote(str(header)), row=header.row)
    problems.raise_if_any()


def _add_stores(
    batch: TextBatch,
    columns: Mapping[str, LayoutColumn],
    stores: dict[str, tuple[int, StoreAttributes]],
    problems: ProblemCollector,
) -> None:
    """Add the stores of a batch with their rows. A store that is already there is a problem."""
    values = {name: _values(batch, name, columns[name], problems) for name in batch.columns}
    for at, row in enumerate(batch.rows.tolist()):
        attributes = {name: column[at] for name, column in values.items()}
        store = attributes.pop(_STORE)
        if store is None:
            continue
        first, _ = stores.setdefault(str(store), (row, attributes))
        if first != row:
            problems.add("one row per store", f"store {store} again (first in row {first:,})", row=row)


def _values(
    batch: TextBatch, name: str, column: LayoutColumn, problems: ProblemCollector
) -> list[str | float | None]:
    text = batch.columns[name]
    parsed = [column.parser.parse(each) if each else None for each in text.texts]
    needed = [bool(each) or name == _STORE for each in text.texts]
    invalid = np.array([value is None for value in parsed], bool) & needed
    problems.add_rows(
        invalid[text.codes],
        batch.rows,
        column.parser.expected,
        lambda at: quote(text.text(at)),
        column.heading,
    )
    values = [str(value) if isinstance(value, date) else value for value in parsed]
    return [values[code] for code in text.codes.tolist()]
