"""An upload and its result in the session."""

from typing import NamedTuple

import streamlit as st

_UPLOADS, _RESULT = "uploads", "last_import"


class ImportResult(NamedTuple):
    """How an import ended.

    Attributes
    ----------
    message
        A sentence for the user.
    stores
        The stores that have news because of it.
    kind
        ``"sales"`` or ``"plan"``.
    """

    message: str
    failed: bool
    stores: tuple[str, ...] = ()
    kind: str = "sales"


def upload_key() -> str:
    """Key of the file uploader. A new key empties it."""
    return f"upload_{st.session_state.get(_UPLOADS, 0)}"


def next_upload() -> None:
    """Empty the file uploader after its file was imported."""
    st.session_state[_UPLOADS] = st.session_state.get(_UPLOADS, 0) + 1


def remember_result(message: str, *, failed: bool, stores: tuple[str, ...] = (), kind: str = "sales") -> None:
    """Keep the result of an import (see `ImportResult`) until it has been shown once."""
    st.session_state[_RESULT] = ImportResult(message, failed, stores, kind)


def take_result() -> ImportResult | None:
    """The result of the last import, once; None if it has been shown."""
    result: ImportResult | None = st.session_state.pop(_RESULT, None)
    return result
