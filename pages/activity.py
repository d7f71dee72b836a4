import streamlit as st

from web.activity import active_runs, activity_view
from web.shared import access, caches

user = access.require_user()
service = access.service()

stores, _as_of = caches.stores(service, user)
store = activity_view.pick_store_of_runs(stores)


@st.fragment(run_every=5)
def runs() -> None:
    """Draw the runs, and again every few seconds."""
    found = service.runs(user, store=store)
    active_runs.decisions(service, user, found)
    if found:
        activity_view.runs_table(found)
    else:
        st.info("Nobody has asked for a refresh yet.", icon=":material/history:")


runs()
