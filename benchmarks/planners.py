"""The actions of planners in a morning, as browser tabs: open a page, think, open the next store."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack

import httpx2

from benchmarks.streamlit_client import FIRST_PAGE, Record, Tab

QUEUE, STORE, ACCURACY, ACTIVITY = "", "store_forecast", "accuracy", "activity"
NAMES = {QUEUE: "My stores", STORE: "Store forecast", ACCURACY: "Accuracy", ACTIVITY: "Activity"}

Step = Callable[[Tab, random.Random], Coroutine[None, None, None]]


async def _see_page(tab: Tab, page: str) -> None:
    """Be on a page; its link is pressed even where one is there already, which runs it again."""
    await tab.go_to(f"open {NAMES[page]}", page)


async def _queue(tab: Tab, _draw: random.Random) -> None:
    await _see_page(tab, QUEUE)


async def _part(tab: Tab, draw: random.Random) -> None:
    """Choose a part of the queue."""
    if tab.page != QUEUE:
        await _see_page(tab, QUEUE)
    else:
        await tab.choose(
            "another part of My stores", "Part of the queue", draw.choice(tab.options("Part of the queue"))
        )


async def _store(tab: Tab, draw: random.Random) -> None:
    if tab.page != STORE:
        await _see_page(tab, STORE)
    else:
        await tab.choose("another store", "Store", draw.choice(tab.options("Store")))


async def _next_store(tab: Tab, _draw: random.Random) -> None:
    if tab.page != STORE:
        await _see_page(tab, STORE)
    else:
        await tab.press("next store", "next_store")


async def _product(tab: Tab, draw: random.Random) -> None:
    if tab.page != STORE:
        await _see_page(tab, STORE)
    else:
        await tab.choose("another product", "Product", draw.choice(tab.options("Product")))


async def _accuracy(tab: Tab, draw: random.Random) -> None:
    if tab.page != ACCURACY:
        await _see_page(tab, ACCURACY)
    else:
        await tab.choose("accuracy of another store", "Store", draw.choice(tab.options("Store")))


async def _activity(tab: Tab, _draw: random.Random) -> None:
    await _see_page(tab, ACTIVITY)


MORNING: Sequence[tuple[Step, int]] = (
    (_store, 30),
    (_next_store, 10),
    (_product, 20),
    (_queue, 12),
    (_part, 8),
    (_accuracy, 12),
    (_activity, 8),
)
"""Steps with their weights in percent; a step that needs another page opens that page."""


async def _bare(tab: Tab, draw: random.Random) -> None:
    await tab.choose("bare page", "Store", draw.choice(tab.options("Store")))


BARE: Sequence[tuple[Step, int]] = ((_bare, 1),)
"""Steps on the page of the peer, with their weights in percent."""


ARRIVING = 4.0
"""All planners arrive within this many thinking times. Measurement starts then, except for first pages."""


async def crowd(
    address: str, clients: int, seconds: float, think: float, steps: Sequence[tuple[Step, int]], seed: int
) -> Record:
    """Let so many planners work at the same time, and return what they have seen once all are there.

    They come one after another. Each thinks half to one and a half times `think` seconds after every answer.
    """
    record = Record()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx2.AsyncClient(trust_env=False, timeout=30))
        tabs = [Tab(address, record) for _ in range(clients)]
        for tab in tabs:
            stack.push_async_callback(tab.close)
        arrived = ARRIVING * think
        asyncio.get_running_loop().call_later(arrived, record.begin, FIRST_PAGE)
        until = asyncio.get_running_loop().time() + arrived + seconds
        async with asyncio.TaskGroup() as group:
            for number, tab in enumerate(tabs):
                draw = random.Random(f"{seed}/{number}")  # noqa: S311 - no secret, and the same in each run
                group.create_task(_plan(tab, http, think, steps, draw, until))
    return record


async def _plan(
    tab: Tab,
    http: httpx2.AsyncClient,
    think: float,
    steps: Sequence[tuple[Step, int]],
    draw: random.Random,
    until: float,
) -> None:
    now = asyncio.get_running_loop().time
    doing, weights = zip(*steps, strict=True)
    await asyncio.sleep(ARRIVING * think * draw.random())
    await tab.open(http)
    while (pause := think * draw.uniform(0.5, 1.5)) < until - now():
        await asyncio.sleep(pause)
        (step,) = draw.choices(doing, weights)
        await step(tab, draw)
