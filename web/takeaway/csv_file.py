"""A table as CSV, for other programs.

RFC 4180 in UTF-8 with a byte order mark, without which Excel takes it for another encoding: one row of names,
then the rows. Dates are written as ``2019-04-03``, numbers with a point and without separators, flags as
``yes`` and ``no``; a closed day counts 0, what is not known is empty. The last columns say the same in every
row: where the figures come from. A text that a spreadsheet would take for a formula has an apostrophe before
it.
"""

import csv
import io
from datetime import date

from web.takeaway.table import CLOSED, Table, Value
from web.takeaway.text import inert

MIME = "text/csv"
DIGITS = 6
"""Behind the point: more than any unit of demand has."""


def write(table: Table) -> bytes:
    """The table as a file's content."""
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
        return inert(value)
    if value is CLOSED:
        return "0"
    return repr(value) if isinstance(value, int) else f"{value:.{DIGITS}f}".rstrip("0").rstrip(".")
