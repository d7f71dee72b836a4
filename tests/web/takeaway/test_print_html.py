"""Exported tables as HTML."""

from tests.web.takeaway.tables import AS_OF, export, queue_row
from web.takeaway import print_html
from web.takeaway.queue_table import queue_table
from web.takeaway.series_table import series_table


def test_days_are_printed_as_the_page_shows_them() -> None:
    """Whole units, closed days as a word."""
    html = print_html.rows(series_table(export()), ("date", "expected", "event"))
    assert "<th>Day</th>" in html
    assert '<td>Thu 11 Apr</td><td class="figure">1,301</td><td></td>' in html
    assert '<td>Sun 14 Apr</td><td class="figure">closed</td><td></td>' in html
    assert "Low" not in html


def test_the_heading_has_the_title_and_the_chosen_facts() -> None:
    """Other facts are left out."""
    html = print_html.heading(series_table(export()), ("As of", "Version"))
    assert "<h1>Demand forecast: store 17, all products</h1>" in html
    assert "<p>As of Monday 8 April 2019 · Version 41</p>" in html


def test_names_are_escaped() -> None:
    """In the heading and in the rows."""
    table = queue_table([queue_row("<b>x</b>", reason="<script>")], AS_OF, "<i>")
    html = print_html.heading(table, ("Shown",)) + print_html.rows(table, ("store", "reason"))
    assert not any(tag in html for tag in ("<b>", "<script>", "<i>"))
    assert "&lt;b&gt;x&lt;/b&gt;" in html


def test_a_very_long_table_is_cut_and_says_so() -> None:
    """The Excel file has all rows."""
    html = print_html.rows(queue_table([queue_row(str(n)) for n in range(1115)], AS_OF, "All"), ("store",))
    assert html.count("<tr>") == print_html.MOST_ROWS + 1
    assert "The first 60 of 1,115; the Excel file has all." in html


def test_the_table_of_days_marks_weeks_and_closed_days() -> None:
    """A line above each Monday, quiet closed days."""
    html = print_html.days(series_table(export()), ("date", "expected"), "Forecast by day")
    assert 'aria-label="Forecast by day"' in html
    assert '<tr class="week"><td>Mon 8 Apr</td>' in html
    assert '<tr class="quiet"><td>Sun 14 Apr</td><td class="figure">closed</td></tr>' in html
