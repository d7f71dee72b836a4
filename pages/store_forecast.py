import streamlit as st

from web.shared import access, caches, formats, page_messages, session
from web.shared.pickers import pick_series
from web.store import chart_view, store_page
from web.store.freshness_strip import live_strip
from web.takeaway import export_menu

user = access.require_user()
services = access.services()
stores, as_of = caches.stores(services, user)
if not stores or as_of is None:
    page_messages.no_sales()
    st.stop()

unknown = session.unknown_in_address(stores)
head, strip, above, chart = st.container(), st.empty(), st.container(key="above_chart"), st.empty()
series = session.chosen_series(stores)
page = store_page.read_page(services, user, series, as_of)
with chart.container():  # sent first: it is what a planner waits for
    chart_view.chart(services, user, page.key)
store_page.send_chart_first(page)
with head:
    picked, beside = pick_series(stores)
    if unknown:
        st.warning(
            f"{unknown} Showing store {picked.store}, {formats.item(picked.item).lower()}.",
            icon=":material/search_off:",
        )
if picked != series:
    series, page = picked, store_page.read_page(services, user, picked, as_of)
    with chart.container():
        chart_view.chart(services, user, page.key)
export, actions = beside.empty(), beside.container(width="content")
live_strip(services, user, series, as_of, page.freshness, (strip, actions))
sections = store_page.read_sections(services, user, page)
with above:
    store_page.above_chart(page, sections)
store_page.below_chart(page, sections)
if page.key.header is not None and sections is not None:
    with export.container(width="content"):
        export_menu.series(services, user, series, page.key.header, as_of)
