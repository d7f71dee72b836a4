"""The script of every session: theme, user, navigation, then the chosen page."""

from pathlib import Path

import streamlit as st

from web.runtime import turns
from web.shared import styles
from web.shared.access import require_user, trouble
from web.shared.page_messages import could_not_start
from web.shared.styles import STATIC

ROOT = Path(__file__).resolve().parent.parent

st.set_page_config(page_title="Storecast", page_icon=str(STATIC / "icon.svg"), layout="wide")
theme = st.context.theme.type
st.logo(STATIC / ("logo_dark.svg" if theme == "dark" else "logo_light.svg"))
st.html(styles.style(theme))
require_user()
PAGES = [
    st.Page(ROOT / "pages" / "my_stores.py", title="My stores", icon=":material/checklist:", default=True),
    st.Page(ROOT / "pages" / "store_forecast.py", title="Store forecast", icon=":material/monitoring:"),
    st.Page(ROOT / "pages" / "compare.py", title="Compare", icon=":material/compare:"),
    st.Page(ROOT / "pages" / "accuracy.py", title="Accuracy", icon=":material/verified:"),
    st.Page(ROOT / "pages" / "sales_data.py", title="Sales data", icon=":material/database:"),
    st.Page(ROOT / "pages" / "activity.py", title="Activity", icon=":material/history:"),
]
page = st.navigation(PAGES, position="top")
reason = trouble()
if reason:
    could_not_start(reason)
else:
    with turns.PAGES.hold():
        page.run()
