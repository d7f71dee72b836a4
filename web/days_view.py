"""The day table: what is expected of each day, beside what was sold."""

import pandas as pd
import streamlit as st

from web import formats

WEEK, YEAR = 7, 7 * 52
"""In days; a year of whole weeks, so that weekdays are compared with their own."""


def day_table(forecast: pd.DataFrame, sold: pd.DataFrame) -> None:
    """Draw one row a day: low, expected, high, last week, last year, the event; closed days as a word."""
    by_day = sold.set_index("ds")
    last_week, last_year = (by_day.reindex(forecast["ds"] - pd.Timedelta(days=back)) for back in (WEEK, YEAR))
    opened = forecast["is_open"]

    table = pd.DataFrame(
        {
            "Day": [formats.day(ds) for ds in forecast["ds"]],
            "Low": _shown(forecast["q10"], opened),
            "Expected": _shown(forecast["mean"], opened),
            "High": _shown(forecast["q90"], opened),
            "Last week": _shown(last_week["y"], last_week["is_open"]),
            "Last year": _shown(last_year["y"], last_year["is_open"]),
            "Event": [_event(*day) for day in zip(*(forecast[name] for name in EVENTS), strict=True)],
        }
    )
    columns = {name: st.column_config.TextColumn(alignment="right", width=76) for name in table.columns[1:6]}
    columns["Day"] = st.column_config.TextColumn(width=88)
    columns["Event"] = st.column_config.TextColumn(width=280)
    st.dataframe(table, hide_index=True, column_config=columns, height="content", alt="Forecast by day")


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
