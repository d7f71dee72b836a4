import streamlit as st

from web import access, cached, components, queue_view, session, take_away

user = access.require_user()
service = access.service()
rows = service.queue(user)
if not rows:
    components.no_sales()
    st.stop()

_stores, as_of = cached.stores(service, user)
queue_view.headline(rows, as_of)
queue_view.live_batch(service, user)
shown, away = queue_view.pick(rows)
queue_view.table(shown)
if shown and as_of is not None:
    with away:
        take_away.queue(shown, as_of, session.queue_filters())
    take_away.queue_on_paper(shown, as_of, session.queue_filters())
