import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from forecasting.core.errors import UnsafeBinding
from web.http.guard import LoopbackOnly, SecurityHeaders
from web.shared.loopback import refuse_beyond_loopback

Message = dict[str, Any]


def asked(host: str, server: str = "127.0.0.1", kind: str = "http") -> list[Message]:
    """What the guarded app answers to a request for a host that arrived at an address."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def inner(scope: Message, receive: Callable[[], Awaitable[Message]], send: Any) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
        else:
            await PlainTextResponse("hello")(scope, receive, send)

    headers = [(b"host", host.encode())]
    scope = {"type": kind, "method": "GET", "path": "/", "headers": headers, "server": (server, 8501)}
    asyncio.run(SecurityHeaders(LoopbackOnly(inner))(scope, receive, send))  # type: ignore[arg-type] # plain dicts
    return sent


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1", "[::1]:8501", "127.8.9.1:1"])
def test_this_machine_is_answered(host: str) -> None:
    """Under each of its names."""
    assert asked(host)[0]["status"] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.5", ""]
)
def test_a_foreign_name_is_refused(host: str) -> None:
    """A page elsewhere can point its own name here."""
    assert asked(host)[0]["status"] == 403


def test_a_connection_from_beyond_is_refused_whatever_name_it_uses() -> None:
    """The server was bound wider than it should have been."""
    assert asked("localhost", server="10.0.0.5")[0]["status"] == 403


def test_a_foreign_websocket_is_closed() -> None:
    """Before it is accepted."""
    assert asked("evil.example", kind="websocket") == [{"type": "websocket.close", "code": 1008}]
    assert asked("localhost", kind="websocket") == [{"type": "websocket.accept"}]


def test_every_answer_carries_the_security_headers() -> None:
    """Refusals too."""
    for host in ("localhost", "evil.example"):
        headers = {name.decode(): value.decode() for name, value in asked(host)[0]["headers"]}
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.0.0.5", "example.org", None, ""])  # noqa: S104 - refused
def test_a_server_that_would_listen_beyond_this_machine_does_not_start(address: str | None) -> None:
    """The message names the setting and what was found."""
    with pytest.raises(UnsafeBinding, match=r"server\.address: expected a loopback address"):
        refuse_beyond_loopback(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1", "127.0.0.2"])
def test_a_loopback_address_is_fine(address: str) -> None:
    """Nothing is raised."""
    refuse_beyond_loopback(address)
