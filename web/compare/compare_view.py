"""The parts of Compare: what is compared, the figures, the charts on one scale, the days.

What is below the pickers is the same at every rerun until another series, another version or new sales are
compared, so it is drawn once and then replayed, as on a store's page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from forecasting.core.domain import ALL_ITEMS, Principal, SeriesKey, Store
from forecasting.services.service import ForecastService
from web.compare import compare_charts
from web.shared import caches, charts, formats, session, side_by_side, tiles
from web.shared.side_by_side import Side
from web.shared.tiles import Tile
from web.takeaway import paper
from web.takeaway.comparison import comparison_table
from web.takeaway.table import Table

SOLD_DAYS = 28
"""How far back the charts look: there is less room than on a store's page."""

KEY = "Before today: sold. From today on: expected, and the band that holds 8 days in 10. Grey: closed."
NO_BREAK = "\u00a0"

COUNTS = (2, 3, 4)
NARROW = 4
"""From that many sides on there is no room for three pickers in a row."""


@dataclass(frozen=True, slots=True)
class Shown:
    """All that is drawn depends on.

    Attributes
    ----------
    rights
        Of the one who looks (`cached.rights`).
    same_scale
        Whether the charts have one y axis.
    theme
        The reader's, as Streamlit names it.
    """

    rights: object
    sides: tuple[Side, ...]
    as_of: date
    same_scale: bool
    theme: str | None


def options() -> tuple[int, bool]:
    """Draw how many are compared and whether on one scale, bound to the address; return the choices."""
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        same = st.toggle("Same scale", value=True, key=session.SAME_SCALE, bind="query-params")
        count = st.segmented_control(
            "Side by side",
            COUNTS,
            default=COUNTS[0],
            key=session.SIDES,
            bind="query-params",
            required=True,
            label_visibility="collapsed",
            format_func=str,
        )
    return count or COUNTS[0], same


def pick(service: ForecastService, user: Principal, stores: Sequence[Store], count: int) -> list[Side]:
    """Draw the pickers of each side, bound to the address, and return the choices."""
    session.compare_looked_at([store.store for store in stores])
    sides = []
    for number, column in enumerate(st.columns(count, gap="medium"), start=1):
        with column:
            sides.append(_pick_side(service, user, stores, number, narrow=count >= NARROW))
    return sides


def _pick_side(
    service: ForecastService, user: Principal, stores: Sequence[Store], number: int, *, narrow: bool
) -> Side:
    store_key, item_key, version_key = session.side_keys(number)
    store_col, item_col, version_col = _places(narrow=narrow)
    names = [store.store for store in stores]
    usual = (number - 1) % len(names)
    session.keep_side(names, store_key, names[usual])
    store = store_col.selectbox("Store", names, index=usual, key=store_key, bind="query-params")
    store = store or names[usual]
    items = next(each.items for each in stores if each.store == store)
    session.keep_item(items, item_key)
    item = item_col.selectbox(
        "Product",
        [ALL_ITEMS, *items],
        key=item_key,
        bind="query-params",
        format_func=session.item_label,
    )
    now = service.freshness(user, store)
    versions = [str(header.version) for header in service.versions(user, store)]
    session.keep_version(versions, version_key)
    chosen = version_col.selectbox(
        "Version",
        [session.NEWEST, *versions],
        key=version_key,
        bind="query-params",
        label_visibility="collapsed" if narrow else "visible",
    )
    newest = now.header.version if now.header else None
    version = newest if chosen in (None, session.NEWEST) else int(chosen)
    return Side(SeriesKey(store, item or ALL_ITEMS), version, now.sales_hash)


def _places(*, narrow: bool) -> list[DeltaGenerator]:
    """Where the three pickers of a side stand: in one row, or where it is narrow the version below."""
    if narrow:
        return [*st.columns([1, 1.35], gap="small"), st.container()]
    return list(st.columns([1, 1.35, 1.1], gap="small"))


def news(service: ForecastService, user: Principal, sides: Sequence[Side], as_of: date) -> str:
    """The week ahead of the sides in one sentence."""
    weeks = [side_by_side.week(side_by_side.days(_forecast(service, user, side)), as_of) for side in sides]
    return formats.plain(side_by_side.news(side_by_side.names(sides), weeks))


