"""The parts of Sales data: what is loaded, the sample's next day, uploads with their report."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from forecasting.core.domain import ImportReport, Principal
from forecasting.core.errors import InvalidFile, StorecastError
from forecasting.planning.feeds import Feed, FeedState
from forecasting.services.composition import Services
from web.runtime import turns
from web.shared import formats, session

KINDS = {"Sales": "sales", "Plan": "plan"}
EXPECTED = {
    "Sales": "`store, item, date, demand`; optional `region, is_open, promo, holiday, school_holiday`",
    "Plan": "`store, date`; optional `item, is_open, promo, holiday, school_holiday`",
}
TABLE_HEIGHT = 330

FEED_LABELS = {
    FeedState.CURRENT: "● Up to date",
    FeedState.QUIET: "◌ Expected quiet",
    FeedState.LATE: "◐ Late",
}


def loaded(feeds: Sequence[Feed], as_of: date | None) -> None:
    """Say what is loaded, and list the stores, late ones first."""
    if not feeds or as_of is None:
        st.info("Nothing is loaded yet. Upload a sales file below.", icon=":material/upload_file:")
        return
    st.caption(_summary(feeds))
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
        alt="Stores with what is loaded of each",
    )


def next_sample_day(services: Services, user: Principal) -> None:
    """Offer the sample's next day, where the sample is what is loaded."""
    day = services.imports.next_sample_day(user)
    if day is not None:
        st.button(
            f"Load the sample's next day, {formats.day(day)}",
            icon=":material/skip_next:",
            key="next_day",
            on_click=_load_next_day,
            args=(services, user),
        )
    _told()


def upload(services: Services, user: Principal) -> None:
    """Take a file, report on it, and import it only when the user says so."""
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
        "File", type=["csv", "parquet"], key=session.upload_key(), label_visibility="collapsed"
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
        f"Import {formats.number(new)} rows" if new else "Nothing new in this file",
        icon=":material/check:",
        type="primary",
        key="apply_upload",
        disabled=not new,
        on_click=_apply,
        args=(services, user, file, KINDS[kind]),
    )


def _summary(feeds: Sequence[Feed]) -> str:
    stores = [feed.store for feed in feeds]
    items = {item for store in stores for item in store.items}
    first = min(store.first_ds for store in stores)
    last = max(store.last_ds for store in stores)
    late = sum(feed.state is FeedState.LATE for feed in feeds)
    feeds_words = f"{late} feeds are late" if late else "all feeds are up to date"
    products = f"{formats.number(len(items))} products" if items else "totals only"
    return (
        f"{formats.number(len(stores))} stores · {products} · {formats.day(first)} {first.year} to "
        f"{formats.day(last)} {last.year} · {feeds_words}"
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
    problems = "problem" if refused.total == 1 else "problems"
    st.error(
        f"Refused: {formats.number(refused.total)} {problems} in {formats.plain(refused.problems[0].file)}. "
        "Nothing was changed.",
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
        st.caption(f"The first {len(refused.problems)} of {formats.number(refused.total)} are shown.")


def _report(report: ImportReport) -> None:
    span = f"{formats.day(report.first_ds)} to {formats.day(report.last_ds)} {report.last_ds.year}"
    st.success(
        f"{formats.plain(report.source)} is in order: {formats.number(report.added)} new rows, "
        f"{formats.number(report.revised)} revised, "
        f"{formats.number(report.unchanged)} unchanged; {formats.number(len(report.stores))} stores, {span}.",
        icon=":material/check_circle:",
    )
    for note in report.notes:
        st.caption(f":material/info: {formats.plain(note)}")


def _apply(services: Services, user: Principal, file: UploadedFile, kind: str) -> None:
    with _on_disk(file) as path:
        _run(lambda: services.imports.import_file(user, path, kind))
    session.next_upload()


def _load_next_day(services: Services, user: Principal) -> None:
    _run(lambda: services.imports.load_next_sample_day(user))


def _run(work: Callable[[], ImportReport]) -> None:
    """Import and remember what to tell: what came in, or why it did not."""
    try:
        report = work()
    except StorecastError as error:
        session.remember_import(formats.plain(str(error)), failed=True)
        return
    session.remember_import(
        f"{formats.plain(report.source)} was imported: {formats.number(report.added)} new rows, "
        f"{formats.number(report.revised)} revised. "
        "Refresh the stores it is about to bring their forecasts up to date.",
        failed=False,
    )


def _told() -> None:
    told = session.import_told()
    if told is not None:
        message, failed = told
        (st.error if failed else st.success)(
            message, icon=":material/error:" if failed else ":material/check:"
        )


@contextmanager
def _on_disk(file: UploadedFile) -> Iterator[Path]:
    """Put an upload where importers read, under a name that is safe and still the user's."""
    name = re.sub(r"[^\w.()-]+", "_", Path(file.name).name)[-120:] or "upload"
    with TemporaryDirectory(prefix="storecast-upload-") as folder:
        path = Path(folder) / name
        path.write_bytes(file.getbuffer())
        yield path
