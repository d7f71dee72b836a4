"""The parts of Sales data: what is loaded, the sample's next day, and uploads with their report."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import pandas as pd
import streamlit as st

from forecasting.core.domain import ImportReport, Principal
from forecasting.core.errors import InvalidFile, StorecastError
from forecasting.planning.feeds import Feed, FeedState
from forecasting.services.composition import Services
from web.runtime import turns
from web.sales_data import upload_session
from web.shared import formats, run_sentences

KINDS = {"Sales": "sales", "Plan": "plan"}
EXPECTED = {
    "Sales": "`store, item, date, demand`; optional `region, is_open, promo, holiday, school_holiday`",
    "Plan": "`store, date`; optional `item, is_open, promo, holiday, school_holiday`",
}
NEWS = {"sales": "new sales", "plan": "a new plan"}
TABLE_HEIGHT = 330

FEED_LABELS = {
    FeedState.CURRENT: "● Up to date",
    FeedState.QUIET: "◌ Expected quiet",
    FeedState.LATE: "◐ Late",
}


class Upload(Protocol):
    """A file that a user uploaded, as Streamlit's file uploader returns it."""

    name: str

    def getbuffer(self) -> memoryview:
        """The content."""
        ...


def loaded(feeds: Sequence[Feed], as_of: date | None) -> None:
    """Say what is loaded, and list the stores, those with late feeds first."""
    if not feeds or as_of is None:
        st.info("No sales are loaded yet. Upload a sales file below.", icon=":material/upload_file:")
        return
    st.caption(summary(feeds))
    late_first = sorted(feeds, key=lambda feed: feed.state is not FeedState.LATE)
    st.dataframe(
        pd.DataFrame([_row(feed) for feed in late_first]),
        hide_index=True,
        height=TABLE_HEIGHT,
        column_config={
            "Products": st.column_config.NumberColumn(format="%,d", width=80),
            "First day": st.column_config.DateColumn(format="D MMM YYYY"),
            "Newest day": st.column_config.DateColumn(format="ddd D MMM YYYY"),
        },
        alt="Stores with their first and newest day and the state of their feed",
    )


def next_sample_day(services: Services, user: Principal) -> None:
    """Offer to load the sample's next day, if the sample is loaded."""
    day = services.imports.next_sample_day(user)
    if day is not None:
        st.button(
            f"Load the sample's next day, {formats.day(day)}",
            icon=":material/skip_next:",
            key="next_day",
            on_click=_load_next_day,
            args=(services, user),
        )


def last_result(services: Services, user: Principal) -> None:
    """Show the result of the last import once, with a button to refresh the stores it brought news for."""
    result = upload_session.take_result()
    if result is None:
        return
    if result.failed:
        st.error(result.message, icon=":material/error:")
        return
    st.success(result.message, icon=":material/check:")
    if result.stores:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(news(result.stores, result.kind), width="content")
            st.button(
                "Refresh them" if len(result.stores) > 1 else "Refresh it",
                icon=":material/refresh:",
                key="refresh_news",
                on_click=_refresh,
                args=(services, user, result.stores),
            )


def news(stores: Sequence[str], kind: str) -> str:
    """``35 stores have new sales.``, ``Store 7 has a new plan.``."""
    if len(stores) == 1:
        return f"Store {formats.plain(stores[0])} has {NEWS[kind]}."
    return f"{formats.counted(len(stores), 'store')} have {NEWS[kind]}."


def _refresh(services: Services, user: Principal, stores: Sequence[str]) -> None:
    """Ask for a refresh of a single store, or of every store that is out of date."""
    is_one = len(stores) == 1
    answers = (
        [services.refreshing.refresh(user, stores[0])] if is_one else services.refreshing.refresh_all(user)
    )
    upload_session.remember_result(f"{run_sentences.refresh_answer(answers)}.", failed=False)


def upload(services: Services, user: Principal) -> None:
    """Take a file, report what is in it, and import it only when the user presses the button."""
    st.markdown("#### Upload")
    kind = st.segmented_control(
        "Kind of file",
        list(KINDS),
        default="Sales",
        key="upload_kind",
        required=True,
        label_visibility="collapsed",
    )
    kind = kind or "Sales"
    st.caption(f"CSV or Parquet with {EXPECTED[kind]}")
    file = st.file_uploader(
        "File", type=["csv", "parquet"], key=upload_session.upload_key(), label_visibility="collapsed"
    )
    if file is None:
        return
    try:
        with _on_disk(file) as path, turns.PAGES.release_during():
            report = services.imports.import_file(user, path, KINDS[kind], dry_run=True)
    except InvalidFile as refused:
        _problems(refused)
        return
    _report(report)
    new = report.added + report.revised
    st.button(
        f"Import {formats.counted(new, 'row')}" if new else "Nothing new in this file",
        icon=":material/check:",
        type="primary",
        key="apply_upload",
        disabled=not new,
        on_click=_apply,
        args=(services, user, file, KINDS[kind]),
    )


