"""Every template escapes what it is given."""

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from jinja2 import UndefinedError

from forecasting.planning.alerts import Alert, AlertKind
from web.http.api_docs import Answer, Field, Operation
from web.shared import templates
from web.shared.html_table import Heading
from web.shared.tiles import Tile
from web.store.outcome_strip import Mark
from web.store.waterfall import DrawnBar

HOSTILE = ("<script>alert(1)</script>", '" onmouseover="alert(1)', "' onmouseover='alert(1)", "&amp;")


def values(name: str) -> dict[str, dict[str, Any]]:
    """What each template is rendered with, by its file name; all text is `name`."""
    return {
        "alerts.html": {"alerts": [(Alert(AlertKind.CLOSED, name, name), "calm", "event_busy")]},
        "api_docs.html": {
            "title": name,
            "summary": name,
            "operations": [
                Operation(
                    name,
                    name,
                    name,
                    (Field(name, is_required=True, description=name),),
                    (Answer(name, name, name),),
                )
            ],
        },
        "days_inside.html": {"inside": name, "judged": name, "expected": name},
        "note.html": {"text": name},
        "outcome_legend.html": {"entries": [("●", name)]},
        "outcome_strip.html": {
            "marks": [Mark("●", name, is_miss=True)],
            "weeks": [name],
            "description": name,
        },
        "paper_heading.html": {"title": name, "facts": name},
        "paper_rows.html": {"table": name, "note": name},
        "paragraph.html": {"text": name},
        "scrolling.html": {"label": name, "content": name},
        "section.html": {"title": name, "content": [name]},
        "table.html": {"headings": [Heading(name)], "rows": [([name], name)]},
        "tiles.html": {"tiles": [Tile(name, name, name, name)]},
        "waterfall.html": {"bars": [DrawnBar(name, name, name, 0.0, 1.0)], "description": name},
    }


def elements(html: str) -> list[tuple[str, list[str]]]:
    """Tag and names of the attributes of every element."""
    return [(each.tag, [*each.attrib]) for each in ET.fromstring(html).iter()]  # noqa: S314 - our own


def test_each_template_is_tested() -> None:
    """A new template needs a case above."""
    owned = {path.name for path in templates.TEMPLATES.glob("*.html")}
    assert values("").keys() == owned


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("template", values(""))
def test_a_hostile_name_stays_text(template: str, name: str) -> None:
    """The document has the elements and attributes it has with a harmless name, and shows the name."""
    drawn = templates.render(template, **values(name)[template])
    assert elements(drawn) == elements(templates.render(template, **values("store 17")[template]))
    read = [*ET.fromstring(drawn).itertext()]  # noqa: S314 - our own
    read += [value for each in ET.fromstring(drawn).iter() for value in each.attrib.values()]  # noqa: S314
    assert any(name in part for part in read)


def test_a_missing_value_is_an_error() -> None:
    """Instead of an empty place on the page."""
    with pytest.raises(UndefinedError):
        templates.render("note.html")
