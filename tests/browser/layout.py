"""What of a page sticks out, overlaps, or is cut off, as the browser has laid it out."""

from playwright.sync_api import Page

BLOCKS = ", ".join(
    f"[data-testid={name}]"
    for name in (
        "stHeader", "stHeading", "stMarkdown", "stCaptionContainer", "stMetric", "stPlotlyChart",
        "stDataFrame", "stAlert", "stExpander", "stSelectbox", "stTextInput", "stButton", "stButtonGroup",
        "stCheckbox", "stPopover", "stFileUploader", "stProgress",
    )
)  # fmt: skip
"""What a page is made of. A heading counts as far as its words go: the room below them is Streamlit's."""

SHOWN = """
const words = element => {
    const range = document.createRange();
    range.selectNodeContents(element.querySelector('h1, h2, h3, h4, h5, h6'));
    return range;
};
const box = element => (
    element.dataset.testid === 'stHeading' ? words(element) : element
).getBoundingClientRect();
const shown = element => box(element).width > 0 && box(element).height > 0;
const name = element => `${element.dataset.testid || element.tagName} “${element.innerText.slice(0, 40)}”`;
"""

STICKING_OUT = f"""() => {{
    {SHOWN}
    const clips = element => element !== null && element.dataset.testid !== 'stMain'
        && (getComputedStyle(element).overflowX !== 'visible' || clips(element.parentElement));
    return [...document.querySelectorAll('[data-testid=stMain] *')]
        .filter(each => shown(each) && (box(each).right > innerWidth + 1 || box(each).left < -1))
        .filter(each => !clips(each.parentElement))
        .map(name);
}}"""
"""Elements beyond the sides of the window that nothing between them and the page scrolls or clips."""

OVERLAPPING = f"""blocks => {{
    {SHOWN}
    const all = [...document.querySelectorAll(blocks)].filter(shown);
    const outer = all.filter(each => !all.some(other => other !== each && other.contains(each)));
    const common = (one, other, from, to) => Math.min(one[to], other[to]) - Math.max(one[from], other[from]);
    return outer.flatMap((each, at) => outer.slice(at + 1)
        .filter(other => common(box(each), box(other), 'left', 'right') > 1
            && common(box(each), box(other), 'top', 'bottom') > 1)
        .map(other => `${{name(each)}} and ${{name(other)}}`));
}}"""
"""Pairs of blocks, none within another, that share a place."""

CUT_OFF = f"""() => {{
    {SHOWN}
    return [...document.querySelectorAll('[data-testid=stMain] *')]
        .filter(each => shown(each) && getComputedStyle(each).textOverflow === 'ellipsis')
        .filter(each => each.scrollWidth > each.clientWidth + 1)
        .map(name);
}}"""
"""Words that end in an ellipsis."""


def is_wider_than_the_window(page: Page) -> bool:
    """Whether page or window can be scrolled sideways."""
    within = "element => element.scrollWidth > element.clientWidth"
    return any(page.locator(each).evaluate(within) for each in ("html", "body", "[data-testid=stMain]"))


def sticking_out(page: Page) -> list[str]:
    """What is beyond the sides of the window."""
    found: list[str] = page.evaluate(STICKING_OUT)
    return found


def overlapping(page: Page) -> list[str]:
    """What lies upon something else."""
    found: list[str] = page.evaluate(OVERLAPPING, BLOCKS)
    return found


def cut_off(page: Page) -> list[str]:
    """Words there is no room for."""
    found: list[str] = page.evaluate(CUT_OFF)
    return found
