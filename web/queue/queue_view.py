"""The parts of My stores: headline, progress of a refresh of many stores, filters, the queue itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import pandas as pd
import pyarrow as pa
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from forecasting.core import wording
from forecasting.core.domain import BatchProgress, Principal, StoreState
from forecasting.planning.queue_rows import QueueRow, QueueSection
from forecasting.services.composition import Services
from web.queue import queue_session
from web.queue.refresh_all import refresh_all_button
from web.shared import formats, pickers, redraws, run_sentences, session

QUEUE = "queue"
STORE_PAGE = Path(__file__).resolve().parents[2] / "pages" / "store_forecast.py"
ROW_HEIGHT, MOST_ROWS = 46, 12

SPARKLINE = "4 weeks + next 7 days"
GRIDS_KEPT = 50
"""Of different parts, regions and searches: 260 kB each with a thousand stores."""

ICONS = {
    StoreState.RUNNING: "◌",
    StoreState.FAILED: "✕",
    StoreState.BEHIND: "◐",
    StoreState.STALE: "◔",
    StoreState.AGEING: "◕",
    StoreState.FRESH: "●",
    StoreState.NONE: "○",
}
"""A shape for each state, drawn before its word."""

SECTIONS = {
    QueueSection.ATTENTION: "Needs attention",
    QueueSection.STALE: "Stale",
    QueueSection.REVIEWED: "Reviewed",
    QueueSection.NOTHING: "Nothing to do",
}
"""Labels of the sections, in the order in which they are offered."""

ATTENTION = SECTIONS[QueueSection.ATTENTION]


@dataclass(frozen=True, slots=True)
class GridRows:
    """Rows of the grid as a cache key.

    The hash covers only the fields that tell most rows apart, because hashing a thousand whole rows takes
    longer than drawing a cached grid. Equality still compares every field.
    """

    rows: tuple[QueueRow, ...]

    def __hash__(self) -> int:
        """Hash of store, version and reason of each row."""
        return hash(tuple((row.store, row.version, row.reason) for row in self.rows))


def headline(rows: Sequence[QueueRow], as_of: date | None) -> None:
    """Say the news: how many stores need attention, which day it is, how far sales go."""
    st.subheader(_news(rows), anchor=False)
    through = max((row.sales_through for row in rows if row.sales_through), default=None)
    facts = [formats.long_day(as_of)] if as_of else []
    facts += [f"sales through {formats.day(through)}"] if through else []
    st.caption(" · ".join(facts))


def live_batch(services: Services, user: Principal) -> None:
    """Show the progress of a refresh of many stores, and draw the page again when the queue has changed."""
    batch = services.runs.batch(user)
    redraws.pulse_changed(QUEUE, _pulse(services, user, batch))
    just_seen = [batch]

    @st.fragment(run_every=redraws.RUNNING_POLL if batch else redraws.IDLE_POLL)
    def watch() -> None:
        if just_seen:
            now = just_seen.pop()
        else:
            now = services.runs.batch(user)
            if redraws.pulse_changed(QUEUE, _pulse(services, user, now)):
                st.rerun()
        if now is not None:
            st.progress(now.done / now.total, formats.plain(run_sentences.batch_progress(now)))

    watch()


def _pulse(services: Services, user: Principal, batch: BatchProgress | None) -> object:
    """During a batch the queue is drawn again at each tenth of it, else whenever anything happened."""
    happened = (batch.batch_id, 10 * batch.done // batch.total) if batch else services.stores.pulse(user)
    return happened, services.reviews.pulse(user)


def pick(rows: Sequence[QueueRow]) -> tuple[tuple[QueueRow, ...], DeltaGenerator]:
    """Draw region, search and the part of the queue; return the rows they leave, and a place beside."""
    region_col, search_col, part_col, away, action = st.columns(
        [1.5, 1.4, 5, 1.35, 1.35], vertical_alignment="bottom", gap="small"
    )
    regions = sorted({row.region for row in rows if row.region})
    region = region_col.selectbox(
        "Region",
        [pickers.ALL_REGIONS, *regions],
        key=session.REGION,
        bind="query-params",
        label_visibility="collapsed",
    )
    search = search_col.text_input(
        "Search store", key=queue_session.SEARCH, placeholder="Search store", label_visibility="collapsed"
    )
    wanted = search.strip().casefold()
    mine = [
        row
        for row in rows
        if region in (pickers.ALL_REGIONS, row.region) and wanted in f"{row.store} {row.region}".casefold()
    ]
    parts = {label: [row for row in mine if row.section is section] for section, label in SECTIONS.items()}
    parts["All"] = mine
    part = part_col.segmented_control(
        "Part of the queue",
        list(parts),
        default=ATTENTION if parts[ATTENTION] else "All",
        format_func=lambda name: f"{name} {len(parts[name]):,}",
        key=queue_session.QUEUE_PART,
        label_visibility="collapsed",
        required=True,
    )
    with action:
        refresh_all_button()
    return tuple(parts[part or "All"]), away


def table(rows: tuple[QueueRow, ...]) -> None:
    """Draw the queue; choosing a row opens the store."""
    if not rows and st.session_state.get(queue_session.SEARCH):
        st.info("No store here matches your search.", icon=":material/search_off:")
        return
    if not rows:
        st.success("Nothing here needs you this morning.", icon=":material/check_circle:")
        return
    chosen = st.dataframe(
        _grid(GridRows(rows), st.context.timezone),
        hide_index=True,
        row_height=ROW_HEIGHT,
        placeholder="–",
        height=pickers.HEADER_HEIGHT + ROW_HEIGHT * min(len(rows), MOST_ROWS),
        column_config={
            "Store": st.column_config.TextColumn(width=70),
            "Region": st.column_config.TextColumn(width=80),
            "State": st.column_config.TextColumn(width=110),
            "Why it is here": st.column_config.TextColumn(width=400),
            SPARKLINE: st.column_config.AreaChartColumn(width=220, y_min=0),
            "Next 7 days": st.column_config.NumberColumn(format=formats.in_grid(), width=100),
            "vs last week": st.column_config.NumberColumn(
                format="%+.0f%%", width=100, help="Next 7 days against the same weekdays last week"
            ),
            "vs last year": st.column_config.NumberColumn(
                format="%+.0f%%", width=100, help="Next 7 days against the same weekdays 52 weeks before"
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


@lru_cache(GRIDS_KEPT)
def _grid(grid: GridRows, zone: str | None) -> pa.Table:
    """What the grid shows, ready to be sent: making it takes longer than all else of the page.

    Parameters
    ----------
    zone
        The reader's.
    """
    rows = grid.rows
    frame = pd.DataFrame(
        {
            "Store": [row.store for row in rows],
            "Region": [row.region for row in rows],
            "State": [f"{ICONS[row.state]} {row.state}" for row in rows],
            "Why it is here": [_reason(row, zone) for row in rows],
            SPARKLINE: [[round(value) for value in row.sparkline] for row in rows],
            "Next 7 days": [None if row.next7 is None else formats.whole(row.next7) for row in rows],
            "vs last week": [_percent(row.change) for row in rows],
            "vs last year": [_percent(row.change_on_year) for row in rows],
        }
    )
    table = pa.Table.from_pandas(frame if any(frame["Region"]) else frame.drop(columns="Region"))
    # for drawing, seven digits do; this is half of what is sent of a thousand stores
    small = table[SPARKLINE].cast(pa.list_(pa.float32()), safe=False)
    return table.set_column(table.column_names.index(SPARKLINE), SPARKLINE, small)


def _percent(share: float | None) -> int | None:
    """Whole percent, so that the grid writes no −0."""
    return None if share is None else formats.whole(100 * share)


def _reason(row: QueueRow, zone: str | None) -> str:
    """Why it is here; of what was reviewed, by whom."""
    if row.section is not QueueSection.REVIEWED or row.review is None:
        return row.reason
    at = formats.clock(row.review.at.astimezone(formats.zone(zone)))
    return f"Reviewed by {row.review.by} at {at}; {row.reason[:1].lower()}{row.reason[1:]}"


def _news(rows: Sequence[QueueRow]) -> str:
    urgent = sum(row.needs_attention for row in rows)
    running = sum(row.state is StoreState.RUNNING for row in rows)
    stores = formats.counted(len(rows), "store")
    if urgent:
        return f"{formats.number(urgent)} of {stores} {wording.plural(urgent, 'needs', 'need')} attention"
    if running:
        return f"{formats.number(running)} of {stores} {wording.plural(running, 'is', 'are')} being refreshed"
    reviewed = sum(row.section is QueueSection.REVIEWED for row in rows)
    looked = f"; {reviewed:,} reviewed" if reviewed else ""
    fine = f"all {stores} are" if len(rows) > 1 else "your store is"
    return f"Nothing to do: {fine} fine{looked}"
