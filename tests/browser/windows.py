"""Windows of the browser that are used again.

One that has a server's scripts compiled opens its next page in a third of the time and of the work.
"""

import json
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Browser, Error, Page

PATIENCE_MS = 20_000
USUAL = {"viewport": {"width": 1366, "height": 768}, "locale": "en-GB", "timezone_id": "Europe/Berlin"}
KEPT = 3
"""So many free windows at most; each takes a hundred megabytes."""

QUIET = "/_stcore/health"
"""Where free windows are: a page of the same server, else the browser starts a new process."""


class Windows:
    """Windows with storage and cookies of their own, each on one server and with one set of options.

    Parameters
    ----------
    chromium
        The browser.
    """

    def __init__(self, chromium: Browser) -> None:
        self._chromium = chromium
        self._free: list[tuple[str, Page]] = []

    def take(self, url: str, other: Mapping[str, Any]) -> tuple[str, Page]:
        """A window on the server at this address, with `other` options of Playwright's; and what it is."""
        kind = json.dumps([url, {**USUAL, **other}], sort_keys=True)
        for at, (known, page) in enumerate(self._free):
            if known == kind:
                del self._free[at]
                return kind, page
        context = self._chromium.new_context(base_url=url, **(USUAL | dict(other)))
        context.set_default_timeout(PATIENCE_MS)
        return kind, context.new_page()

    def give_back(self, kind: str, page: Page) -> None:
        """Make a window free as it was, or close it where its server has ended."""
        try:
            for other in page.context.pages:
                if other is not page:
                    other.close()
            page.set_viewport_size(json.loads(kind)[1]["viewport"])
            page.goto(QUIET)
            page.evaluate("localStorage.clear(); sessionStorage.clear()")
        except Error:
            page.context.close()
            return
        self._free.append((kind, page))
        while len(self._free) > KEPT:
            _kind, oldest = self._free.pop(0)
            oldest.context.close()
