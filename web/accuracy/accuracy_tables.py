"""The tables of Accuracy: the model in use and why, every store or product, every figure."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from forecasting.core.domain import ALL_ITEMS, SeriesKey
from forecasting.core.error_sums import ErrorSums
from forecasting.evaluation.accuracy_report import AccuracyReport, EngineShare, SeriesAccuracy
from web.accuracy import accuracy_words
from web.accuracy.accuracy_view import ROW_HEIGHT
from web.shared import caches, formats, grids, session
from web.shared.grids import HEADER_HEIGHT, Figures

STORE_PAGE = Path(__file__).resolve().parents[2] / "pages" / "store_forecast.py"
TABLE = "accuracy_table"
MOST_ROWS, MOST_REASONS = 14, 3

BIAS = "Bias: too high (+), low (−)"
SERIES_FIGURES = {
    "Error": Figures(1, percent=True),
    "4-week average": Figures(1, percent=True),
    BIAS: Figures(1, percent=True, signed=True),
    "Inside the range": Figures(0, percent=True),
}
EXPERT_FIGURES = {"MASE": Figures(3), "RMSPE": Figures(1, percent=True), "wQL": Figures(3)}


def engines_section(report: AccuracyReport, *, of_store: bool) -> None:
    """Draw which model is used for which series and why, and the figures of every store or product."""
    st.markdown("#### Model in use, and why")
    if len(report.rows) == 1 and len(report.engines) == 1 and report.engines[0].series == 1:
        (row,) = report.rows
        st.markdown(f"**{engine_name(row.engine)}**: {formats.plain(row.reason)}.")
        return
    table = pd.DataFrame([_engine_row(share) for share in report.engines])
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "Model": st.column_config.TextColumn(width=210),
            "Series": st.column_config.NumberColumn(format="%,d", width=70),
            "Why": st.column_config.TextColumn(width="large"),
        },
        alt="Models, how many series each is used for, and why",
    )
    order = (
        "The store's total first, then its products, the largest error first."
        if of_store
        else "A series is a store's total or one of its products. Stores with the largest error first."
    )
    st.caption(f"{order} Choose a row to open its forecast.")
    _series_table(report.rows, of_store=of_store)


def engine_name(engine: str) -> str:
    """An engine's display name; the one that others are compared with is marked as the 4-week average."""
    name = formats.engine(engine)
    return f"{name} (the 4-week average)" if engine == "seasonal_naive" else name


def _engine_row(share: EngineShare) -> dict[str, object]:
    shown = [
        f"{reason.text} ({formats.number(reason.series)})" if len(share.reasons) > 1 else reason.text
        for reason in share.reasons[:MOST_REASONS]
    ]
    more = len(share.reasons) - MOST_REASONS
    return {
        "Model": engine_name(share.engine),
        "Series": share.series,
        "Why": " · ".join([*shown, *([formats.counted(more, "more reason")] if more > 0 else [])]),
    }


def _series_table(rows: Sequence[SeriesAccuracy], *, of_store: bool) -> None:
    """Draw one row for each store or product; choosing a row opens its page."""
    ordered = sorted(rows, key=_place)
    table = pd.DataFrame([_series_row(row, of_store=of_store) for row in ordered])
    st.dataframe(
        grids.localized(table, SERIES_FIGURES),
        hide_index=True,
        placeholder=formats.NONE,
        height=HEADER_HEIGHT + ROW_HEIGHT * min(len(ordered), MOST_ROWS),
        column_config={
            **{
                name: st.column_config.NumberColumn(format=figures.format, width=110)
                for name, figures in SERIES_FIGURES.items()
            },
            BIAS: st.column_config.NumberColumn(format=SERIES_FIGURES[BIAS].format, width=160),
            "Days": st.column_config.NumberColumn(format="%,d", width=70),
            "Model": st.column_config.TextColumn(width=130),
            "Why": st.column_config.TextColumn(width="large"),
        },
        on_select=partial(_choose, [row.key for row in ordered]),
        selection_mode="single-row",
        key=TABLE,
        alt=f"{'Products' if of_store else 'Stores'} with errors, model and why; choose a row to open it",
    )


