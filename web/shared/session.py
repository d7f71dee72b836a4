"""Session keys and query parameters: what a page remembers and what its address says."""

from collections.abc import Sequence

import streamlit as st

from forecasting.core.domain import ALL_ITEMS, SeriesKey, Store
from web.shared.formats import plain

STORE, ITEM = "store", "item"
"""Keys of the pickers, and so names of the query parameters they are bound to."""

PREVIOUS = "previous_forecast"
"""Key of the toggle for the forecast before."""

LONGEST_VERSION = 15
VERSION = "version"
"""Query parameter of a link to one version, as Activity gives it."""

NEWEST = "Newest"
"""How the version pickers of a comparison, and so the address, name the newest one."""

SIDES, SAME_SCALE = "sides", "same_scale"
"""Keys of how many are compared, and of whether on one scale."""

REGION, SEARCH = "region", "search"
"""Keys of the queue's filters."""

QUEUE_PART = "queue_part"
"""Key of the choice which part of the queue is shown."""

ALL_LABEL = "All products"
"""How the product picker, and so the address, names a store's total."""

ALL_STORES = "All stores"
"""How the store picker, and so the address, names all of them where it offers that."""

_ANSWER = "last_answer"
_DRAWN = "queue_drawn"
_OPENING = "opening_series"
_UPLOADS, _IMPORT = "uploads", "last_import"
_PULSE = "drawn_pulse"
_CHART = "drawn_chart"
_STEPPED_TO, _STEPPED = "stepped_to", "just_stepped"


def unknown_in_address(
    stores: Sequence[Store], *, offers_all: bool = False, store_key: str = STORE, item_key: str = ITEM
) -> str | None:
    """Say in words which store or product of the page's address does not exist, or None.

    Must be called before the pickers are drawn: they drop a value they do not know.

    Parameters
    ----------
    offers_all
        Whether no store means all of them, which have no products to choose from; else it means the first.
    store_key, item_key
        The names of the query parameters.
    """
    by_id = {store.store: store for store in stores}
    wanted = st.query_params.get(store_key, ALL_STORES)
    if wanted != ALL_STORES and wanted not in by_id:
        return f"There is no store “{plain(wanted)}” among your {len(stores)} stores."
    item = st.query_params.get(item_key)
    store = by_id.get(wanted) or (stores[0] if stores and not offers_all else None)
    if item is not None and store is not None and item not in (ALL_ITEMS, ALL_LABEL, *store.items):
        return f"Store {plain(store.store)} has no product “{plain(item)}”."
    return None


def unknown_in_comparison(stores: Sequence[Store], count: int) -> str | None:
    """Say in words which stores or products of the address of a comparison do not exist, or None.

    Must be called before the pickers are drawn.
    """
    keys = [side_keys(number) for number in range(1, count + 1)]
    found = [unknown_in_address(stores, store_key=store, item_key=item) for store, item, _version in keys]
    return " ".join(filter(None, found)) or None


def wanted_version() -> int | None:
    """The version the page's address asks for, or None for the newest."""
    wanted = st.query_params.get(VERSION, "")
    return int(wanted) if wanted.isdecimal() and len(wanted) <= LONGEST_VERSION else None


def previous_is_wanted() -> bool:
    """Whether the forecast before is to be drawn as well; known before its toggle is drawn."""
    return bool(st.session_state.get(PREVIOUS, False))


def forget_version() -> None:
    """Go back to the newest version."""
    st.query_params.pop(VERSION, None)


def item_label(item: str) -> str:
    """The product picker's label; what the address shows must be what it shows."""
    return ALL_LABEL if item == ALL_ITEMS else item


def keep_item(items: Sequence[str], key: str = ITEM) -> None:
    """Go back to all products where the store does not sell the chosen one, in the address as well."""
    if st.session_state.get(key, ALL_ITEMS) not in (ALL_ITEMS, *items):
        st.session_state[key] = ALL_ITEMS


def keep_store(stores: Sequence[str], otherwise: str) -> None:
    """Go back to `otherwise` where the chosen store is not among these, in the address as well."""
    if st.session_state.get(STORE, otherwise) not in (otherwise, *stores):
        st.session_state[STORE] = otherwise


def chosen_series(stores: Sequence[Store]) -> SeriesKey:
    """What the pickers of a store's page will show: known before they are drawn, so that a chart can be."""
    if not st.session_state.pop(_STEPPED, False):
        st.session_state.pop(_STEPPED_TO, None)  # chosen otherwise since
    by_id = {store.store: store for store in stores}
    first = stores[0].store
    keep_store([*by_id], first)
    store = st.session_state.get(STORE) or st.query_params.get(STORE, first)
    shown = by_id.get(store, stores[0])
    keep_item(shown.items)
    item = st.session_state.get(ITEM) or st.query_params.get(ITEM, ALL_ITEMS)
    return SeriesKey(shown.store, item if item in shown.items else ALL_ITEMS)


