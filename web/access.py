"""Who is asking, and the service they are answered by."""

from forecasting.domain import LOCAL_USER, Principal
from forecasting.errors import StateUnavailable
from forecasting.service import ForecastService

_installed: list[ForecastService] = []


def install(service: ForecastService) -> None:
    """Make `service` the one this process answers with; called by the lifespan."""
    _installed[:] = [service]


def uninstall() -> None:
    """Forget the service at shutdown."""
    _installed.clear()


def service() -> ForecastService:
    """The process-wide service.

    Raises
    ------
    StateUnavailable
        If the lifespan has not started it.
    """
    if not _installed:
        raise StateUnavailable("Storecast is starting; try again in a moment")
    return _installed[0]


def require_user() -> Principal:
    """Who is asking; every page and every API operation calls this first.

    Without a login provider there is one local user, and `web.guard` lets nobody in from another machine.
    """
    return LOCAL_USER
