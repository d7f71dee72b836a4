"""The launcher. `streamlit run` finds the app by the literal below (docs/adr/0005-launcher.md)."""

import streamlit as st
from starlette.middleware import Middleware

from web.http import api, probes
from web.http.guard import LoopbackOnly, SecurityHeaders
from web.runtime.lifespan import lifespan
from web.shared.page_messages import explain

app = st.App(
    "web/router.py",
    lifespan=lifespan,
    routes=[*api.routes(), *probes.routes()],
    on_script_error=explain,
    middleware=[Middleware(SecurityHeaders), Middleware(LoopbackOnly)],
)
