"""The choices of a session: keys of the pickers, the address they are bound to, and the answer to a press."""

from collections.abc import Sequence

import streamlit as st

from forecasting.core.domain import ALL_ITEMS, SeriesKey, Store
from web.shared.formats import counted, plain

STORE, ITEM = "store", "item"
"""Keys of the pickers, and names of the query parameters they are bound to."""

REGION = "region"
"""Key of the region picker."""

PREVIOUS = "previous_forecast"
"""Key of the toggle that shows the previous forecast."""

LONGEST_VERSION = 15
VERSION = "version"
"""Query parameter of a link to one version."""

ALL_LABEL = "All products"
"""A store's total, in the product picker and in the address."""

ALL_STORES = "All stores"
"""All stores, in a store picker that offers them and in the address."""

_ANSWER = "last_answer"
_OPENING = "opening_series"
_STEPPED_TO, _STEPPED = "stepped_to", "just_stepped"


def unknown_in_address(
    stores: Sequence[Store], *, offers_all: bool = False, store_key: str = STORE, item_key: str = ITEM
) -> str | None:
    """A sentence that names the store or product of the address that does not exist; None if both do.

    Call this before the pickers are drawn: they drop values they do not know.

    Parameters
    ----------
    offers_all
        Whether an address without a store means all stores, which have no products to choose from. Otherwise
        it means the first store.
    store_key, item_key
        The names of the query parameters.
    """
    by_id = {store.store: store for store in stores}
    wanted = st.query_params.get(store_key, ALL_STORES)
    if wanted != ALL_STORES and wanted not in by_id:
        return f"There is no store “{plain(wanted)}” among your {counted(len(stores), 'store')}."
    item = st.query_params.get(item_key)
    store = by_id.get(wanted) or (stores[0] if stores and not offers_all else None)
    if item is not None and store is not None and item not in (ALL_ITEMS, ALL_LABEL, *store.items):
        return f"Store {plain(store.store)} has no product “{plain(item)}”."
    return None


def wanted_version() -> int | None:
    """The version in the address, or None for the newest."""
    wanted = st.query_params.get(VERSION, "")
    return int(wanted) if wanted.isdecimal() and len(wanted) <= LONGEST_VERSION else None


def forget_version() -> None:
    """Go back to the newest version."""
    st.query_params.pop(VERSION, None)


def previous_is_wanted() -> bool:
    """Whether the previous forecast is to be drawn too; known before its toggle is drawn."""
    return bool(st.session_state.get(PREVIOUS, False))


def item_label(item: str) -> str:
    """An item's label in the product picker. The address shows the same text."""
    return ALL_LABEL if item == ALL_ITEMS else item


def keep_item(items: Sequence[str], key: str = ITEM) -> None:
    """Choose all products, in the address too, if the store does not sell the chosen one."""
    if st.session_state.get(key, ALL_ITEMS) not in (ALL_ITEMS, *items):
        st.session_state[key] = ALL_ITEMS


def keep_store(stores: Sequence[str], otherwise: str) -> None:
    """Choose `otherwise`, in the address too, if the chosen store is not among `stores`."""
    if st.session_state.get(STORE, otherwise) not in (otherwise, *stores):
        st.session_state[STORE] = otherwise


def chosen_series(stores: Sequence[Store]) -> SeriesKey:
    """The series that the pickers of a store's page will show, known before they are drawn.

    A choice that does not exist is replaced by the first store, or by all products.
    """
    if not st.session_state.pop(_STEPPED, False):
        st.session_state.pop(_STEPPED_TO, None)  # another store was chosen since the last step
    by_id = {store.store: store for store in stores}
    first = stores[0].store
    keep_store([*by_id], first)
    store = st.session_state.get(STORE) or st.query_params.get(STORE, first)
    shown = by_id.get(store, stores[0])
    keep_item(shown.items)
    item = st.session_state.get(ITEM) or st.query_params.get(ITEM, ALL_ITEMS)
    return SeriesKey(shown.store, item if item in shown.items else ALL_ITEMS)


def step_store(stores: list[str], by: int) -> None:
    """Move the store picker by so many places, from the last store on to the first and back.

    A user who presses fast is ahead of the browser's picker, which then still reports an earlier store. So
    steps count from where the last one led.
    """
    present = st.session_state.get(_STEPPED_TO, st.session_state.get(STORE))
    position = stores.index(present) if present in stores else 0
    st.session_state[STORE] = st.session_state[_STEPPED_TO] = stores[(position + by) % len(stores)]
    st.session_state[_STEPPED] = True
    forget_version()


def open_series(key: SeriesKey) -> None:
    """Choose a series to be opened on another page.

    For callbacks only: once the pickers are drawn, neither they nor the address can be set.
    """
    st.session_state[STORE], st.session_state[ITEM] = key.store, key.item
    st.session_state[_OPENING] = True


def take_opening() -> bool:
    """Whether a series was chosen to be opened on another page; True only once for each choice."""
    return bool(st.session_state.pop(_OPENING, False))


def remember_answer(key: SeriesKey, message: str | None) -> None:
    """Keep the answer to a press on Refresh until the next press; None forgets the last one."""
    st.session_state[_ANSWER] = (key.store, message)


def answer_for(key: SeriesKey) -> str | None:
    """The answer to the last press in this session, if it was for this store."""
    store, message = st.session_state.get(_ANSWER, (None, None))
    return message if store == key.store else None
