"""Nobody has to log in, so nobody from elsewhere gets in, and nothing gets out."""

import socket
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Request, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from tests.browser.conftest import Visit
from tests.browser.server import Server, serving, until

pytestmark = pytest.mark.browser

STREAM = "/_stcore/stream"


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])  # noqa: S104 - that they are refused is the point
def test_a_server_that_would_listen_beyond_this_machine_does_not_start(home: Path, address: str) -> None:
    """It ends with a message that names the setting, having answered nobody."""
    with serving(home, STREAMLIT_SERVER_ADDRESS=address) as server:
        until(lambda: server.exit_code is not None, 30, "the server ends")
        assert server.exit_code != 0
        assert "server.address: expected a loopback address (127.0.0.1)" in server.log
        assert f"found {address}" in server.log


@pytest.mark.parametrize("path", ["/", "/activity", "/docs", "/_stcore/health", "/_stcore/host-config"])
def test_a_request_under_a_foreign_name_is_refused(server: Server, path: str) -> None:
    """A page elsewhere that points its own name at this machine (DNS rebinding) reads nothing."""
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", ""):
        answer = server.ask("GET", path, headers={"Host": host})
        assert (answer.status_code, answer.text) == (403, "Storecast answers on this machine only.\n")


def test_a_training_is_not_started_under_a_foreign_name(server: Server) -> None:
    """The API is guarded like the pages."""
    before = server.runs("3")
    answer = server.ask("POST", "/training", json={"store_number": 3}, headers={"Host": "evil.example"})
    assert answer.status_code == 403
    assert server.runs("3") == before


def stream(server: Server, host: str, origin: str) -> ClientConnection:
    """Open the pages' WebSocket under a name and from a site."""
    line = socket.create_connection(("127.0.0.1", server.port))
    uri = f"ws://{host}:{server.port}{STREAM}"
    return connect(uri, sock=line, origin=Origin(origin), subprotocols=[Subprotocol("streamlit")])


def test_a_websocket_opens_from_this_machine_only(server: Server) -> None:
    """Neither under a foreign name nor from a foreign site."""
    own = f"http://localhost:{server.port}"
    with stream(server, "localhost", own) as open_stream:
        assert open_stream.subprotocol == "streamlit"
    for host, origin in (("evil.example", "http://evil.example"), ("localhost", "http://evil.example")):
        with pytest.raises(InvalidStatus) as refused:
            stream(server, host, origin)
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "path", ["/", "/activity", "/docs", "/openapi.json", "/_stcore/health", "/nowhere.js"]
)
def test_every_answer_carries_the_security_headers(server: Server, path: str) -> None:
    """Pages, API and assets alike: no foreign sources, no framing, no sniffing."""
    headers = server.ask("GET", path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_pages_need_nothing_from_elsewhere(server: Server, visit: Visit) -> None:
    """Every request goes to this server, and the policy stops nothing the pages use."""
    screen = visit(server, "/docs", spoilt=True)
    asked: list[str] = []
    said: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    def hear(message: ConsoleMessage) -> None:
        said.append(message.text)

    screen.page.on("request", note)
    screen.page.on("console", hear)
    screen.page.on("pageerror", lambda error: said.append(f"uncaught: {error}"))
    for path in ("/activity", "/", "/docs"):
        screen.page.goto(path)
        if path != "/docs":
            expect(screen.grid).to_be_visible()
    assert asked
    inside = (server.url, "data:", "blob:")
    assert [url for url in asked if not url.startswith(inside)] == []
    assert [text for text in said if "Content Security Policy" in text or text.startswith("uncaught")] == []
