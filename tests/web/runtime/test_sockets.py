import socket

from web.runtime.sockets import send_at_once


def test_connections_accepted_later_send_small_packets_at_once() -> None:
    """Whoever bound the socket; a connection does not wait for acknowledgements."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        send_at_once()
        with socket.create_connection(listening.getsockname()):
            accepted, _address = listening.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