def step_store(stores: list[str], by: int) -> None:
    """Move the store picker to a neighbour, round the ends; for the previous and next buttons.

    Who presses fast is ahead of the picker in the browser, which then tells the store before: what counts is
    where the last press has led.
    """
    present = st.session_state.get(_STEPPED_TO, st.session_state.get(STORE))
    position = stores.index(present) if present in stores else 0
    st.session_state[STORE] = st.session_state[_STEPPED_TO] = stores[(position + by) % len(stores)]
    st.session_state[_STEPPED] = True
    forget_version()


def drawn_queue(stores: list[str]) -> list[str]:
    """The stores of the queue as last drawn, which is what a chosen row counts in; remembers the new ones."""
    drawn: list[str] = st.session_state.get(_DRAWN, stores)
    st.session_state[_DRAWN] = stores
    return drawn


def side_keys(number: int) -> tuple[str, str, str]:
    """Keys of the store, product and version pickers of one side of a comparison, counted from 1."""
    return f"{STORE}{number}", f"{ITEM}{number}", f"{VERSION}{number}"


def compare_looked_at(stores: Sequence[str]) -> None:
    """Begin a comparison with the store that was looked at on its own page, unless the address names any.

    In the address as well, where what is only set before a picker is first drawn does not get to by itself.
    """
    first, second = (side_keys(number)[0] for number in (1, 2))
    present = st.session_state.get(STORE, "")
    begun = any(key in st.session_state or key in st.query_params for key in (first, second))
    if begun or present not in stores or present == stores[0]:
        return
    st.query_params[first] = st.session_state[first] = present
    if present == stores[1]:
        st.query_params[second] = st.session_state[second] = stores[0]


def keep_side(stores: Sequence[str], key: str, otherwise: str) -> None:
    """Go back to `otherwise` where the chosen store of a side is not among these, in the address as well."""
    if st.session_state.get(key, otherwise) not in stores:
        st.session_state[key] = otherwise


def keep_version(versions: Sequence[str], key: str) -> None:
    """Go back to the newest version where the chosen one is not among these, in the address as well."""
    if st.session_state.get(key, NEWEST) not in (NEWEST, *versions):
        st.session_state[key] = NEWEST


def queue_filters() -> str:
    """Which stores of the queue are shown, in words: ``Needs attention, South, search “17”``."""
    state = st.session_state
    search = state.get(SEARCH, "").strip()
    words = [state.get(QUEUE_PART), state.get(REGION), f"search “{search}”" if search else None]
    return ", ".join(word for word in words if word)


def open_series(key: SeriesKey) -> None:
    """Choose a series to be opened on another page.

    For callbacks: once the pickers are drawn, neither they nor the address they are bound to can be set.
    """
    st.session_state[STORE], st.session_state[ITEM] = key.store, key.item
    st.session_state[_OPENING] = True


def opening() -> bool:
    """Whether a series was chosen to be opened on another page; forgets it."""
    return bool(st.session_state.pop(_OPENING, False))


def remember_answer(key: SeriesKey, message: str | None) -> None:
    """Keep the sentence a press was answered with until the next press or another store; None forgets it."""
    st.session_state[_ANSWER] = (key.store, message)


def answer_for(key: SeriesKey) -> str | None:
    """The sentence the last press in this session was answered with, if it was for this store."""
    store, message = st.session_state.get(_ANSWER, (None, None))
    return message if store == key.store else None


def upload_key() -> str:
    """Key of the uploader; a new one empties it."""
    return f"upload_{st.session_state.get(_UPLOADS, 0)}"


def next_upload() -> None:
    """Empty the uploader after its file was imported."""
    st.session_state[_UPLOADS] = st.session_state.get(_UPLOADS, 0) + 1


def remember_import(message: str, *, failed: bool) -> None:
    """Keep what an import came to, to be told once."""
    st.session_state[_IMPORT] = (message, failed)


def import_told() -> tuple[str, bool] | None:
    """Take what the last import came to: a sentence, and whether it failed."""
    told: tuple[str, bool] | None = st.session_state.pop(_IMPORT, None)
    return told


def pulse_changed(store: str, pulse: object) -> bool:
    """Whether a store's pulse, or the reader's theme, differs from what this session last drew; remembers it.

    The colours of a chart are the theme's of when it was drawn, and evening may come while a page is open.
    """
    drawn, now = st.session_state.get(_PULSE), (pulse, st.context.theme.type)
    st.session_state[_PULSE] = (store, now)
    return drawn is not None and drawn[0] == store and drawn[1] != now


def is_news(chart: object) -> bool:
    """Whether a chart is another one than this session drew last; remembers it."""
    drawn = st.session_state.get(_CHART)
    st.session_state[_CHART] = chart
    return bool(drawn != chart)
