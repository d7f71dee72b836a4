"""The choices of a comparison in the session: keys of its pickers, and what to choose by default."""

from collections.abc import Sequence

import streamlit as st

from forecasting.core.domain import Store
from web.shared.session import ITEM, STORE, VERSION, unknown_in_address

SIDES, SAME_SCALE = "sides", "same_scale"
"""Keys of the number of sides, and of whether they share one scale."""

NEWEST = "Newest"
"""The newest version, in the version pickers and in the address."""


def side_keys(number: int) -> tuple[str, str, str]:
    """Keys of the store, product and version pickers of one side, counted from 1."""
    return f"{STORE}{number}", f"{ITEM}{number}", f"{VERSION}{number}"


def unknown_in_comparison(stores: Sequence[Store], count: int) -> str | None:
    """Sentences that name the stores and products of the address that do not exist; None if all do.

    Call this before the pickers are drawn.
    """
    keys = [side_keys(number) for number in range(1, count + 1)]
    found = [unknown_in_address(stores, store_key=store, item_key=item) for store, item, _version in keys]
    return " ".join(filter(None, found)) or None


def start_with_open_store(stores: Sequence[str]) -> None:
    """Start a comparison with the store that was open on its own page, unless the address names a store.

    The query parameters are set as well: a key that is set before its picker is first drawn does not reach
    the address.
    """
    first, second = (side_keys(number)[0] for number in (1, 2))
    present = st.session_state.get(STORE, "")
    started = any(key in st.session_state or key in st.query_params for key in (first, second))
    if started or present not in stores or present == stores[0]:
        return
    st.query_params[first] = st.session_state[first] = present
    if present == stores[1]:
        st.query_params[second] = st.session_state[second] = stores[0]


def keep_side(stores: Sequence[str], key: str, otherwise: str) -> None:
    """Choose `otherwise`, in the address too, if the chosen store of a side is not among `stores`."""
    if st.session_state.get(key, otherwise) not in stores:
        st.session_state[key] = otherwise


def keep_version(versions: Sequence[str], key: str) -> None:
    """Choose the newest version, in the address too, if the chosen one is not among `versions`."""
    if st.session_state.get(key, NEWEST) not in (NEWEST, *versions):
        st.session_state[key] = NEWEST
