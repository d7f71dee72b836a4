"""A page of Streamlit's own parts and nothing else, to show what is wrong with these by themselves."""

import streamlit as st

st.set_page_config(page_title="Bare")
st.title("Bare")
st.toast("A toast")
