import plotly.graph_objects as go

from forecasting.core.error_sums import ErrorSums
from forecasting.evaluation.accuracy_report import ErrorComparison, WeekAhead
from web.accuracy import accuracy_charts
from web.shared.colours import palette

LIGHT, DARK = palette("light"), palette("dark")


def week(number: int, served: float | None, naive: float | None, inside: int = 80) -> WeekAhead:
    """A week ahead of 100 days in which 100 were sold, or nothing."""
    made = [
        ErrorSums() if missed is None else ErrorSums(days=100, sold=100.0, missed=missed, inside=inside)
        for missed in (served, naive)
    ]
    return WeekAhead(7 * number + 1, 7 * number + 7, ErrorComparison(*made))


FOUR = [week(number, 10.0 + number, 20.0, inside=74 + 4 * number) for number in range(4)]


def names(figure: go.Figure) -> list[str]:
    """What is written at the lines' ends."""
    return [note.text for note in figure.layout.annotations]


def test_both_errors_are_drawn_and_named_at_their_ends() -> None:
    """Told apart by name, dash and marker, and not by colour alone."""
    figure = accuracy_charts.error_figure(FOUR, LIGHT)
    average, ours = figure.data
    assert list(ours.y) == [0.1, 0.11, 0.12, 0.13]
    assert names(figure) == ["4-week average", "forecast"]
    assert (average.line.dash, ours.line.dash) == ("dash", "solid")
    assert (average.marker.symbol, ours.marker.symbol) == ("square", "circle")
    assert not figure.layout.showlegend
    assert list(ours.text) == ["10.0%", "11.0%", "12.0%", "13.0%"]
    assert list(figure.layout.xaxis.ticktext) == ["days 1–7", "days 8–14", "days 15–21", "days 22–28"]


def test_the_error_axis_starts_at_zero_and_holds_every_point() -> None:
    """Small differences must not look like cliffs."""
    low, high = accuracy_charts.error_figure(FOUR, LIGHT).layout.yaxis.range
    assert low == 0
    assert high > 0.2


def test_the_figure_of_the_upper_line_stands_above_it() -> None:
    """So that two near lines don't write over each other; their names move apart too."""
    near = [week(0, 10.0, 10.2), week(1, 10.3, 10.1)]
    figure = accuracy_charts.error_figure(near, LIGHT)
    average, ours = figure.data
    assert list(average.textposition) == ["top center", "bottom center"]
    assert list(ours.textposition) == ["bottom center", "top center"]
    shifts = {note.text: note.yshift for note in figure.layout.annotations}
    assert shifts["forecast"] > shifts["4-week average"]


def test_the_average_that_serves_is_one_line() -> None:
    """And is named for both."""
    figure = accuracy_charts.error_figure([week(0, 10.0, 10.0), week(1, 12.0, 12.0)], LIGHT)
    assert len(figure.data) == 1
    assert names(figure) == ["forecast (the<br>4-week average)"]


def test_without_an_average_the_forecast_is_drawn_alone() -> None:
    """And a week without sales is a gap."""
    figure = accuracy_charts.error_figure([week(0, 10.0, None), week(1, None, None)], LIGHT)
    assert [list(line.y) for line in figure.data] == [[0.1, None]]
    assert accuracy_charts.error_figure([week(0, None, None)], LIGHT).layout.yaxis.range[1] > 0


def test_days_inside_the_range_are_drawn_against_the_intended_share() -> None:
    """A dotted line at 80%, and the room chance has."""
    figure = accuracy_charts.coverage_figure(FOUR, LIGHT)
    assert list(figure.data[0].y) == [0.74, 0.78, 0.82, 0.86]
    assert names(figure) == ["80% intended"]
    zone, intended = figure.layout.shapes
    assert (zone.y0, zone.y1, intended.y0, intended.line.dash) == (0.76, 0.86, 0.8, "dot")
    assert list(figure.data[0].textposition) == ["bottom center"] * 2 + ["top center"] * 2


def test_a_range_that_rarely_holds_is_still_on_the_picture() -> None:
    """The axis goes down to it."""
    figure = accuracy_charts.coverage_figure([week(0, 10.0, 20.0, inside=20)], LIGHT)
    assert figure.layout.yaxis.range[0] < 0.2


def test_a_long_horizon_has_few_ticks_and_no_figures() -> None:
    """A year ahead is readable as well."""
    figure = accuracy_charts.error_figure([week(number, 10.0, 20.0) for number in range(52)], LIGHT)
    assert len(figure.layout.xaxis.ticktext) <= accuracy_charts.MOST_LABELS
    assert figure.data[0].mode == "lines+markers"


def test_both_themes_have_their_own_colours() -> None:
    """No ink on ink."""
    assert accuracy_charts.error_figure(FOUR, DARK).data[1].line.color == DARK.accent
    assert accuracy_charts.coverage_figure(FOUR, DARK).layout.shapes[1].line.color == DARK.ink


def test_the_alternative_texts_tell_every_figure() -> None:
    """For people who use a screen reader."""
    first, single = week(0, 10.0, 20.0), WeekAhead(29, 29, week(4, None, None).sums)
    assert accuracy_charts.error_alt([first, single]) == (
        "Error by days ahead, of the forecast and of the 4-week average. "
        "days 1–7: 10.0%, the average 20.0%; day 29: n/a, the average n/a."
    )
    assert accuracy_charts.coverage_alt([first]) == (
        "Share of days inside the range by days ahead; 80% is intended. days 1–7: 80%."
    )
