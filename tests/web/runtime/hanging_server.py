"""A server that never ends by itself, limited by `web.runtime.shutdown`; its argument is the limit."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette

from web.runtime import shutdown


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    """Say when it has started; never end."""
    shutdown.LAST_SECONDS = float(sys.argv[1])  # type: ignore[misc] # shorter than in earnest
    shutdown.limit_shutdown()
    print("started", flush=True)  # noqa: T201 - the test waits for it
    yield
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvicorn.run(Starlette(lifespan=lifespan), port=0, log_level="error")
