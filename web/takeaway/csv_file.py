"""A table as CSV, for other programs.

RFC 4180 in UTF-8 with a byte order mark, without which Excel assumes another encoding. The first row holds
the column names. Dates are written as ``2019-04-03``, numbers with a decimal point and without separators,
flags as ``yes`` and ``no``. A closed day is 0; an unknown value is empty. The last columns give the origin of
the figures and are the same in every row. Text that a spreadsheet would run as a formula is preceded by an
apostrophe.
"""

import csv
import io
from datetime import date

from web.takeaway.export_table import CLOSED, Table, Value
from web.takeaway.safe_text import escape_formula

MIME = "text/csv"
DIGITS = 6
"""Decimal places: more than any unit of demand needs."""


def write(table: Table) -> bytes:
    """Write the table as the bytes of a file."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([*(column.name for column in table.columns), *table.origin])
    origin = [_field(value) for value in table.origin.values()]
    writer.writerows([*map(_field, row), *origin] for row in table.rows)
    return buffer.getvalue().encode("utf-8-sig")


def _field(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return escape_formula(value)
    if value is CLOSED:
        return "0"
    return repr(value) if isinstance(value, int) else f"{value:.{DIGITS}f}".rstrip("0").rstrip(".")
