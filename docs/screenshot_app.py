"""`streamlit_app` as of the morning after the sample's last day, for `docs.screenshots`."""

import streamlit as st

from docs import sample_morning
from web.runtime.lifespan import lifespan
from web.shared.page_messages import explain

sample_morning.set_clock(lambda: sample_morning.OPENED)

app = st.App("../web/router.py", lifespan=lifespan, on_script_error=explain)
