"""The parts pages are made of: each draws one thing from what the service gave."""

from datetime import date, timedelta

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from forecasting.calendar import wording
from forecasting.domain import (
    ALL_ITEMS,
    Principal,
    RefreshRun,
    RunState,
    SeriesKey,
    SeriesSummary,
    Store,
    StoreState,
    Verdict,
    VersionHeader,
)
from forecasting.errors import StorecastError
from forecasting.service import ForecastService, Freshness
from web import charts, formats, session

RUNNING_POLL, IDLE_POLL = 1.0, 3.0
"""Seconds between looks at a store's state while it is refreshed, and else."""

ACTIVITY_HEIGHT = 620
"""Of the list of runs: what a small laptop shows below the title."""

STATES: dict[StoreState, tuple[str, str]] = {
    StoreState.RUNNING: ("blue", "progress_activity"),
    StoreState.FAILED: ("red", "error"),
    StoreState.BEHIND: ("orange", "update"),
    StoreState.STALE: ("orange", "schedule"),
    StoreState.AGEING: ("gray", "schedule"),
    StoreState.FRESH: ("green", "check_circle"),
    StoreState.NONE: ("gray", "hourglass_empty"),
}
"""Colour and icon of each state; the word always stands beside them."""


def pick_series(stores: list[Store]) -> tuple[SeriesKey, DeltaGenerator]:
    """Draw the pickers, bound to the address, and return the choice and the place for the Refresh button."""
    store_col, item_col, back_col, next_col, action = st.columns(
        [3.2, 3.2, 0.55, 0.55, 4.5], vertical_alignment="bottom", gap="small"
    )
    names = [store.store for store in stores]
    store = store_col.selectbox("Store", names, key=session.STORE, bind="query-params")
    items = next((each.items for each in stores if each.store == store), ())
    item = item_col.selectbox(
        "Product",
        [ALL_ITEMS, *items],
        key=session.ITEM,
        bind="query-params",
        format_func=session.item_label,
    )
    back_col.button(
        "", icon=":material/chevron_left:", help="Previous store", key="previous_store",
        on_click=session.step_store, args=(names, -1), width="stretch",
    )  # fmt: skip
    next_col.button(
        "", icon=":material/chevron_right:", help="Next store", key="next_store",
        on_click=session.step_store, args=(names, 1), width="stretch",
    )  # fmt: skip
    return SeriesKey(store or names[0], item or ALL_ITEMS), action


def live_freshness(
    service: ForecastService, user: Principal, key: SeriesKey, action: DeltaGenerator, strip: DeltaGenerator
) -> Freshness:
    """Draw the Refresh button and the freshness strip, and keep both alive.

    They look at the store's state every few seconds; the whole page is drawn again only when a version was
    published or the state changed, in this session or any other.
    """
    first = service.freshness(user, key.store)
    session.pulse_changed(key.store, first.pulse)

    @st.fragment(run_every=RUNNING_POLL if first.state is StoreState.RUNNING else IDLE_POLL)
    def watch() -> None:
        now = service.freshness(user, key.store)
        if session.pulse_changed(key.store, now.pulse):
            st.rerun()
        running = now.state is StoreState.RUNNING
        with st.container(horizontal=True, horizontal_alignment="right"):
            st.button(
                "Refreshing …" if running else "Refresh forecast",
                icon=":material/refresh:",
                type="primary",
                key="refresh",
                disabled=running,
                on_click=_press,
                args=(service, user, key),
            )
        with strip.container():
            freshness_strip(now, session.answer_for(key))

    with action:
        watch()
    return first


def _press(service: ForecastService, user: Principal, key: SeriesKey) -> None:
    try:
        answer = service.refresh(user, key.store)
    except StorecastError as error:
        session.remember_answer(key, str(error))
        return
    session.remember_answer(key, answer.message)