def _choose(drawn: Sequence[SeriesKey]) -> None:
    """Remember the series of the chosen row, in the order in which the table was drawn."""
    for row in st.session_state[TABLE].selection.rows:
        session.open_series(drawn[row])


def open_chosen() -> None:
    """Go to the forecast of the series whose row was chosen, if any."""
    if session.take_opening():
        st.switch_page(STORE_PAGE, query_params={})  # else it fails on parameters the pickers are bound to


def _place(row: SeriesAccuracy) -> tuple[bool, float]:
    """Sort key: a store's total before its products, the largest error first, unknown errors last."""
    error = row.sums.served.wape if row.sums else None
    return row.key.item != ALL_ITEMS, 1.0 if error is None else -error


def _series_row(row: SeriesAccuracy, *, of_store: bool) -> dict[str, object]:
    served, naive = row.sums or (ErrorSums(), ErrorSums())
    return {
        "Product" if of_store else "Store": formats.item(row.key.item) if of_store else row.key.store,
        "Error": _hundredths(served.wape),
        "4-week average": _hundredths(naive.wape),
        BIAS: _hundredths(served.bias),
        "Inside the range": _hundredths(served.coverage),
        "Days": served.days or None,
        "Model": formats.engine(row.engine),
        "Why": row.reason,
    }


def _hundredths(share: float | None) -> float | None:
    return None if share is None else 100 * share


def all_figures(report: AccuracyReport, stamp: str, *, of_store: bool) -> None:
    """Draw every figure in a closed expander, for experts.

    Parameters
    ----------
    stamp
        Identifies the report in caches (`caches.accuracy`).
    """
    _all_figures(report, stamp, of_store=of_store)


@st.cache_data(max_entries=200, ttl=caches.RECORD_SECONDS, show_spinner=False)
def _all_figures(_report: AccuracyReport, stamp: str, *, of_store: bool) -> None:
    del stamp  # part of the cache's key only
    report = _report
    columns = {lead: sums for lead, sums in report.track.items() if sums.days}
    if report.backtest is None and not columns:
        return
    with st.expander("All figures", icon=":material/table:"):
        table = pd.DataFrame({"Figure": accuracy_words.FIGURES})
        if report.backtest is not None:
            table["Backtest"] = accuracy_words.figures(report.backtest.total.served)
            table["Backtest, 4-week average"] = accuracy_words.figures(report.backtest.total.naive)
        for lead, sums in columns.items():
            table[f"Published {formats.days_before(lead)}"] = accuracy_words.figures(sums)
        right = {name: st.column_config.TextColumn(alignment="right") for name in table.columns[1:]}
        st.dataframe(table, hide_index=True, column_config=right, alt="Every figure")
        st.caption(
            "Each model was chosen on the days of the backtest, so its backtest figures are slightly too "
            "good. Published figures are not affected."
        )
        if len(report.rows) > 1:
            _expert_table(report.rows, of_store=of_store)


def _expert_table(rows: Sequence[SeriesAccuracy], *, of_store: bool) -> None:
    """Draw the figures of each store or product for which the table above has no room."""
    sums = [row.sums.served if row.sums else ErrorSums() for row in rows]
    table = pd.DataFrame(
        {
            "Product" if of_store else "Store": [
                formats.item(row.key.item) if of_store else row.key.store for row in rows
            ],
            "MASE": [each.mase for each in sums],
            "RMSPE": [_hundredths(each.rmspe) for each in sums],
            "wQL": [each.wql for each in sums],
        }
    )
    st.dataframe(
        grids.localized(table, EXPERT_FIGURES),
        hide_index=True,
        placeholder=formats.NONE,
        height=HEADER_HEIGHT + ROW_HEIGHT * min(len(table), MOST_ROWS),
        column_config={
            name: st.column_config.NumberColumn(format=figures.format)
            for name, figures in EXPERT_FIGURES.items()
        },
        alt="MASE, RMSPE and wQL of each store or product",
    )
