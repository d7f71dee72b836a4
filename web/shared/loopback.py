"""Addresses and host names of this machine."""

import ipaddress

from forecasting.core.errors import UnsafeBinding

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


def refuse_beyond_loopback(address: str | None) -> None:
    """Check the address that the server is configured to listen on.

    Raises
    ------
    UnsafeBinding
        If it isn't a loopback address; None means every interface.
    """
    if address is None or not is_loopback(address):
        raise UnsafeBinding(
            f"server.address: expected a loopback address (127.0.0.1) while nobody has to log in, "
            f"found {address or 'none, which is every interface'}"
        )


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    if host in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
