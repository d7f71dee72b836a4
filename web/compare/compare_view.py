"""The sections of Compare: the pickers, the tiles, the charts on one scale, the table of days.

Everything below the pickers stays the same until other series, other versions or new sales are compared. It
is drawn once and then replayed, as on a store's page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from forecasting.core.domain import ALL_ITEMS, Principal, SeriesKey, Store
from forecasting.core.errors import UnknownSeries
from forecasting.services.composition import Services
from web.compare import compare_charts, compare_session
from web.shared import forecast_chart, formats, session, side_by_side, tiles
from web.shared.colours import palette
from web.shared.side_by_side import Side
from web.shared.tiles import Tile
from web.takeaway import print_html
from web.takeaway.comparison_table import comparison_table
from web.takeaway.export_table import Table

SOLD_DAYS = 28
"""Days of sales in the charts; a store's page has room for more."""

LEGEND = (
    "Before today: sales. From today: expected demand, and the range that holds 8 days in 10. Grey: closed."
)
NO_BREAK = "\u00a0"

COUNTS = (2, 3, 4)
NARROW = 4
"""From this many sides on there is no room for three pickers in a row."""


@dataclass(frozen=True, slots=True)
class ComparisonKey:
    """Everything the drawing of a comparison depends on; the cache's key.

    It needs no rights: `pick` reads the freshness of each store, which refuses a reader who may not see it.

    Attributes
    ----------
    same_scale
        Whether the charts share one y axis.
    theme
        The reader's theme, as Streamlit names it.
    """

    sides: tuple[Side, ...]
    as_of: date
    same_scale: bool
    theme: str | None


def options() -> tuple[int, bool]:
    """Draw the choice of how many sides and of one scale, bound to the address; return both choices."""
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        same = st.toggle("Same scale", value=True, key=compare_session.SAME_SCALE, bind="query-params")
        count = st.segmented_control(
            "Side by side",
            COUNTS,
            default=COUNTS[0],
            key=compare_session.SIDES,
            bind="query-params",
            required=True,
            label_visibility="collapsed",
            format_func=str,
        )
    return count or COUNTS[0], same


def pick(services: Services, user: Principal, stores: Sequence[Store], count: int) -> list[Side]:
    """Draw the pickers of each side, bound to the address, and return the chosen sides."""
    compare_session.start_with_open_store([store.store for store in stores])
    sides = []
    for number, column in enumerate(st.columns(count, gap="medium"), start=1):
        with column:
            sides.append(_pick_side(services, user, stores, number, narrow=count >= NARROW))
    return sides


def _pick_side(
    services: Services, user: Principal, stores: Sequence[Store], number: int, *, narrow: bool
) -> Side:
    store_key, item_key, version_key = compare_session.side_keys(number)
    store_col, item_col, version_col = _picker_columns(narrow=narrow)
    names = [store.store for store in stores]
    usual = (number - 1) % len(names)
    compare_session.keep_side(names, store_key, names[usual])
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
    now = services.stores.freshness(user, store)
    versions = [str(header.version) for header in services.forecasts.versions(user, store)]
    compare_session.keep_version(versions, version_key)
    chosen = version_col.selectbox(
        "Version",
        [compare_session.NEWEST, *versions],
        key=version_key,
        bind="query-params",
        label_visibility="collapsed" if narrow else "visible",
    )
    newest = now.header.version if now.header else None
    version = newest if chosen in (None, compare_session.NEWEST) else int(chosen)
    return Side(SeriesKey(store, item or ALL_ITEMS), version, now.sales_hash)


def _picker_columns(*, narrow: bool) -> list[DeltaGenerator]:
    """Make the places of a side's three pickers: one row, or the version below where it is narrow."""
    if narrow:
        return [*st.columns([1, 1.35], gap="small"), st.container()]
    return list(st.columns([1, 1.35, 1.1], gap="small"))


def headline(services: Services, user: Principal, sides: Sequence[Side], as_of: date) -> str:
    """Compare the week ahead of the sides in one sentence."""
    weeks = [
        side_by_side.next_week(side_by_side.days(_forecast(services, user, side)), as_of) for side in sides
    ]
    return formats.plain(side_by_side.headline(side_by_side.side_names(sides), weeks))


def comparison(
    services: Services, user: Principal, sides: Sequence[Side], as_of: date, *, same_scale: bool
) -> None:
    """Draw the tiles, the charts and the days of the sides, in the reader's theme."""
    drawn = ComparisonKey(tuple(sides), as_of, same_scale, st.context.theme.type)
    _comparison(services, user, drawn)


