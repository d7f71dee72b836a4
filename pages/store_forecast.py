import streamlit as st

from web import access, cached, components, formats, session, store_view, take_away
from web.strip import live_freshness

user = access.require_user()
service = access.service()
stores, as_of = cached.stores(service, user)
if not stores or as_of is None:
    components.no_sales()
    st.stop()

unknown = session.unknown_in_address(stores)
key, action = components.pick_series(stores)
if unknown:
    st.warning(
        f"{unknown} Showing store {key.store}, {formats.item(key.item).lower()}.",
        icon=":material/search_off:",
    )

away, action = action.columns([1, 1.95], vertical_alignment="bottom")
now = live_freshness(service, user, key, as_of, action)
header = store_view.wanted_version(service, user, now.header)
has_forecast = store_view.series_section(service, user, key, now, header, as_of)
if header is not None and has_forecast:
    with away:
        take_away.series(service, user, key, header, as_of)
