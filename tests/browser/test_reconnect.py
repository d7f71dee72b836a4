"""The server goes away under an open page, and comes back."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NAIVE, Visit
from tests.browser.screen import STORE_PAGE, Screen
from tests.browser.server import serving

pytestmark = pytest.mark.browser

NOTE = "() => getComputedStyle(document.querySelector('[data-testid=stHeader]'), '::after')"
IS_TOLD = f"() => {{ const note = ({NOTE})(); return note.content !== 'none' && note.opacity === '1'; }}"
TOLD = f"() => ({NOTE})().content"


def lost(screen: Screen) -> None:
    """Expect Streamlit's notice, close it, and expect that ours stays and nothing can be pressed."""
    notice = screen.page.get_by_role("dialog")
    expect(notice).to_contain_text("Connection error")
    screen.page.keyboard.press("Escape")
    expect(notice).to_have_count(0)
    screen.page.wait_for_function(IS_TOLD)
    assert screen.page.evaluate(TOLD) == '"Offline. Reconnecting …"'
    expect(screen.refresh).to_be_disabled()


def test_a_page_outlives_its_server_and_goes_on_with_the_next(home: Path, visit: Visit) -> None:
    """It says that the connection is lost, keeps what it shows, and is alive again, with the same product."""
    with serving(home, **NAIVE) as server:
        server.wait_for_health()
        screen = visit(server, f"{STORE_PAGE}?store=2&item=102")
        screen.expect_forecast()
        assert screen.page.evaluate(TOLD) == "none"
        screen.mark()
        server.terminate()
    lost(screen)
    screen.expect_choice("2", "102")
    screen.expect_forecast()

    with serving(home, server.port, **NAIVE):
        expect(screen.refresh).to_be_enabled(timeout=60_000)
        screen.page.wait_for_function(f"() => !({IS_TOLD})()")
        screen.expect_choice("2", "102")
        screen.pick("Store", "3")  # a button pressed before the new server has drawn it is not heard
        screen.expect_choice("3", "102")
        screen.expect_forecast()
        assert screen.address == {"store": "3", "item": "102"}
        assert screen.is_marked()
