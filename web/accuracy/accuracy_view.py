"""The parts of Accuracy: pickers, tiles, the backtest, and the track record of published forecasts.

Everything below the pickers stays the same until the report is computed again. It is drawn once and then
replayed from a cache, as on a store's page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import quote

import pandas as pd
import streamlit as st

from forecasting.core.domain import ALL_ITEMS, Principal, SeriesKey, Store
from forecasting.core.error_sums import ErrorSums
from forecasting.evaluation.accuracy_report import AccuracyReport, BacktestSummary
from forecasting.services.composition import Services
from web.accuracy import accuracy_charts, accuracy_words
from web.shared import caches, formats, session, tiles
from web.shared.colours import palette
from web.shared.grids import HEADER_HEIGHT
from web.shared.pickers import ALL_REGIONS
from web.shared.tiles import Tile

ROW_HEIGHT, MOST_DAYS = 35, 7
RECORD = timedelta(days=28)
"""How far back the track record of one series is shown day by day."""

DAY_BEFORE = 1
"""Lead time in days of a forecast published the day before."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which series the page is about. A region or store of None stands for all of them."""

    region: str | None
    store: str | None
    item: str = ALL_ITEMS

    def __str__(self) -> str:
        """``all stores``, ``region North``, ``store 17, all products``."""
        if self.store is None:
            return f"region {self.region}" if self.region else "all stores"
        return f"store {self.store}, {formats.item(self.item).lower()}"


def pick(stores: Sequence[Store]) -> Scope:
    """Draw the pickers, bound to the address: region where there are any, store, product of one store."""
    columns = iter(st.columns([3, 3, 3, 3.4], vertical_alignment="bottom"))
    regions = sorted({store.region for store in stores if store.region})
    region = None
    if regions:
        chosen = next(columns).selectbox(
            "Region", [ALL_REGIONS, *regions], key=session.REGION, bind="query-params"
        )
        region = None if chosen in (None, ALL_REGIONS) else chosen
    names = [store.store for store in stores if region in (None, store.region)]
    session.keep_store(names, session.ALL_STORES)
    store = next(columns).selectbox(
        "Store", [session.ALL_STORES, *names], key=session.STORE, bind="query-params"
    )
    items = next((each.items for each in stores if each.store == store), ())
    session.keep_item(items)
    item = next(columns).selectbox(
        "Product",
        [ALL_ITEMS, *items],
        key=session.ITEM,
        bind="query-params",
        format_func=session.item_label,
        disabled=not items,
    )
    return Scope(region, None if store == session.ALL_STORES else store, item or ALL_ITEMS)


def no_forecast(scope: Scope) -> None:
    """Say that there is no forecast whose accuracy could be shown."""
    whose = f" of {formats.plain(str(scope))}" if scope.store else ""
    st.info(
        f"There is no forecast{whose} yet, so there is no accuracy to show. Press **Refresh forecast** on a "
        "store's page, or **Refresh all** on My stores.",
        icon=":material/hourglass_empty:",
    )


def sections(
    services: Services, user: Principal, report: AccuracyReport, stamp: str, scope: Scope, as_of: date
) -> None:
    """Draw tiles, backtest and track record of a report, in the reader's theme.

    Parameters
    ----------
    stamp
        Identifies the report in caches (`caches.accuracy`).
    """
    _sections(services, user, report, stamp, scope, as_of, st.context.theme.type)


@st.cache_data(max_entries=200, ttl=caches.RECORD_SECONDS, show_spinner=False)
def _sections(
    _services: Services,
    _user: Principal,
    _report: AccuracyReport,
    stamp: str,
    scope: Scope,
    as_of: date,
    theme: str | None,
) -> None:
    del stamp  # part of the cache's key only
    days = None
    if scope.store is not None:
        days = _services.accuracy.track(_user, SeriesKey(scope.store, scope.item), since=as_of - RECORD)
    _tiles(_report)
    _backtest_section(_report, theme)
    _published_section(_report.track, days, scope.store)


def _tiles(report: AccuracyReport) -> None:
    """Draw four tiles: error, comparison with the average, days inside the range, published error."""
    backtest = report.backtest
    coverage = backtest.total.served.coverage if backtest else None
    tip = "Share of the backtest's days on which low ≤ sold ≤ high. 8 days in 10 are intended."
    intended = f"{formats.percent(accuracy_words.INTENDED, 0)} intended"
    inside = Tile("Inside the range, backtest", formats.percent(coverage, 0), intended, tip)
    tiles.draw([_error_tile(backtest), _against_tile(backtest), inside, _published_tile(report.track)])


def _error_tile(backtest: BacktestSummary | None) -> Tile:
    label = "Error in backtest"
    if backtest is None:
        return Tile(label, formats.NONE, "no backtest yet")
    tip = f"{accuracy_words.method(backtest)} The sum of the daily misses as a share of all sales: WAPE."
    naive = formats.percent(backtest.total.naive.wape)
    return Tile(label, formats.percent(backtest.total.served.wape), f"4-week average: {naive}", tip)


def _against_tile(backtest: BacktestSummary | None) -> Tile:
    tip = (
        "The 4-week average forecasts each weekday as the mean of its last four. It is used for every store "
        "where it is more accurate."
    )
    if backtest is None or backtest.series == 1:
        words = accuracy_words.against_average(backtest.total) if backtest else formats.NONE
        same = backtest is not None and backtest.same
        note = "4-week average is in use" if same else "by their errors in the backtest"
        return Tile("Compared with the 4-week average", words, note, tip)
    stores = formats.counted(backtest.same, "store")
    used = f"; 4-week average used for {stores}" if backtest.same else ""
    note = f"{formats.number(backtest.better)} of {formats.number(backtest.series)}{used}"
    share = formats.percent(backtest.better / backtest.series, 0)
    return Tile("Better than the 4-week average", f"{share} of stores", note, tip)


