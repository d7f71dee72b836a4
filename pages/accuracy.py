import streamlit as st

from web.accuracy import accuracy_tables, accuracy_view, accuracy_words
from web.shared import access, caches, page_messages, redraws, session

user = access.require_user()
services = access.services()
stores, as_of = caches.stores(services, user)
if not stores or as_of is None:
    page_messages.no_sales()
    st.stop()

redraws.follow_theme("accuracy")
unknown = session.unknown_in_address(stores, offers_all=True)
news = st.empty()
scope = accuracy_view.pick(stores)
accuracy_tables.open_chosen()
if unknown:
    st.warning(f"{unknown} Showing {scope}.", icon=":material/search_off:")

report, stamp = caches.accuracy(services, user, scope.region, scope.store, scope.item)
if not report.rows:
    news.subheader("No forecast yet", anchor=False)
    accuracy_view.no_forecast(scope)
    st.stop()

news.subheader(accuracy_words.news(report), anchor=False)
accuracy_view.sections(services, user, report, stamp, scope, as_of)
accuracy_tables.engines_section(report, of_store=scope.store is not None)
accuracy_tables.all_figures(report, stamp, of_store=scope.store is not None)
