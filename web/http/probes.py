"""Probes and metrics: `GET /healthz` (is it alive), `/readyz` (can it work), `/metrics` (for Prometheus).

They need no login and say nothing about a single store. They never hang: a check that does not answer in time
counts as failed.
"""

import asyncio
import dataclasses
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from forecasting.core.domain import SYSTEM
from forecasting.core.errors import StateUnavailable, StorageError
from forecasting.services.readiness import Check, Need
from forecasting.services.vital_signs import VitalSigns
from web.http.prometheus_metrics import CONTENT_TYPE, exposition
from web.runtime.shared_call import SharedCall
from web.shared import access

CHECK_SECONDS = 3.0
"""How long a check may take; a probe usually waits for 5 to 10 s."""

SCRAPE_SECONDS = 5.0
"""How long collecting the metrics may take; Prometheus waits for 10 s by default."""

NOT_STORED = {"Cache-Control": "no-store"}


async def healthz(_request: Request) -> Response:
    """Answer 200 while the process lives; touches nothing else."""
    return JSONResponse({"status": "live"}, headers=NOT_STORED)


async def readyz(_request: Request) -> Response:
    """Answer 200 if everything that the service needs is available, else 503 with what is missing."""
    checks = await _checks()
    ready = all(check.ok for check in checks.values())
    body = {
        "status": "ready" if ready else "not ready",
        "checks": {name: dataclasses.asdict(check) for name, check in checks.items()},
    }
    return JSONResponse(body, status_code=200 if ready else 503, headers=NOT_STORED)


async def metrics(_request: Request) -> Response:
    """Answer with the metrics; with only ``storecast_up 0`` and the version if the database can't be used."""
    try:
        signs = await _signs.result(SCRAPE_SECONDS)
    except (StorageError, TimeoutError):
        signs = None
    return Response(exposition(signs), media_type=CONTENT_TYPE, headers=NOT_STORED)


async def _checks() -> dict[str, Check]:
    try:
        access.services()
    except StateUnavailable as error:
        return {"start": Check(ok=False, detail=str(error))}
    checks = await asyncio.gather(*map(_checked, Need))
    return dict(zip(Need, checks, strict=True))


async def _checked(need: Need) -> Check:
    try:
        return await _needs[need].result(CHECK_SECONDS)
    except TimeoutError:
        return Check(ok=False, detail=f"{need}: no answer within {CHECK_SECONDS:g} s")
    except StateUnavailable as error:  # the server is stopping
        return Check(ok=False, detail=str(error))


def _check(need: Need) -> Check:
    return access.services().operations.check(SYSTEM, need)


def _vital_signs() -> VitalSigns:
    return access.services().operations.vital_signs(SYSTEM)


_needs = {need: SharedCall(partial(_check, need)) for need in Need}
_signs = SharedCall(_vital_signs)
_app = Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)])


def routes() -> list[Route]:
    """The three paths as routes for `st.App`; methods other than GET and HEAD are answered 405."""
    return [Route(path, _app) for path in ("/healthz", "/readyz", "/metrics")]
