from functools import partial

import streamlit as st

from web.compare import compare_session, compare_view
from web.shared import access, caches, page_messages, redraws
from web.takeaway import export_menu

user = access.require_user()
services = access.services()
stores, as_of = caches.stores(services, user)
if not stores or as_of is None:
    page_messages.no_sales()
    st.stop()

redraws.follow_theme("compare")
title, choice, export = st.columns([6.6, 2.5, 1.8], vertical_alignment="center")
sentence = title.empty()
with choice:
    count, same_scale = compare_view.options()
unknown = compare_session.unknown_in_comparison(stores, count)
sides = compare_view.pick(services, user, stores, count)
if unknown:
    st.warning(unknown, icon=":material/search_off:")

sentence.subheader(compare_view.headline(services, user, sides, as_of), anchor=False)
with export:
    export_menu.comparison(partial(compare_view.table, services, user, sides, as_of), as_of)
compare_view.comparison(services, user, sides, as_of, same_scale=same_scale)
