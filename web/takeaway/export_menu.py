"""The Export menu: what a page shows, as an Excel file, as CSV or on paper.

A file is made when somebody asks for it, not when the page is drawn.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Literal

import streamlit as st

from forecasting.core.domain import ALL_ITEMS, Principal, SeriesKey, VersionHeader
from forecasting.planning.queue_rows import QueueRow
from forecasting.services.composition import Services
from web.takeaway import csv_file, print_html, workbook
from web.takeaway.export_table import Table
from web.takeaway.queue_table import queue_table
from web.takeaway.safe_text import file_name
from web.takeaway.series_table import SeriesExport, days_to_read, series_table

PRINT = ":material/print: To print, press **Ctrl+P** (**⌘P**): chart and days without the controls."
PRINT_QUEUE = ":material/print: To print, press **Ctrl+P** (**⌘P**): the stores without the controls."

Width = Literal["stretch", "content"]

QUEUE_FACTS = ("As of", "Shown", "Demand in")
"""The facts printed above the queue."""

QUEUE_COLUMNS = ("store", "region", "state", "reason", "next_7_days", "last_7_days", "change")
"""The columns that fit on paper."""


def series(services: Services, user: Principal, key: SeriesKey, header: VersionHeader, as_of: date) -> None:
    """Draw the menu that exports one version of a store's or product's forecast."""
    product = "all" if key.item == ALL_ITEMS else key.item
    name = file_name("forecast", "store", key.store, product, as_of.isoformat(), f"v{header.version}")
    _menu(lambda: read_series_table(services, user, key, header, as_of), name, PRINT, "content")


def read_series_table(
    services: Services, user: Principal, key: SeriesKey, header: VersionHeader, as_of: date
) -> Table:
    """Read one version of a series and build the table that the page shows and exports."""
    forecast = services.forecasts.forecast(user, key, header.version)
    sold = services.forecasts.sales(user, key, days_to_read(header.cutoff, as_of))
    return series_table(SeriesExport(key, header, as_of, forecast, sold))


def queue(rows: Sequence[QueueRow], as_of: date, selection: str) -> None:
    """Draw the menu that exports the stores shown on *My stores*.

    Parameters
    ----------
    selection
        Which stores these are, in words.
    """
    _menu(lambda: queue_table(rows, as_of, selection), file_name("stores", as_of.isoformat()), PRINT_QUEUE)


def comparison(table: Callable[[], Table], as_of: date) -> None:
    """Draw the menu that exports a comparison.

    Parameters
    ----------
    table
        Builds the table; called when somebody asks for a file.
    """
    _menu(table, file_name("comparison", as_of.isoformat()), PRINT)


def queue_on_paper(rows: Sequence[QueueRow], as_of: date, selection: str) -> None:
    """Draw the stores for print only, with a heading."""
    table = queue_table(rows, as_of, selection)
    st.html(print_html.heading(table, QUEUE_FACTS))
    st.html(print_html.rows(table, QUEUE_COLUMNS))


def _menu(table: Callable[[], Table], name: str, how_to_print: str, width: Width = "stretch") -> None:
    with st.popover("Export", icon=":material/download:", width=width, key="export"):
        st.download_button(
            "Excel file",
            lambda: workbook.write(table()),
            f"{name}.xlsx",
            workbook.MIME,
            key="export_xlsx",
            icon=":material/table_view:",
            on_click="ignore",
            width="stretch",
        )
        st.download_button(
            "CSV, for other programs",
            lambda: csv_file.write(table()),
            f"{name}.csv",
            csv_file.MIME,
            key="export_csv",
            icon=":material/csv:",
            on_click="ignore",
            width="stretch",
        )
        st.caption(how_to_print)
