from datetime import date

import pandas as pd
import plotly.graph_objects as go
import pytest

from web.shared import forecast_chart
from web.shared.colours import palette

AS_OF = date(2019, 4, 8)


def days(first: str, count: int, **columns: object) -> pd.DataFrame:
    """Days of a store, open but on Sundays."""
    ds = pd.date_range(first, periods=count)
    usual = {"is_open": ds.day_of_week != 6, "promo": False, "holiday": "", "school_holiday": False}
    return pd.DataFrame({"ds": ds, **usual, **columns})


def sold() -> pd.DataFrame:
    """Two weeks of sales to Sunday 7 April."""
    return days("2019-03-25", 14, y=100.0)


def ahead(**columns: object) -> pd.DataFrame:
    """Two weeks from Monday 8 April."""
    frame = days("2019-04-08", 14, mean=100.0, q10=80.0, q50=98.0, q90=130.0, assumed=False)
    return frame.assign(**columns)


def drawn(forecast: pd.DataFrame | None) -> go.Figure:
    """The figure in light."""
    return forecast_chart.forecast_figure(sold(), forecast, AS_OF, palette("light"))


def texts(figure: go.Figure) -> list[str]:
    """What is written on it."""
    return [note.text for note in figure.layout.annotations]


def bands(figure: go.Figure) -> list[go.Scatter]:
    """The filled areas."""
    return [trace for trace in figure.data if getattr(trace, "fill", None) == "toself"]


def test_the_band_breaks_where_the_store_is_closed() -> None:
    """One area for each run of open days, none across a Sunday."""
    areas = bands(drawn(ahead()))
    assert [len(area.x) // 2 for area in areas] == [6, 6]


def test_a_single_open_day_is_a_bar() -> None:
    """A line of one point would not be seen."""
    frame = ahead()
    frame.loc[frame["ds"].isin(pd.to_datetime(["2019-04-09", "2019-04-11"])), "is_open"] = False
    figure = drawn(frame)
    first, bar = [trace for trace in figure.data if isinstance(trace, go.Bar)]
    assert pd.Timestamp(first.x[0]) == pd.Timestamp("2019-04-08")
    assert pd.Timestamp(bar.x[0]) == pd.Timestamp("2019-04-10")
    assert (bar.base[0], bar.y[0]) == (80.0, 50.0)


def test_closed_days_have_no_point_and_a_column() -> None:
    """The line breaks there; a reason is written where there is one."""
    frame = ahead()
    frame.loc[4, ["is_open", "holiday"]] = [False, "Good Friday"]
    figure = drawn(frame)
    expected = figure.data[-1]
    assert pd.isna(expected.y[4])
    columns = [shape for shape in figure.layout.shapes if shape.type == "rect" and shape.y1 == 1]
    assert len(columns) == 2 + 3
    assert "closed · Good Friday" in texts(figure)


def test_holidays_and_promotions_are_marked_by_word() -> None:
    """An open holiday by its name, a promotion once for its days."""
    frame = ahead()
    frame.loc[7, "holiday"] = "Easter Monday"
    frame.loc[2:5, "promo"] = True
    written = texts(drawn(frame))
    assert "Easter Monday" in written
    assert written.count("promotion") == 1


@pytest.mark.parametrize(("highest", "edge"), [(40.0, "top"), (130.0, "bottom")])
def test_the_name_of_a_holiday_keeps_clear_of_the_line(highest: float, edge: str) -> None:
    """Above it where it is low."""
    frame = ahead()
    frame.loc[7, ["holiday", "mean", "q10", "q90"]] = ["Easter Monday", highest - 9, highest - 20, highest]
    (note,) = [note for note in drawn(frame).layout.annotations if note.text == "Easter Monday"]
    assert note.yanchor == edge


def test_the_axis_starts_at_zero_and_today_is_named() -> None:
    """A forecast of 100 must not look like a mountain."""
    figure = drawn(ahead())
    assert figure.layout.yaxis.rangemode == "tozero"
    assert "today" in texts(figure)
    assert any(shape.line.dash == "dot" for shape in figure.layout.shapes)


def test_every_point_has_the_facts_of_its_day() -> None:
    """Weekday, date, promotion, expected, likely range."""
    frame = ahead()
    frame.loc[2, "promo"] = True
    line = drawn(frame).data[-1]
    assert list(line.customdata[2]) == ["<b>Wed 10 Apr</b> · promotion", "100", "likely 80 – 130"]
    assert "expected" in line.hovertemplate


def test_without_a_forecast_the_sales_are_drawn_alone() -> None:
    """The page is of use before the first training."""
    figure = drawn(None)
    assert len(figure.data) == 1
    assert "expected" not in "".join(texts(figure))


def test_both_themes_have_their_own_colours() -> None:
    """No ink on ink."""
    light, dark = palette("light"), palette("dark")
    assert light != dark
    assert palette(None) == light
    assert forecast_chart.forecast_figure(sold(), ahead(), AS_OF, dark).data[0].line.color == dark.ink


def test_the_alternative_text_describes_the_chart() -> None:
    """For people who use a screen reader."""
    text = forecast_chart.alt_text("store 1", sold(), ahead())
    assert text == (
        "Line chart of store 1: sold 100 a day over the last six weeks; 100 a day expected over the next "
        "14 days, likely 80 to 130."
    )
    assert forecast_chart.alt_text("store 1", sold(), None).endswith("; no forecast yet.")


@pytest.mark.parametrize("closed", [True, False])
def test_a_store_with_no_open_day_ahead_is_drawn(closed: bool) -> None:  # noqa: FBT001 - a case
    """Nothing but columns, and no error."""
    figure = drawn(ahead(is_open=not closed))
    assert len(bands(figure)) == (0 if closed else 1)
