import streamlit as st

from web import access, activity_view, cached

user = access.require_user()
service = access.service()

st.subheader("Activity", anchor=False)
stores, _as_of = cached.stores(service, user)
store = activity_view.pick_store_of_runs(stores)


@st.fragment(run_every=5)
def runs() -> None:
    """Draw the runs, and again every few seconds."""
    found = service.runs(user, store=store)
    if found:
        activity_view.runs_table(found)
    else:
        st.info("Nobody has asked for a refresh yet.", icon=":material/history:")


runs()
