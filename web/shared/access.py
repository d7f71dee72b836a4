"""The user who asks, and the services that answer."""

from forecasting.core.domain import LOCAL_USER, Principal
from forecasting.core.errors import StateUnavailable
from forecasting.services.composition import Services

_installed: list[Services] = []
_trouble: list[str] = []


def install(services: Services) -> None:
    """Make these the services of this process; called by the lifespan."""
    _installed[:] = [services]


def refuse(reason: str) -> None:
    """Answer every request with the reason why Storecast could not start; called by the lifespan."""
    _trouble[:] = [reason]


def trouble() -> str | None:
    """Why Storecast could not start, in a sentence for users; None if it started.

    The reason stays until Storecast is started again.
    """
    return _trouble[0] if _trouble else None


def uninstall() -> None:
    """Forget the services, and why Storecast could not start; called at shutdown."""
    _installed.clear()
    _trouble.clear()


def services() -> Services:
    """The services of this process.

    Raises
    ------
    StateUnavailable
        If the lifespan has not started them yet, or could not.
    """
    if not _installed:
        raise StateUnavailable(trouble() or "Storecast is starting; try again in a moment")
    return _installed[0]


def require_user() -> Principal:
    """The user of this session or request; every page and every API operation calls this first.

    Without a login provider there is one local user, and `web.http.guard` admits only this machine.
    """
    return LOCAL_USER
