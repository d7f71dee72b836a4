"""A limit on how long the process takes to end after SIGTERM or Ctrl-C.

Operators give a process ten seconds. uvicorn waits for open requests without limit, so a client that never
sends the rest of its request would keep the server alive for ever. A thread that waits for a lock cannot be
interrupted at all.
"""

import faulthandler
import signal
from types import FrameType

import uvicorn

GRACE_SECONDS = 2
"""How long open requests may take after the signal before they are cancelled."""

LAST_SECONDS = 8.5
"""How long after the signal the process is ended by force, with all stacks on standard error.

That is as safe as a power cut: transactions are atomic, and another worker takes over a run once its lease
has expired. Worker processes notice within half a second that their server is gone.
"""


def limit_shutdown() -> None:
    """Limit the time from SIGTERM or Ctrl-C to the end of the process; call this while uvicorn starts.

    Does nothing in a process that uvicorn does not serve. Written for uvicorn 0.54, where the handler of
    these signals is the bound method `uvicorn.Server.handle_exit`, and the limit for open requests is read
    from the server's configuration only when the server stops.
    """
    handler = signal.getsignal(signal.SIGTERM)
    server = getattr(handler, "__self__", None)
    if not isinstance(server, uvicorn.Server):
        return
    server.config.timeout_graceful_shutdown = GRACE_SECONDS

    def end(number: int, frame: FrameType | None) -> None:
        if not server.should_exit:  # count from the first of several signals
            faulthandler.dump_traceback_later(LAST_SECONDS, exit=True)
        server.handle_exit(number, frame)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
