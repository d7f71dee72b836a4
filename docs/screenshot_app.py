"""The dashboard on the morning the sample ends on, for `docs.screenshots`; otherwise `streamlit_app`."""

import streamlit as st

from docs import sample_morning
from web.runtime.lifespan import lifespan
from web.shared.page_messages import explain

sample_morning.tell(lambda: sample_morning.OPENED)

app = st.App("../web/router.py", lifespan=lifespan, on_script_error=explain)
