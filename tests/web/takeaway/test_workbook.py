"""The Excel file, read back."""

import io
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from tests.web.takeaway.tables import AS_OF, HOSTILE, export, forecast, queue_row
from web.shared import formats
from web.takeaway import workbook
from web.takeaway.export_table import Column, Table
from web.takeaway.queue_table import queue_table
from web.takeaway.series_table import series_table


def reopened(table: Table) -> Workbook:
    """The file as a spreadsheet reads it."""
    return load_workbook(io.BytesIO(workbook.write(table)))


def column(sheet: Worksheet, title: str) -> list[object]:
    """The values below a title."""
    titles = [cell.value for cell in sheet[1]]
    return [row[titles.index(title)].value for row in sheet.iter_rows(min_row=2)]


def about(book: Workbook) -> dict[object, object]:
    """Label and value of each fact on the header sheet."""
    return {label.value: value.value for label, value in book["About"].iter_rows(min_row=3, max_col=2)}


def test_numbers_are_those_of_the_forecast() -> None:
    """To the 15th digit, so sums agree with the page."""
    sheet = reopened(series_table(export()))["Forecast"]
    rows = forecast()
    for title, name in {"Low": "q10", "Expected": "mean", "High": "q90"}.items():
        assert column(sheet, title) == pytest.approx(rows[name].tolist(), rel=1e-15)
    assert sheet["C2"].number_format == "#,##0"


def test_days_are_dates() -> None:
    """A spreadsheet can sort them; the weekday is shown."""
    sheet = reopened(series_table(export()))["Forecast"]
    assert column(sheet, "Day")[:2] == [datetime(2019, 4, 8), datetime(2019, 4, 9)]  # noqa: DTZ001 - a day
    assert sheet["A2"].number_format == "ddd d mmm yyyy"


def test_a_closed_day_reads_closed_and_counts_0() -> None:
    """So that the column still adds up."""
    sheet = reopened(series_table(export()))["Forecast"]
    assert [(cell.value, cell.number_format) for cell in sheet[8][1:4]] == [(0, '"closed"')] * 3
    assert column(sheet, "Open") == ["yes"] * 6 + ["no"]


def test_last_week_and_last_year_are_the_same_weekday() -> None:
    """7 and 364 days before."""
    sheet = reopened(series_table(export()))["Forecast"]
    assert column(sheet, "Last week")[:2] == [91, 92]  # 1 and 2 April are days 91 and 92
    assert column(sheet, "Last year")[:2] == [99, 100]  # as are 9 and 10 April 99 and 100


def test_the_header_sheet_names_the_origin_of_the_figures() -> None:
    """Business date, engine, version, unit, assumptions."""
    book = reopened(series_table(export(assumptions=("No plan for 8–14 Apr",))))
    facts = about(book)
    assert facts["As of"] == datetime(2019, 4, 8)  # noqa: DTZ001 - a day
    assert facts["Sales through"] == datetime(2019, 4, 7)  # noqa: DTZ001 - a day
    assert (facts["Engine"], facts["Version"], facts["Demand in"]) == ("Prophet", 41, "units")
    assert (facts["Store"], facts["Product"]) == ("17", "All products")
    assert facts["Assumption"] == "No plan for 8–14 Apr"
    assert book.sheetnames == ["About", "Forecast"]
    assert book.active.title == "Forecast"


def test_it_prints_at_page_width_with_the_header_on_every_page() -> None:
    """The header also stays in view on screen."""
    sheet = reopened(queue_table([queue_row("17")], AS_OF, "All"))["Queue"]
    assert sheet.page_setup.orientation == "landscape"
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.freeze_panes == "B2"
    assert sheet.column_dimensions["D"].width > 50


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_becomes_a_formula(name: str) -> None:
    """Names stay text, also after editing the cell."""
    queue = reopened(queue_table([queue_row(name, reason=name)], AS_OF, name))
    series = reopened(series_table(export(name, name, (name,))))
    written = name.replace("\r", "\n")  # as XML has it
    assert column(queue["Queue"], "Store") == [written]
    assert about(series)["Store"] == written
    for sheet in (*queue, *series):
        cells = [cell for row in sheet.iter_rows() for cell in row]
        assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n", "d"}  # f is a formula
        assert all(cell.quotePrefix for cell in cells if isinstance(cell.value, str))
        assert not any(cell.hyperlink for cell in cells)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_text_can_be_written(text: str) -> None:
    """Without the characters that XML cannot hold."""
    sheet = reopened(Table("Rows", text, [Column("a", "A")], [[text]], [("Title", text)]))["Rows"]
    assert sheet["A2"].data_type in {"s", "inlineStr", "n"}
    found = sheet["A2"].value or ""
    assert [c for c in found if c.isalnum()] == [c for c in text if c.isalnum()]


def test_a_store_without_a_forecast_has_empty_cells() -> None:
    """Not 0."""
    sheet = reopened(queue_table([queue_row("17", version=None)], AS_OF, "All"))["Queue"]
    assert [column(sheet, title) for title in ("Next 7 days", "Change", "Version")] == [[None]] * 3


def test_every_figure_reads_as_on_the_page() -> None:
    """Excel rounds half a unit up, and so do pages."""
    sheet = reopened(series_table(export()))["Forecast"]
    assert formats.units(column(sheet, "Expected")[1]) == "111"  # type: ignore[arg-type] # of 110.5
