import streamlit as st

from web import access, components, queue_view

user = access.require_user()
service = access.service()
rows = service.queue(user)
if not rows:
    components.no_sales()
    st.stop()

queue_view.headline(rows, service.as_of(user))
queue_view.live_batch(service, user)
shown = queue_view.pick(rows)
queue_view.table(shown)