def freshness_strip(now: Freshness, answer: str | None) -> None:
    """Draw state, sales date, training, engine; a run's progress or failure; the answer to the last press."""
    colour, icon = STATES[now.state]
    facts = [f":{colour}-badge[:material/{icon}: {now.state}]"]
    if now.sales_through:
        facts.append(f"Sales through **{formats.day(now.sales_through)}**")
    if now.header and now.age is not None:
        where = formats.zone(st.context.timezone)
        trained = formats.instant(now.header.trained_at, now.header.trained_at + now.age, where)
        facts.append(f"trained **{trained}**, {wording.duration(now.age)} ago")
        facts.append(f"engine **{formats.engine(now.header.asked_engine)}**")
        facts.append(f"version {now.header.version}")
    st.markdown("&ensp;·&ensp;".join(facts[:1] + facts[1:]).replace("]&ensp;·&ensp;", "]&ensp;", 1))
    if now.run is not None and now.run.state.active:
        _progress(now.run, now.backlog)
    elif now.state is StoreState.FAILED and now.run is not None:
        kept = " The forecast below is the last good one." if now.header else ""
        st.error(f"The last refresh failed: {now.run.error}.{kept}", icon=":material/error:")
    elif answer:
        st.caption(f":material/info: {answer}.")


def _progress(run: RefreshRun, backlog: int) -> None:
    asked = f"asked for by {run.requested_by}"
    if run.state is RunState.QUEUED:
        others = f"; {backlog} stores are in line" if backlog > 1 else ""
        st.progress(0.0, f"Waiting for its turn, {asked}{others}")
    elif run.total:
        st.progress(run.done / run.total, f"{run.stage}: {run.done} of {run.total} series, {asked}")
    else:
        st.progress(0.0, f"{run.stage or 'Starting'}, {asked}")


def tiles(forecast: pd.DataFrame, summary: SeriesSummary | None, as_of: date) -> None:
    """Draw the four figures: tomorrow, seven days, the next closed day, the recent error."""
    for column, draw in zip(st.columns(4), (_tomorrow, _week, _next_closed, _error), strict=True):
        with column:
            draw(forecast, summary, as_of)


def _tile(label: str, value: str, note: str, *, tip: str | None = None) -> None:
    st.metric(
        label, value, note, delta_color="off", delta_arrow="off", border=True, help=tip, height="stretch"
    )


def _tomorrow(forecast: pd.DataFrame, _summary: SeriesSummary | None, as_of: date) -> None:
    day = as_of + timedelta(days=1)
    label = f"Tomorrow, {formats.day(day)}"
    rows = forecast[forecast["ds"] == pd.Timestamp(day)]
    if rows.empty:
        _tile(label, formats.NONE, "beyond this forecast")
    elif not rows["is_open"].iloc[0]:
        _tile(label, "Closed", rows["holiday"].iloc[0] or "usual closing day")
    else:
        row = rows.iloc[0]
        _tile(
            label,
            formats.units(row["mean"]),
            f"likely {formats.units(row['q10'])} – {formats.units(row['q90'])}",
        )


def _week(forecast: pd.DataFrame, summary: SeriesSummary | None, as_of: date) -> None:
    start = forecast["ds"].iloc[0].date()
    label = "Next 7 days" if start == as_of else f"7 days from {formats.day(start)}"
    if summary is None:
        _tile(label, formats.NONE, "")
        return
    against = formats.change(summary.next7, summary.last7)
    _tile(label, formats.units(summary.next7), f"{against} vs same weekdays last week")


def _next_closed(forecast: pd.DataFrame, _summary: SeriesSummary | None, as_of: date) -> None:
    closed = forecast[~forecast["is_open"] & (forecast["ds"] >= pd.Timestamp(as_of))]
    if closed.empty:
        _tile("Next closed day", "None", f"through {formats.day(forecast['ds'].iloc[-1])}")
        return
    day = closed["ds"].iloc[0].date()
    reason = closed["holiday"].iloc[0] or "usual closing day"
    _tile("Next closed day", formats.day(day), f"{reason}, {formats.in_days((day - as_of).days)}")


def _error(forecast: pd.DataFrame, summary: SeriesSummary | None, _as_of: date) -> None:
    label = f"Error, last {len(forecast)} days"
    tip = (
        f"Backtest: forecast without the last {len(forecast)} days of sales, then compared with them. "
        "Sum of the daily misses as a share of all sales."
    )
    if summary is None or summary.wape is None:
        _tile(label, formats.NONE, "too little history", tip=tip)
        return
    naive = formats.percent(summary.naive_wape)
    _tile(label, formats.percent(summary.wape), f"{naive} by the 4-week average", tip=tip)


