import streamlit as st

from web.queue import queue_session, queue_view
from web.shared import access, caches, page_messages
from web.takeaway import export_menu

user = access.require_user()
services = access.services()
rows = services.stores.queue(user)
if not rows:
    page_messages.no_sales()
    st.stop()

_stores, as_of = caches.stores(services, user)
queue_view.headline(rows, as_of)
queue_view.live_progress(services, user)
shown, export = queue_view.pick(rows)
queue_view.table(shown, running=queue_view.running_stores(rows))
if shown and as_of is not None:
    with export:
        export_menu.queue(shown, as_of, queue_session.filter_words())
    export_menu.queue_on_paper(shown, as_of, queue_session.filter_words())