def _published_tile(track: Mapping[int, ErrorSums]) -> Tile:
    sums = track.get(DAY_BEFORE, ErrorSums())
    note = (
        f"the day before, over {formats.days(sums.days)}" if sums.days else "no sales since it was published"
    )
    tip = "The forecast published the day before, compared with what was sold. Not a backtest."
    return Tile("Error as published", formats.percent(sums.wape), note, tip)


def _backtest_section(report: AccuracyReport, theme: str | None) -> None:
    """Draw the backtest by days ahead: errors beside the average's, and the share of days in range."""
    backtest, left_out = report.backtest, accuracy_words.untested(report)
    if backtest is None:
        _heading("Backtest")
        st.info(left_out or f"{accuracy_words.NO_BACKTEST}.", icon=":material/hourglass_empty:")
        return
    _heading("Backtest", " ".join(filter(None, [accuracy_words.method(backtest), left_out])))
    weeks, colours = backtest.weeks, palette(theme)
    left, right = st.columns(2)
    with left:
        st.markdown(f"**Error by days ahead.** {accuracy_words.trend(weeks)}")
        st.plotly_chart(
            accuracy_charts.error_figure(weeks, colours), theme=None, config={"displayModeBar": False},
            key="error_chart", alt=accuracy_charts.error_alt(weeks),
        )  # fmt: skip
    with right:
        st.markdown(f"**Inside the range.** {accuracy_words.coverage(backtest.total.served.coverage)}")
        st.plotly_chart(
            accuracy_charts.coverage_figure(weeks, colours), theme=None, config={"displayModeBar": False},
            key="coverage_chart", alt=accuracy_charts.coverage_alt(weeks),
        )  # fmt: skip


def _published_section(track: Mapping[int, ErrorSums], days: pd.DataFrame | None, store: str | None) -> None:
    """Draw how accurate published forecasts were by lead time, and for one series also day by day.

    Parameters
    ----------
    days
        Track record of the selected series by day and lead, or None where several are selected.
    """
    if not any(sums.days for sums in track.values()):
        _heading("Published")
        st.info(accuracy_words.NOTHING_CHECKED, icon=":material/hourglass_empty:")
        return
    more = "; on the right day by day, as published the day before" if store else ", all stores together"
    _heading("Published", f"Published forecasts compared with what was sold, on open days{more}.")
    table = pd.DataFrame([_lead_row(lead, sums) for lead, sums in track.items()])
    right = {name: st.column_config.TextColumn(alignment="right") for name in table.columns[1:]}
    left, beside = st.columns([5, 6]) if days is not None else (st.container(), st.container())
    left.dataframe(table, hide_index=True, column_config=right, alt="Published forecasts by how long before")
    if days is not None and store is not None:
        with beside:
            _day_table(days, store)


def _heading(title: str, words: str = "") -> None:
    """Draw a section's name, and beside it how its figures were made."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.markdown(f"#### {title}", width="content")
        if words:
            st.caption(words)


def _lead_row(lead: int, sums: ErrorSums) -> dict[str, str]:
    return {
        "As published": formats.days_before(lead).capitalize(),
        "Days": formats.number(sums.days),
        "Error": formats.percent(sums.wape),
        "Bias": formats.bias(sums.bias),
        "Inside the range": formats.percent(sums.coverage, 0),
    }


def _day_table(days: pd.DataFrame, store: str) -> None:
    """Draw the forecasts of the last weeks as published the day before, the newest day first."""
    rows = days[days["lead"] == DAY_BEFORE].iloc[::-1]
    if rows.empty:
        return
    link = f"/store_forecast?{session.STORE}={quote(store)}&{session.VERSION}="
    table = pd.DataFrame(
        {
            "Day": [formats.day(ds) for ds in rows["ds"]],
            **{
                name: [_shown(*value) for value in zip(rows[column], rows["is_open"], strict=True)]
                for name, column in (("Low", "q10"), ("Expected", "mean"), ("High", "q90"), ("Sold", "y"))
            },
            "Inside?": [_side(*day) for day in zip(*(rows[name] for name in _SIDE), strict=True)],
            "Version": [f"{link}{version}" for version in rows["version"]],
        }
    )
    right = {name: st.column_config.TextColumn(alignment="right") for name in table.columns[1:5]}
    version = st.column_config.LinkColumn(display_text=r"version=(\d+)", width=70)
    st.dataframe(
        table,
        hide_index=True,
        column_config={**right, "Version": version},
        height=HEADER_HEIGHT + ROW_HEIGHT * min(len(table), MOST_DAYS),
        alt="Forecast published the day before and units sold, by day",
    )


def _shown(value: float, is_open: bool) -> str:  # noqa: FBT001 - the values of one row
    """Whole units; a dash on a closed day without demand."""
    return formats.units(value) if is_open or value else "–"


_SIDE = ("y", "q10", "q90", "is_open")


def _side(y: float, low: float, high: float, is_open: bool) -> str:  # noqa: FBT001 - the values of one row
    """Whether a day's sales fell inside the range, above or below it."""
    if not is_open:
        return "closed"
    if low <= y <= high:
        return "inside"
    return "above the range" if y > high else "below the range"
