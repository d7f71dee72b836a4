"""A table as an Excel file: a sheet with the origin of the figures, and a sheet with the rows.

Text is stored as text, even where it looks like a formula; numbers and dates keep their types. Both sheets
print on A4 landscape, fitted to the page width, with the header row on every page.
"""

import io
from datetime import date

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from web.takeaway.export_table import CLOSED, Column, Kind, Table, Value
from web.takeaway.safe_text import printable

MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ABOUT = "About"
DAY_FORMAT = "ddd d mmm yyyy"
CLOSED_FORMAT = '"closed"'
"""Shows the word; the value is 0, so that sums stay right."""

FORMATS = {
    Kind.DAY: DAY_FORMAT,
    Kind.DEMAND: "#,##0",
    Kind.DIFFERENCE: "+#,##0;-#,##0;0",
    Kind.SHARE: "+0%;-0%;0%",
    Kind.COUNT: "0",
}
_RIGHT = frozenset({Kind.DEMAND, Kind.DIFFERENCE, Kind.SHARE, Kind.COUNT})
_HEAD = PatternFill("solid", fgColor="F5F7FA")
_LINE = Border(bottom=Side("thin", color="E1E6EC"))
_BOLD, _TITLE, _QUIET = Font(bold=True), Font(bold=True, size=14), Font(color="6B7785")


def write(table: Table) -> bytes:
    """Write the table as the bytes of a file."""
    book = Workbook()
    about = book.active
    about.title = ABOUT
    _fill_about(about, table)
    rows = book.create_sheet(table.name)
    _fill_rows(rows, table)
    for sheet in (about, rows):
        _set_up_print(sheet)
    book.active = 1
    about.sheet_view.tabSelected = False
    book.properties.creator = "Storecast"
    book.properties.title = printable(table.title)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _fill_about(sheet: Worksheet, table: Table) -> None:
    _put(sheet.cell(1, 1), table.title).font = _TITLE
    for row, (label, value) in enumerate(table.facts, start=3):
        _put(sheet.cell(row, 1), label).font = _QUIET
        cell = _put(sheet.cell(row, 2), value)
        cell.alignment = Alignment(horizontal="left", vertical="top", wrap_text=isinstance(value, str))
        sheet.cell(row, 1).alignment = Alignment(vertical="top")
        if isinstance(value, date):
            cell.number_format = DAY_FORMAT
    sheet.column_dimensions["A"].width = 22
    sheet.column_dimensions["B"].width = 90
    sheet.sheet_view.showGridLines = False


def _fill_rows(sheet: Worksheet, table: Table) -> None:
    for at, column in enumerate(table.columns, start=1):
        _head(_put(sheet.cell(1, at), column.title), column)
        sheet.column_dimensions[get_column_letter(at)].width = column.width
    for row, values in enumerate(table.rows, start=2):
        for at, (column, value) in enumerate(zip(table.columns, values, strict=True), start=1):
            _format(_put(sheet.cell(row, at), value), column, closed=value is CLOSED)
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = sheet.dimensions
    sheet.print_title_rows = "1:1"


def _put(cell: Cell, value: Value) -> Cell:
    """Fill a cell; text stays text even after somebody edits it."""
    if isinstance(value, bool):
        value = "yes" if value else "no"
    if isinstance(value, str):
        cell.value = printable(value)
        cell.data_type = "s"
        cell.quotePrefix = True
    else:
        cell.value = 0 if value is CLOSED else value
    return cell


def _head(cell: Cell, column: Column) -> None:
    cell.font, cell.fill, cell.border = _BOLD, _HEAD, _LINE
    horizontal = "right" if column.kind in _RIGHT else "left"
    cell.alignment = Alignment(horizontal=horizontal, vertical="center", wrap_text=True)


def _format(cell: Cell, column: Column, *, closed: bool) -> None:
    if column.kind in FORMATS:
        cell.number_format = FORMATS[column.kind]
    if column.kind is Kind.DAY:
        cell.alignment = Alignment(horizontal="left")
    if closed:
        cell.number_format, cell.font = CLOSED_FORMAT, _QUIET
        cell.alignment = Alignment(horizontal="right")


def _set_up_print(sheet: Worksheet) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.left.text = "Storecast · &A"
    sheet.oddFooter.right.text = "page &P of &N"
