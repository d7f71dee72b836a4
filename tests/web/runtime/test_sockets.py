"""Nagle's algorithm on the sockets that Streamlit binds."""

import socket
from collections.abc import Iterator

import pytest
from streamlit.web.server.starlette import starlette_server

from web.runtime.sockets import disable_nagle


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A socket bound as Streamlit 1.67 binds the server's."""
    with starlette_server._bind_socket("127.0.0.1", 0, 1) as bound:
        bound.settimeout(None)
        yield bound


def no_delay_of_a_connection(listening: socket.socket) -> int:
    """TCP_NODELAY of a connection the server accepts."""
    with socket.create_connection(listening.getsockname()):
        accepted, _address = listening.accept()
        with accepted:
            return accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_connections_accepted_later_send_small_packets_at_once(listening: socket.socket) -> None:
    """A connection does not wait for acknowledgements."""
    disable_nagle()
    assert no_delay_of_a_connection(listening) != 0


def test_streamlit_does_not_do_it_itself(listening: socket.socket) -> None:
    """Asyncio would, on a socket that names TCP. Fails if the module is no longer needed."""
    assert listening.proto != socket.IPPROTO_TCP
    assert no_delay_of_a_connection(listening) == 0