def forecast_chart(key: SeriesKey, sold: pd.DataFrame, forecast: pd.DataFrame | None, as_of: date) -> None:
    """Draw the chart in the reader's theme."""
    figure = charts.forecast_figure(sold, forecast, as_of, charts.palette(st.context.theme.type))
    name = f"store {key.store}, {formats.item(key.item).lower()}"
    st.plotly_chart(
        figure, theme=None, config={"displayModeBar": False}, key="forecast_chart",
        alt=charts.alt_text(name, sold, forecast),
    )  # fmt: skip


def series_notes(service: ForecastService, user: Principal, key: SeriesKey, header: VersionHeader) -> None:
    """Say what the forecast took for granted, and why another engine than the configured one serves."""
    predictor = service.predictor(user, key.store)
    choice = predictor.choice_of(key.item) if predictor else None
    if choice is not None and choice.engine != header.asked_engine:
        serving, asked = formats.engine(choice.engine), formats.engine(header.asked_engine)
        st.caption(f":material/swap_horiz: {serving} serves here instead of {asked}: {choice.reason}.")
    for sentence in header.assumptions:
        st.caption(f":material/event_busy: {sentence}")


def day_table(forecast: pd.DataFrame, sold: pd.DataFrame) -> None:
    """Draw one row a day: low, expected, high, the same day last week, the event; closed days as a word."""
    last_week = sold.set_index("ds").reindex(forecast["ds"] - pd.Timedelta(days=7))
    opened = forecast["is_open"]

    table = pd.DataFrame(
        {
            "Day": [formats.day(ds) for ds in forecast["ds"]],
            "Low": _shown(forecast["q10"], opened),
            "Expected": _shown(forecast["mean"], opened),
            "High": _shown(forecast["q90"], opened),
            "Last week": _shown(last_week["y"], last_week["is_open"]),
            "Event": [_event(*day) for day in zip(*(forecast[name] for name in EVENTS), strict=True)],
        }
    )
    right = {name: st.column_config.TextColumn(alignment="right") for name in table.columns[1:5]}
    st.dataframe(table, hide_index=True, column_config=right, height="content", alt="Forecast by day")


def _shown(values: pd.Series, opened: pd.Series) -> list[str]:
    """Whole units; a closed day as a word, a day not known yet as a dash."""
    return [
        "–" if pd.isna(value) else formats.units(value) if is_open else "closed"
        for value, is_open in zip(values, opened, strict=True)
    ]


EVENTS = ("holiday", "promo", "school_holiday", "assumed")


def _event(holiday: str, promo: bool, school_holiday: bool, assumed: bool) -> str:  # noqa: FBT001 # a row
    flags = {"Promotion": promo, "School holiday": school_holiday, "assumed": assumed}
    return ", ".join(filter(None, [holiday, *(word for word, holds in flags.items() if holds)]))


def _took(run: RefreshRun) -> str:
    if run.started_at is None or run.finished_at is None:
        return ""
    return f"{(run.finished_at - run.started_at).total_seconds():,.1f} s"


VERDICTS = {Verdict.RETRAIN: "Trained", Verdict.REFORECAST: "Rolled forward"}


def runs_table(runs: list[RefreshRun]) -> None:
    """Draw refresh runs, newest first."""
    where = formats.zone(st.context.timezone)
    rows = [
        {
            "Asked": run.requested_at.astimezone(where),
            "By": run.requested_by,
            "Store": run.store,
            "What": VERDICTS.get(run.verdict, str(run.verdict)),
            "State": run.state.capitalize(),
            "Took": _took(run),
            "Engine": formats.engine(run.engine),
            "Version": str(run.version or ""),
            "Why": f"Failed: {run.error}" if run.error else run.message,
        }
        for run in runs
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={
            "Asked": st.column_config.DatetimeColumn(format="D MMM, HH:mm:ss"),
            "Version": st.column_config.TextColumn(alignment="right"),
            "Why": st.column_config.TextColumn(width="large"),
        },
        height=ACTIVITY_HEIGHT,
        alt="Refresh runs, newest first",
    )