def table(services: Services, user: Principal, sides: Sequence[Side], as_of: date) -> Table:
    """Build the table of days, to show and to export."""
    forecasts = [side_by_side.days(_forecast(services, user, side)) for side in sides]
    return comparison_table(sides, side_by_side.side_names(sides), forecasts, as_of)


@st.cache_data(max_entries=300, show_spinner=False)
def _comparison(_services: Services, _user: Principal, key: ComparisonKey) -> None:
    sides, as_of, names = key.sides, key.as_of, side_by_side.side_names(key.sides)
    forecasts = [_forecast(_services, _user, side) for side in sides]
    first = min([as_of, *(each["ds"].iloc[0].date() for each in forecasts if each is not None)])
    sold = [_sold(_services, _user, side.key, first - timedelta(days=SOLD_DAYS)) for side in sides]
    weeks = [side_by_side.next_week(side_by_side.days(forecast), as_of) for forecast in forecasts]
    before = side_by_side.last_week(sold[0], as_of)
    highest = side_by_side.highest_value(zip(sold, forecasts, strict=True)) if key.same_scale else None
    colours = palette(key.theme)
    for number, column in enumerate(st.columns(len(sides), gap="medium")):
        with column:
            _tiles(names, weeks, before, forecasts[number], as_of, number)
            st.caption(_origin(_services, _user, sides[number]))
            figure = compare_charts.side_figure(sold[number], forecasts[number], as_of, colours, highest)
            st.plotly_chart(
                figure, theme=None, config={"displayModeBar": False}, key=f"side_chart_{number}",
                alt=forecast_chart.alt_text(names[number], sold[number], forecasts[number]),
            )  # fmt: skip
    st.caption(LEGEND)
    _day_table(table(_services, _user, sides, as_of))


def _forecast(services: Services, user: Principal, side: Side) -> pd.DataFrame | None:
    """The forecast of a side; None if there is none, or its version lacks the product."""
    if side.version is None:
        return None
    try:
        return services.forecasts.forecast(user, side.key, side.version)
    except UnknownSeries:
        return None


def _sold(services: Services, user: Principal, key: SeriesKey, since: date) -> pd.DataFrame:
    sold = services.forecasts.sales(user, key)
    return sold[sold["ds"] >= pd.Timestamp(since)].reset_index(drop=True)


def _tiles(
    names: Sequence[str],
    weeks: Sequence[float | None],
    before: float | None,
    forecast: pd.DataFrame | None,
    as_of: date,
    number: int,
) -> None:
    """Draw the week ahead of a side compared with the first side, and tomorrow if there are only two sides.

    Parameters
    ----------
    before
        Sales of the first side in the last 7 days; None if unknown.
    number
        The index of the side, from 0.
    """
    value, name = weeks[number], side_by_side.capitalized(names[number])
    other = f"vs {names[0]}" if number else "vs same weekdays last week"
    note = f"{formats.change(value, weeks[0] if number else before)} {other}"
    note = note if value is not None else "not all days are forecast"
    row = [Tile(f"{name}, next 7 days", formats.amount(value), note)]
    if len(names) == COUNTS[0] and forecast is not None:
        row.append(tiles.tomorrow(forecast, as_of))
    tiles.draw(row)


def _origin(services: Services, user: Principal, side: Side) -> str:
    """Engine, version, newest sales and backtest error of a side."""
    if side.version is None:
        return "No forecast yet"
    header = services.forecasts.version(user, side.key.store, side.version)
    choice = services.forecasts.predictor(user, side.key.store, side.version).choice_of(side.key.item)
    score = choice.score_of(choice.engine) if choice else None
    facts = [
        formats.engine(choice.engine) if choice else formats.engine(header.asked_engine),
        f"version {header.version}",
        f"sales through {formats.day(header.cutoff)}",
        f"error {formats.percent(score.wape)}" if score else "no backtest",
    ]
    return formats.plain(" · ".join(fact.replace(" ", NO_BREAK) for fact in facts))


def _day_table(days: Table) -> None:
    """Draw expected demand by day, with the differences to the first side."""
    if not days.rows:
        return
    st.html(print_html.days(days, [column.name for column in days.columns], f"{days.title}, by day"))
    st.html(print_html.heading(days, [label for label, _value in days.facts]))
