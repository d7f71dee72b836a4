import streamlit as st

from web import access, components

user = access.require_user()
service = access.service()

st.subheader("Activity")


@st.fragment(run_every=5)
def runs() -> None:
    """Draw the runs, and again every few seconds."""
    found = service.runs(user)
    if found:
        components.runs_table(found)
    else:
        st.info("Nobody has asked for a refresh yet.", icon=":material/history:")


runs()
