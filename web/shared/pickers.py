"""The pickers of a store and a product."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from forecasting.core.domain import ALL_ITEMS, SeriesKey, Store
from web.shared import session

ALL_REGIONS = "All regions"

PICKER, ARROW = 264, 46
"""Widths of a picker and of an arrow button, in pixels."""


def pick_series(stores: Sequence[Store]) -> tuple[SeriesKey, DeltaGenerator]:
    """Draw the pickers of store and product, and the buttons to the previous and the next store.

    Call `session.chosen_series` first: the choice must be among `stores`.

    Returns
    -------
    tuple
        The choice, and a container beside the pickers for further buttons.
    """
    row = st.container(horizontal=True, vertical_alignment="bottom", key="pickers")
    names = [store.store for store in stores]
    store = row.selectbox(
        "Store", names, key=session.STORE, bind="query-params", on_change=session.forget_version, width=PICKER
    )
    items = next((each.items for each in stores if each.store == store), ())
    item = row.selectbox(
        "Product", [ALL_ITEMS, *items], key=session.ITEM, bind="query-params",
        format_func=session.item_label, width=PICKER,
    )  # fmt: skip
    for words, by, icon in (("Previous", -1, "left"), ("Next", 1, "right")):
        row.button(
            f"{words} store", icon=f":material/chevron_{icon}:", help=f"{words} store",
            key=f"{words.lower()}_store", on_click=session.step_store, args=(names, by), width=ARROW,
        )  # fmt: skip
    beside = row.container(horizontal=True, horizontal_alignment="right", vertical_alignment="bottom")
    return SeriesKey(store or names[0], item or ALL_ITEMS), beside
