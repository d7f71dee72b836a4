"""The sections of My stores: headline, progress of a refresh of many stores, filters, table of stores."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from forecasting.core import wording
from forecasting.core.domain import BatchProgress, Principal, StoreState
from forecasting.planning.queue_rows import QueueRow, QueueSection
from forecasting.services.composition import Services
from web.queue import queue_session
from web.queue.queue_grid import SPARKLINE, GridKey, grid
from web.queue.refresh_all import refresh_all_button
from web.shared import formats, grids, pickers, redraws, run_sentences, session

QUEUE = "queue"
"""Key of the table of stores."""

STORE_PAGE = Path(__file__).resolve().parents[2] / "pages" / "store_forecast.py"
ROW_HEIGHT, MOST_ROWS = 46, 12

SECTION_LABELS = {
    QueueSection.ATTENTION: "Needs attention",
    QueueSection.STALE: "Stale",
    QueueSection.REVIEWED: "Reviewed",
    QueueSection.NOTHING: "Nothing to do",
}
ALL_SECTIONS = "All"


def headline(rows: Sequence[QueueRow], as_of: date | None) -> None:
    """Say how many stores need attention, which day it is, and the newest day of sales."""
    st.subheader(_headline(rows), anchor=False)
    through = max((row.sales_through for row in rows if row.sales_through), default=None)
    facts = [formats.long_day(as_of)] if as_of else []
    facts += [f"sales through {formats.day(through)}"] if through else []
    st.caption(" · ".join(facts))


def live_progress(services: Services, user: Principal) -> None:
    """Show the progress of a refresh of many stores, and redraw the page when the queue has changed."""
    batch = services.runs.batch(user)
    redraws.pulse_changed(QUEUE, _pulse(services, user, batch))
    unread = [batch]

    @st.fragment(run_every=redraws.RUNNING_POLL if batch else redraws.IDLE_POLL)
    def poll() -> None:
        if unread:
            now = unread.pop()
        else:
            now = services.runs.batch(user)
            if redraws.pulse_changed(QUEUE, _pulse(services, user, now)):
                st.rerun()
        if now is not None:
            st.progress(now.done / now.total, formats.plain(run_sentences.batch_progress(now)))

    poll()


def _pulse(services: Services, user: Principal, batch: BatchProgress | None) -> object:
    """A value that changes when the page must be redrawn: at each tenth of a batch, else on any event."""
    event = (batch.batch_id, 10 * batch.done // batch.total) if batch else services.stores.pulse(user)
    return event, services.reviews.pulse(user)


def pick(rows: Sequence[QueueRow]) -> tuple[tuple[QueueRow, ...], DeltaGenerator]:
    """Draw the filters.

    Returns
    -------
    tuple
        The rows that pass the filters, and the place beside them for the Export menu.
    """
    region_column, search_column, section_column, export, action = st.columns(
        [1.5, 1.4, 5, 1.35, 1.35], vertical_alignment="bottom", gap="small"
    )
    region = region_column.selectbox(
        "Region",
        [pickers.ALL_REGIONS, *sorted({row.region for row in rows if row.region})],
        key=session.REGION,
        bind="query-params",
        label_visibility="collapsed",
    )
    search = search_column.text_input(
        "Search store", key=queue_session.SEARCH, placeholder="Search store", label_visibility="collapsed"
    )
    sections = _sections(rows, region, search.strip().casefold())
    needs_attention = SECTION_LABELS[QueueSection.ATTENTION]
    section = section_column.segmented_control(
        "Part of the queue",
        list(sections),
        default=needs_attention if sections[needs_attention] else ALL_SECTIONS,
        format_func=lambda name: f"{name} {formats.number(len(sections[name]))}",
        key=queue_session.QUEUE_PART,
        label_visibility="collapsed",
        required=True,
    )
    with action:
        refresh_all_button()
    return sections[section or ALL_SECTIONS], export


def _sections(rows: Sequence[QueueRow], region: str, search: str) -> dict[str, tuple[QueueRow, ...]]:
    """Map the label of each section to its rows of this region that match the search; all of them last."""
    found = tuple(
        row
        for row in rows
        if region in (pickers.ALL_REGIONS, row.region) and search in f"{row.store} {row.region}".casefold()
    )
    sections = {
        label: tuple(row for row in found if row.section is section)
        for section, label in SECTION_LABELS.items()
    }
    return sections | {ALL_SECTIONS: found}


def table(rows: tuple[QueueRow, ...], *, running: int) -> None:
    """Draw the table of stores; choosing a row opens the store.

    Parameters
    ----------
    running
        How many of all stores are being refreshed.
    """
    if not rows:
        _nothing(running)
        return
    chosen = st.dataframe(
        grid(GridKey(rows, st.context.timezone)),
        hide_index=True,
        row_height=ROW_HEIGHT,
        placeholder="–",
        height=grids.HEADER_HEIGHT + ROW_HEIGHT * min(len(rows), MOST_ROWS),
        column_config={
            "Store": st.column_config.TextColumn(width=70),
            "Region": st.column_config.TextColumn(width=80),
            "State": st.column_config.TextColumn(width=110),
            "Why it is here": st.column_config.TextColumn(width=400),
            SPARKLINE: st.column_config.AreaChartColumn(width=220, y_min=0),
            "Next 7 days": st.column_config.NumberColumn(format=formats.in_grid(), width=100),
            "vs last week": st.column_config.NumberColumn(
                format=grids.whole_percent(),
                width=100,
                help="Next 7 days compared with the same weekdays last week",
            ),
            "vs last year": st.column_config.NumberColumn(
                format=grids.whole_percent(),
                width=100,
                help="Next 7 days compared with the same weekdays 52 weeks ago",
            ),
        },
        on_select="rerun",
        selection_mode="single-row",
        key=QUEUE,
        alt="Stores with state and reason; choose a row, or press Shift and Space on it, to open the store",
    )
    drawn = queue_session.swap_drawn([row.store for row in rows])
    picked = chosen.selection.rows
    if picked and picked[0] < len(drawn):
        st.switch_page(STORE_PAGE, query_params={session.STORE: drawn[picked[0]]})


def running_stores(rows: Sequence[QueueRow]) -> int:
    """Count the stores that are being refreshed."""
    return sum(row.state is StoreState.RUNNING for row in rows)


def _nothing(running: int) -> None:
    """Say why the table is empty."""
    if st.session_state.get(queue_session.SEARCH):
        st.info("No store here matches your search.", icon=":material/search_off:")
    elif running:
        stores = formats.counted(running, "store is", "stores are")
        st.info(f"{stores} being refreshed.", icon=":material/sync:")
    else:
        st.success("No store here needs you this morning.", icon=":material/check_circle:")


def _headline(rows: Sequence[QueueRow]) -> str:
    stores = formats.counted(len(rows), "store")
    urgent = sum(row.needs_attention for row in rows)
    running = running_stores(rows)
    if urgent:
        return f"{formats.number(urgent)} of {stores} {wording.plural(urgent, 'needs', 'need')} attention"
    if running:
        return f"{formats.number(running)} of {stores} {wording.plural(running, 'is', 'are')} being refreshed"
    reviewed = sum(row.section is QueueSection.REVIEWED for row in rows)
    suffix = f"; {formats.number(reviewed)} reviewed" if reviewed else ""
    fine = f"all {stores} are fine" if len(rows) > 1 else "your store is fine"
    return f"Nothing to do: {fine}{suffix}"
