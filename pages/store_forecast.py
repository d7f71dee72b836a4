import streamlit as st

from web.shared import access, caches, formats, page_messages, session
from web.shared.pickers import pick_series
from web.store import store_view
from web.store.strip import live_freshness
from web.takeaway import export_menu

user = access.require_user()
services = access.services()
stores, as_of = caches.stores(services, user)
if not stores or as_of is None:
    page_messages.no_sales()
    st.stop()

unknown = session.unknown_in_address(stores)
head, strip, above, chart = st.container(), st.empty(), st.container(key="above_chart"), st.empty()
key = session.chosen_series(stores)
look = store_view.look_at(services, user, key, as_of)
with chart.container():  # sent first: it is what a planner waits for
    store_view.chart(services, user, look)
store_view.let_it_leave(look)
with head:
    picked, beside = pick_series(stores)
    if unknown:
        st.warning(
            f"{unknown} Showing store {picked.store}, {formats.item(picked.item).lower()}.",
            icon=":material/search_off:",
        )
if picked != key:
    key, look = picked, store_view.look_at(services, user, picked, as_of)
    with chart.container():
        store_view.chart(services, user, look)
away, action = beside.empty(), beside.container(width="content")
live_freshness(services, user, key, as_of, look.now, (strip, action))
around = store_view.around(services, user, look)
with above:
    store_view.above_chart(look, around)
store_view.below_chart(look, around)
if look.header is not None and look.shown.has_forecast:
    with away.container(width="content"):
        export_menu.series(services, user, key, look.header, as_of)
