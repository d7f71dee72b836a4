"""Small messages leave at once.

Streamlit 1.67 binds its socket itself, without naming TCP, and asyncio sets ``TCP_NODELAY`` only on sockets
that do. So a page's second packet waited until the reader's machine had acknowledged the first, which it
delays by 40 ms and more (Nagle's algorithm, RFC 896, against delayed acknowledgements, RFC 1122).
"""

import os
import socket

import psutil


def send_at_once() -> None:
    """Set ``TCP_NODELAY`` on every socket this process listens on; connections inherit it."""
    for connection in psutil.Process().net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.fd >= 0:
            with socket.socket(fileno=os.dup(connection.fd)) as listening:
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
