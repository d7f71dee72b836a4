import streamlit as st

from web.sales_data import sales_data_view
from web.shared import access, caches

user = access.require_user()
service = access.service()

st.subheader("Sales data", anchor=False)
sales_data_view.loaded(caches.feeds(service, user), service.as_of(user))
sales_data_view.next_sample_day(service, user)
sales_data_view.upload(service, user)
