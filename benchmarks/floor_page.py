"""The page of `benchmarks.floor_app`."""

import streamlit as st

from benchmarks import floor_figures

st.set_page_config(page_title="Floor", layout="wide")
figures = floor_figures.read()
store = st.selectbox("Store", list(figures), key="store", bind="query-params")
st.plotly_chart(
    figures[store],
    theme=None,
    config={"displayModeBar": False},
    key="forecast_chart",
    alt=f"Chart of store {store}, all products",
)