def comparison(
    service: ForecastService, user: Principal, sides: Sequence[Side], as_of: date, *, same_scale: bool
) -> None:
    """Draw the figures, the charts and the days of the sides, in the reader's theme."""
    shown = Shown(caches.rights(user), tuple(sides), as_of, same_scale, st.context.theme.type)
    _comparison(service, user, shown)


def table(service: ForecastService, user: Principal, sides: Sequence[Side], as_of: date) -> Table:
    """The days of the sides, to be shown and to be taken away."""
    ahead = [side_by_side.days(_forecast(service, user, side)) for side in sides]
    return comparison_table(sides, side_by_side.names(sides), ahead, as_of)


@st.cache_data(max_entries=300, show_spinner=False)
def _comparison(_service: ForecastService, _user: Principal, shown: Shown) -> None:
    sides, as_of, named = shown.sides, shown.as_of, side_by_side.names(shown.sides)
    forecasts = [_forecast(_service, _user, side) for side in sides]
    first = min([as_of, *(each["ds"].iloc[0].date() for each in forecasts if each is not None)])
    sold = [_sold(_service, _user, side.key, first - timedelta(days=SOLD_DAYS)) for side in sides]
    weeks = [side_by_side.week(side_by_side.days(forecast), as_of) for forecast in forecasts]
    before = side_by_side.week_before(sold[0], as_of)
    highest = side_by_side.top(zip(sold, forecasts, strict=True)) if shown.same_scale else None
    colours = charts.palette(shown.theme)
    for number, column in enumerate(st.columns(len(sides), gap="medium")):
        with column:
            _tiles(named, weeks, before, forecasts[number], as_of, number)
            st.caption(_origin(_service, _user, sides[number]))
            figure = compare_charts.side_figure(sold[number], forecasts[number], as_of, colours, highest)
            st.plotly_chart(
                figure, theme=None, config={"displayModeBar": False}, key=f"side_chart_{number}",
                alt=charts.alt_text(named[number], sold[number], forecasts[number]),
            )  # fmt: skip
    st.caption(KEY)
    _day_table(table(_service, _user, sides, as_of))


def _forecast(service: ForecastService, user: Principal, side: Side) -> pd.DataFrame | None:
    return None if side.version is None else caches.forecast(service, user, side.key, side.version)


def _sold(service: ForecastService, user: Principal, key: SeriesKey, since: date) -> pd.DataFrame:
    sold = service.sales(user, key)
    return sold[sold["ds"] >= pd.Timestamp(since)].reset_index(drop=True)


def _tiles(
    named: Sequence[str],
    weeks: Sequence[float | None],
    before: float | None,
    forecast: pd.DataFrame | None,
    as_of: date,
    number: int,
) -> None:
    """Draw the week ahead of a side beside the first one's, and where there is room tomorrow.

    Parameters
    ----------
    before
        What the first side sold in the week before.
    """
    value, name = weeks[number], named[number]
    other = f"against {named[0]}" if number else "vs same weekdays last week"
    note = f"{formats.change(value, weeks[0] if number else before)} {other}"
    label = f"{name[:1].upper()}{name[1:]}, next 7 days"
    shown = [Tile(label, formats.amount(value), note if value is not None else "not all of them forecast")]
    if len(named) == COUNTS[0] and forecast is not None:
        shown.append(tiles.tomorrow(forecast, as_of))
    tiles.draw(shown)


def _origin(service: ForecastService, user: Principal, side: Side) -> str:
    """Engine, version, sales and error of a side."""
    if side.version is None:
        return "No forecast yet"
    header = service.version(user, side.key.store, side.version)
    choice = service.predictor(user, side.key.store, side.version).choice_of(side.key.item)
    score = choice.score_of(choice.engine) if choice else None
    facts = [
        formats.engine(choice.engine) if choice else formats.engine(header.asked_engine),
        f"version {header.version}",
        f"sales through {formats.day(header.cutoff)}",
        f"error {formats.percent(score.wape)}" if score else "no backtest",
    ]
    return formats.plain(" · ".join(fact.replace(" ", NO_BREAK) for fact in facts))


def _day_table(days: Table) -> None:
    """Draw expected demand by day, and the differences to the first side."""
    if not days.rows:
        return
    st.html(paper.days(days, [column.name for column in days.columns], f"{days.title}, by day"))
    st.html(paper.heading(days, [label for label, _value in days.facts]))
