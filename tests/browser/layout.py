"""What of a page sticks out, overlaps, or is cut off, as the browser has laid it out."""

from contextlib import suppress

from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as StillWrong

BLOCKS = ", ".join(
    name if name.startswith(".") else f"[data-testid={name}]"
    for name in (
        "stHeader", "stHeading", "stMarkdown", "stCaptionContainer", "stPlotlyChart",
        "stDataFrame", "stAlert", "stExpander", "stSelectbox", "stTextInput", "stButton", "stButtonGroup",
        "stCheckbox", "stPopover", "stFileUploader", "stProgress",
        ".tiles", ".alerts", ".sheet", ".waterfall", ".strip",
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
const shown = element => element.checkVisibility() && box(element).width > 1 && box(element).height > 1;
const start = element => element.textContent.trim().slice(0, 40);
const name = element => `${element.dataset.testid || element.tagName} “${start(element)}”`;
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


WIDER = """() => ['html', 'body', '[data-testid=stMain]'].map(each => document.querySelector(each))
    .filter(each => each.scrollWidth > each.clientWidth)
    .map(each => `all of ${each.tagName}`)"""
"""What of page and window can be scrolled sideways."""

WRONG = f"""blocks => [
    ...({WIDER})().map(each => `wider than the window: ${{each}}`),
    ...({STICKING_OUT})().map(each => `sticks out: ${{each}}`),
    ...({OVERLAPPING})(blocks).map(each => `overlap: ${{each}}`),
    ...({CUT_OFF})().map(each => `cut off: ${{each}}`),
]"""

REST_MS = 8_000
"""How long charts and tables may take to follow the window."""


def wrong(page: Page, rest_ms: int = REST_MS) -> list[str]:
    """What is wrong with how a page is laid out, once it has come to rest."""
    with suppress(StillWrong):
        page.wait_for_function(f"blocks => ({WRONG})(blocks).length === 0", arg=BLOCKS, timeout=rest_ms)
    found: list[str] = page.evaluate(WRONG, BLOCKS)
    return found
