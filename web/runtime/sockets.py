"""Turn off Nagle's algorithm, so that small messages are sent at once.

Written for Streamlit 1.67. It binds its socket itself and does not name TCP as the protocol, and asyncio sets
``TCP_NODELAY`` only on sockets that do. The second packet of a page then waited until the browser's machine
acknowledged the first, which machines delay by 40 ms or more (RFC 896 and RFC 1122).
"""

import os
import socket

import psutil


def disable_nagle() -> None:
    """Set ``TCP_NODELAY`` on every socket this process listens on; accepted connections inherit it."""
    for connection in psutil.Process().net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.fd >= 0:
            with socket.socket(fileno=os.dup(connection.fd)) as listening:
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