def summary(feeds: Sequence[Feed]) -> str:
    """``2 stores · 3 products · Tue 1 Jan 2019 to Tue 2 Apr 2019 · 1 feed is late``."""
    stores = [feed.store for feed in feeds]
    items = {item for store in stores for item in store.items}
    first = min(store.first_ds for store in stores)
    last = max(store.last_ds for store in stores)
    late = sum(feed.state is FeedState.LATE for feed in feeds)
    is_late = formats.counted(late, "feed is late", "feeds are late") if late else "all feeds are up to date"
    products = formats.counted(len(items), "product") if items else "totals only"
    return (
        f"{formats.counted(len(stores), 'store')} · {products} · {formats.day(first)} {first.year} to "
        f"{formats.day(last)} {last.year} · {is_late}"
    )


def _row(feed: Feed) -> dict[str, object]:
    store = feed.store
    return {
        "Store": store.store,
        "Region": store.region,
        "Products": len(store.items),
        "First day": store.first_ds,
        "Newest day": store.last_ds,
        "Feed": FEED_LABELS[feed.state],
        "What is missing": feed.note,
    }


def _problems(refused: InvalidFile) -> None:
    problems = formats.counted(refused.total, "problem")
    st.error(
        f"Refused: {problems} in {formats.plain(refused.problems[0].file)}. Nothing was changed.",
        icon=":material/block:",
    )
    st.dataframe(
        pd.DataFrame(
            {
                "Row": ["" if each.row is None else formats.number(each.row) for each in refused.problems],
                "Column": [each.column or "" for each in refused.problems],
                "Expected": [each.expected for each in refused.problems],
                "Found": [each.found for each in refused.problems],
            }
        ),
        hide_index=True,
        column_config={"Row": st.column_config.TextColumn(alignment="right", width=80)},
        alt="Problems of the file by row and column",
    )
    if refused.total > len(refused.problems):
        st.caption(
            f"The first {formats.number(len(refused.problems))} of {formats.number(refused.total)} are shown."
        )


def _report(report: ImportReport) -> None:
    stores = formats.counted(len(report.stores), "store")
    span = f"{formats.day(report.first_ds)} to {formats.day(report.last_ds)} {report.last_ds.year}"
    st.success(
        f"{formats.plain(report.source)} is in order: {_rows(report)}, "
        f"{formats.number(report.unchanged)} unchanged; {stores}, {span}.",
        icon=":material/check_circle:",
    )
    for note in report.notes:
        st.caption(f":material/info: {formats.plain(note)}")


def _apply(services: Services, user: Principal, file: Upload, kind: str) -> None:
    with _on_disk(file) as path:
        _run(lambda: services.imports.import_file(user, path, kind))
    upload_session.next_upload()


def _load_next_day(services: Services, user: Principal) -> None:
    _run(lambda: services.imports.load_next_sample_day(user))


def _run(work: Callable[[], ImportReport]) -> None:
    """Import, and remember the result for `last_result`."""
    try:
        report = work()
    except StorecastError as error:
        upload_session.remember_result(formats.plain(str(error)), failed=True)
        return
    upload_session.remember_result(
        f"{formats.plain(report.source)} was imported: {_rows(report)}.",
        failed=False,
        stores=report.stores if report.import_id is not None else (),
        kind=report.kind,
    )


def _rows(report: ImportReport) -> str:
    return f"{formats.counted(report.added, 'new row')}, {formats.number(report.revised)} revised"


@contextmanager
def _on_disk(file: Upload) -> Iterator[Path]:
    """Write an upload to a temporary file, whose name is the user's without unsafe characters."""
    name = re.sub(r"[^\w.()-]+", "_", Path(file.name).name)[-120:] or "upload"
    with TemporaryDirectory(prefix="storecast-upload-") as folder:
        path = Path(folder) / name
        path.write_bytes(file.getbuffer())
        yield path
