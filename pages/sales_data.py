import streamlit as st

from web.sales_data import sales_data_view
from web.shared import access, caches

user = access.require_user()
services = access.services()

st.subheader("Sales data", anchor=False)
sales_data_view.loaded(caches.feeds(services, user), services.stores.as_of(user))
sales_data_view.next_sample_day(services, user)
sales_data_view.last_result(services, user)
sales_data_view.upload(services, user)
