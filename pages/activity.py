import streamlit as st

from web import access, activity_view, cached, under_way

user = access.require_user()
service = access.service()

stores, _as_of = cached.stores(service, user)
store = activity_view.pick_store_of_runs(stores)


@st.fragment(run_every=5)
def runs() -> None:
    """Draw the runs, and again every few seconds."""
    found = service.runs(user, store=store)
    under_way.decisions(service, user, found)
    if found:
        activity_view.runs_table(found)
    else:
        st.info("Nobody has asked for a refresh yet.", icon=":material/history:")


runs()
