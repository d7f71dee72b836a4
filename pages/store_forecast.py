import streamlit as st

from forecasting.errors import InvalidRequest
from web import access, cached, components, formats, session

user = access.require_user()
service = access.service()
stores = service.stores(user)
as_of = service.as_of()
if not stores or as_of is None:
    st.info(
        "There are no sales yet. Load a file with `python -m forecasting import sales.csv`, "
        "or the sample with `python -m forecasting sample load`.",
        icon=":material/upload_file:",
    )
    st.stop()

unknown = session.unknown_in_address(stores)
key, action = components.pick_series(stores)
if unknown:
    st.warning(
        f"{unknown} Showing store {key.store}, {formats.item(key.item).lower()}.",
        icon=":material/search_off:",
    )

strip = st.empty()
freshness = components.live_freshness(service, user, key, action, strip)
sold = cached.recent_sales(service, user, key)
if freshness.header is None:
    components.forecast_chart(key, sold, None, as_of)
    st.stop()

try:
    forecast = cached.forecast(service, user, key, freshness.header.version)
except InvalidRequest as missing:
    st.warning(f"No forecast of this product in version {freshness.header.version}: {missing}")
    components.forecast_chart(key, sold, None, as_of)
    st.stop()

components.tiles(forecast, service.summary(user, key), as_of)
components.forecast_chart(key, sold, forecast, as_of)
components.series_notes(service, user, key, freshness.header)
components.day_table(forecast, sold)
