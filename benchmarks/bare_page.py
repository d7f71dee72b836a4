"""The page of `benchmarks.bare_app`."""

import streamlit as st

st.subheader("A bare page", anchor=False)
st.selectbox("Store", [str(number) for number in range(1, 36)], key="store", bind="query-params")
