"""Pages can be used by those who see little or nothing: axe-core finds nothing serious on them.

https://github.com/dequelabs/axe-core/blob/develop/doc/rule-descriptions.md
"""

from collections.abc import Callable, Iterator, Mapping

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.screen import Screen
from tests.browser.server import Server, serving

pytestmark = pytest.mark.browser

STREAMLITS_OWN: Mapping[str, str] = {
    "aria-dialog-name": ".stToast",
}
"""What axe finds on a bare page of Streamlit's too, here what answers Refresh all: by rule, where."""

BARE_PAGE = "tests/browser/bare_page.py"
GRAVE = ("serious", "critical")
THEMES = ("light", "dark")
PHONE = {"width": 390, "height": 844}

FIND = """async ([grave]) => {
    const {violations} = await axe.run({resultTypes: ["violations"]});
    return violations.filter(each => grave.includes(each.impact)).flatMap(each => each.nodes.map(node => [
        each.id, node.target.flat().join(" "), node.html.slice(0, 200), node.failureSummary,
    ]));
}"""
"""Rule, selector, markup and explanation of everything grave."""

UNREADABLE = """<div style="position: fixed; top: 300px; left: 0; z-index: 9999999; background: #fff">
    <button></button><p style="color: #ccc">unreadable</p></div>"""

Finding = tuple[str, str, str, str]


def found(page: Page) -> list[Finding]:
    """What axe finds grave on a page as it is now."""
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    page.evaluate(AXE_SCRIPT)
    return [tuple(each) for each in page.evaluate(FIND, [list(GRAVE)])]


def ours(page: Page) -> list[Finding]:
    """What is left of it without Streamlit's own."""
    return [
        each
        for each in found(page)
        if not (each[0] in STREAMLITS_OWN and is_of(page, each[1], STREAMLITS_OWN[each[0]]))
    ]


def is_of(page: Page, selector: str, kind: str) -> bool:
    """Whether the element of a finding is of a kind."""
    return bool(page.evaluate("([one, kind]) => document.querySelector(one).matches(kind)", [selector, kind]))


def open_queue(screen: Screen) -> None:
    """My stores."""
    expect(screen.grid).to_be_visible()


def open_export(screen: Screen) -> None:
    """A store with its Export menu open."""
    screen.go_to("Store forecast")
    screen.expect_sold()
    screen.page.get_by_role("button", name="Export").click()
    expect(screen.page.get_by_role("button", name="Excel file")).to_be_visible()


def close_export(screen: Screen) -> None:
    """The same page alone."""
    screen.page.keyboard.press("Escape")
    expect(screen.page.get_by_role("button", name="Excel file")).to_have_count(0)


def open_page(title: str, part: str) -> Callable[[Screen], None]:
    """Another page, once a part of it is there."""

    def go(screen: Screen) -> None:
        screen.go_to(title)
        expect(screen.page.get_by_test_id(part).first).to_be_visible()

    return go


LOOKS: Mapping[str, Callable[[Screen], None]] = {
    "queue": open_queue,
    "export": open_export,
    "store": close_export,
    "compare": open_page("Compare", "stPlotlyChart"),
    "accuracy": open_page("Accuracy", "stPlotlyChart"),
    "sales data": open_page("Sales data", "stFileUploader"),
    "activity": open_page("Activity", "stDataFrame"),
}
"""Every page, in the order they are gone through."""


@pytest.fixture(scope="module")
def bare_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a bare page, with the settings of ours."""
    with serving(tmp_path_factory.mktemp("bare"), script=BARE_PAGE) as server:
        server.wait_for_health()
        yield server


@pytest.mark.parametrize("theme", THEMES)
def test_no_page_has_anything_grave(server: Server, visit: Visit, theme: str) -> None:
    """No unreadable contrast, no control without a name, no picture without words, in either theme."""
    screen = visit(server, "/", color_scheme=theme)
    for name, look in LOOKS.items():
        look(screen)
        assert (name, ours(screen.page)) == (name, [])


@pytest.mark.parametrize(("rule", "kind"), STREAMLITS_OWN.items())
def test_what_is_left_aside_is_streamlits_own(
    bare_server: Server, visit: Visit, rule: str, kind: str
) -> None:
    """A bare page has it too; once it has not, it is to be taken from the list."""
    page = visit(bare_server, "/").page
    expect(page.locator(kind)).to_be_visible()
    assert [each[0] for each in found(page) if is_of(page, each[1], kind)] == [rule]
    assert ours(page) == []


def test_what_is_grave_would_be_found(server: Server, visit: Visit) -> None:
    """A button without a name, and words that can't be read."""
    screen = visit(server, "/activity")
    expect(screen.grid).to_be_visible()
    screen.main.evaluate("(main, bad) => main.insertAdjacentHTML('beforeend', bad)", UNREADABLE)
    assert {each[0] for each in ours(screen.page)} == {"button-name", "color-contrast"}


@pytest.mark.parametrize(
    "path", ["/", "/store_forecast?store=1", "/compare?sides=4", "/accuracy", "/sales_data"]
)
def test_a_page_is_no_wider_than_a_phone(server: Server, visit: Visit, path: str) -> None:
    """Nothing has to be pushed sideways but what scrolls by itself, such as a table."""
    screen = visit(server, path, viewport=PHONE)
    expect(screen.main.get_by_test_id("stElementContainer").last).to_be_attached()
    expect(screen.main.get_by_test_id("stSkeleton")).to_have_count(0)
    expect(screen.page.get_by_test_id("stDataFrame").or_(screen.chart).first).to_be_visible()
    width, widest = screen.main.evaluate(
        """main => [main.clientWidth, Math.max(...[...main.querySelectorAll(
            '[data-testid=stElementContainer]')].map(each => each.getBoundingClientRect().right))]"""
    )
    assert width == PHONE["width"]
    assert widest <= width
    assert screen.page.evaluate("document.documentElement.scrollWidth") == width
