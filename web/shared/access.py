"""Who is asking, and the services that answer."""

from forecasting.core.domain import LOCAL_USER, Principal
from forecasting.core.errors import StateUnavailable
from forecasting.services.composition import Services

_installed: list[Services] = []
_trouble: list[str] = []


def install(services: Services) -> None:
    """Make these the services of this process; called by the lifespan."""
    _installed[:] = [services]


def refuse(reason: str) -> None:
    """Answer everything with the one sentence that says why Storecast could not start; by the lifespan."""
    _trouble[:] = [reason]


def trouble() -> str | None:
    """Why Storecast could not start, in one sentence fit to be shown; None where it could.

    It stays until Storecast is started again.
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
        If the lifespan has not started it, or could not.
    """
    if not _installed:
        raise StateUnavailable(trouble() or "Storecast is starting; try again in a moment")
    return _installed[0]


def require_user() -> Principal:
    """Who is asking; every page and every API operation calls this first.

    Without a login provider there is one local user, and `web.http.guard` admits only this machine.
    """
    return LOCAL_USER
