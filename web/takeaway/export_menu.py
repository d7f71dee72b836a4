"""Take away: what a page shows as CSV, as an Excel file, or on paper.

The files are made when somebody asks for one, not when the page is drawn.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Literal

import streamlit as st

from forecasting.core.domain import ALL_ITEMS, Principal, SeriesKey, VersionHeader
from forecasting.planning.queue_rows import QueueRow
from forecasting.services.service import ForecastService
from web.takeaway import content, csv_file, paper, workbook
from web.takeaway.table import Table
from web.takeaway.text import file_name

PRINT = ":material/print: To print, press **Ctrl+P** (**⌘P**): chart and days without the controls."
PRINT_QUEUE = ":material/print: To print, press **Ctrl+P** (**⌘P**): the stores without the controls."


Width = Literal["stretch", "content"]

QUEUE_FACTS = ("As of", "Shown", "Demand in")
QUEUE_COLUMNS = ("store", "region", "state", "reason", "next_7_days", "last_7_days", "change")
"""What there is room for on paper."""


def series(
    service: ForecastService, user: Principal, key: SeriesKey, header: VersionHeader, as_of: date
) -> None:
    """Draw the menu that takes a series of a version away."""
    product = "all" if key.item == ALL_ITEMS else key.item
    name = file_name("forecast", "store", key.store, product, as_of.isoformat(), f"v{header.version}")
    _menu(lambda: series_table(service, user, key, header, as_of), name, PRINT, "content")


def series_table(
    service: ForecastService, user: Principal, key: SeriesKey, header: VersionHeader, as_of: date
) -> Table:
    """The days of a series of a version, to be shown and to be taken away."""
    forecast = service.forecast(user, key, header.version)
    sold = service.sales(user, key, content.days_looked_back(header.cutoff, as_of))
    return content.series_table(content.SeriesShown(key, header, as_of, forecast, sold))


def queue(rows: Sequence[QueueRow], as_of: date, part: str) -> None:
    """Draw what takes the stores of the queue away as they are shown.

    Parameters
    ----------
    part
        Which of them these are, in words.
    """
    _menu(lambda: content.queue_table(rows, as_of, part), file_name("stores", as_of.isoformat()), PRINT_QUEUE)


def comparison(table: Callable[[], Table], as_of: date) -> None:
    """Draw the menu that takes a comparison away."""
    _menu(table, file_name("comparison", as_of.isoformat()), PRINT)


def queue_on_paper(rows: Sequence[QueueRow], as_of: date, part: str) -> None:
    """Draw what is printed of the queue."""
    table = content.queue_table(rows, as_of, part)
    st.html(paper.heading(table, QUEUE_FACTS))
    st.html(paper.rows(table, QUEUE_COLUMNS))


def _menu(table: Callable[[], Table], name: str, paper: str, width: Width = "stretch") -> None:
    with st.popover("Take away", icon=":material/download:", width=width, key="take_away"):
        st.download_button(
            "Excel file",
            lambda: workbook.write(table()),
            f"{name}.xlsx",
            workbook.MIME,
            key="take_xlsx",
            icon=":material/table_view:",
            on_click="ignore",
            width="stretch",
        )
        st.download_button(
            "CSV, for other programs",
            lambda: csv_file.write(table()),
            f"{name}.csv",
            csv_file.MIME,
            key="take_csv",
            icon=":material/csv:",
            on_click="ignore",
            width="stretch",
        )
        st.caption(paper)
