import streamlit as st

from forecasting.errors import UnknownSeries
from web import access, cached, components, formats, session, store_view
from web.strip import live_freshness
from web.tiles import tiles

user = access.require_user()
service = access.service()
stores = service.stores(user)
as_of = service.as_of(user)
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

newest = live_freshness(service, user, key, as_of, action).header
sold = cached.recent_sales(service, user, key)
if newest is None:
    store_view.forecast_chart(key, sold, None, as_of)
    st.stop()

header = store_view.wanted_header(service, user, newest)
if header.version != newest.version:
    sold = cached.sales_around(service, user, key, header.cutoff)
    store_view.old_version(header, newest)
try:
    forecast = cached.forecast(service, user, key, header.version)
except UnknownSeries:
    store_view.no_forecast_of(key, header)
    store_view.forecast_chart(key, sold, None, as_of)
    st.stop()

if header.version == newest.version:
    tiles(forecast, service.summary(user, key), as_of)
store_view.forecast_chart(key, sold, forecast, as_of)
store_view.series_notes(service, user, key, header, forecast["engine"].iloc[0])
store_view.day_table(forecast, sold)
