"""The launcher; `streamlit run` finds the app by this literal (docs/adr/0005-launcher.md)."""

import streamlit as st
from starlette.middleware import Middleware

from web import api, operations
from web.components import explain
from web.guard import LoopbackOnly, SecurityHeaders
from web.lifespan import lifespan

app = st.App(
    "web/router.py",
    lifespan=lifespan,
    routes=[*api.routes(), *operations.routes()],
    on_script_error=explain,
    middleware=[Middleware(SecurityHeaders), Middleware(LoopbackOnly)],
)
