from datetime import timedelta

import streamlit as st

from forecasting.domain import SeriesKey
from web import access, accuracy_tables, accuracy_view, accuracy_words, cached, components, session

RECORD = timedelta(days=28)

user = access.require_user()
service = access.service()
stores = service.stores(user)
as_of = service.as_of(user)
if not stores or as_of is None:
    components.no_sales()
    st.stop()

unknown = session.unknown_in_address(stores, offers_all=True)
news = st.empty()
scope = accuracy_view.pick(stores)
accuracy_tables.open_chosen()
if unknown:
    st.warning(f"{unknown} Showing {scope}.", icon=":material/search_off:")

report = cached.accuracy(service, user, scope.region, scope.store, scope.item)
if not report.rows:
    news.subheader("No forecast yet", anchor=False)
    accuracy_view.no_forecast(scope)
    st.stop()

news.subheader(accuracy_words.news(report), anchor=False)
accuracy_view.tiles(report)
accuracy_view.backtest_section(report)

days = None
if scope.store is not None:
    days = service.track(user, SeriesKey(scope.store, scope.item), since=as_of - RECORD)
accuracy_view.published_section(report.track, days, scope.store)
accuracy_tables.engines_section(report, of_store=scope.store is not None)
accuracy_tables.all_figures(report, of_store=scope.store is not None)
