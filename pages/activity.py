import streamlit as st

from web.activity import active_runs, activity_view
from web.shared import access, caches

user = access.require_user()
services = access.services()

stores, _as_of = caches.stores(services, user)
store = activity_view.pick_store_of_runs(stores)


@st.fragment(run_every=5)
def runs() -> None:
    """Draw the runs again every few seconds."""
    found = services.runs.recent(user, store=store)
    active_runs.runs_with_buttons(services, user, found)
    if found:
        activity_view.runs_table(found)
    else:
        st.info("No refresh has been requested yet.", icon=":material/history:")


runs()
