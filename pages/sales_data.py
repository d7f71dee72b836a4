import streamlit as st

from web import access, cached, sales_data_view

user = access.require_user()
service = access.service()

st.subheader("Sales data", anchor=False)
sales_data_view.loaded(cached.feeds(service, user), service.as_of(user))
sales_data_view.next_sample_day(service, user)
sales_data_view.upload(service, user)
