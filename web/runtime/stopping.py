"""The end of the process within the ten seconds an operator gives it, whoever still holds on to what.

uvicorn waits for requests under way as long as they take: a client that never sends the rest of its request
would keep the server for ever. And a thread that waits for somebody else's lock can't be interrupted at all.
"""

import faulthandler
import signal
from types import FrameType

import uvicorn

GRACE_SECONDS = 2
"""How long requests under way may take after the signal; then they are cancelled."""

LAST_SECONDS = 8.5
"""How long after the signal the process ends at the latest, telling on standard error where it was held up.

What it leaves half done is what a power cut leaves: every transaction is whole, and a run under way is taken
over once its lease has run out. Worker processes notice within half a second that their server is gone.
"""


def end_in_time() -> None:
    """Bound the time from SIGTERM, or Ctrl-C, to the end of the process; called while uvicorn starts.

    Does nothing in a process that is not uvicorn's: its end is not ours to decide.
    """
    handler = signal.getsignal(signal.SIGTERM)
    server = getattr(handler, "__self__", None)
    if not isinstance(server, uvicorn.Server):
        return
    server.config.timeout_graceful_shutdown = GRACE_SECONDS

    def end(number: int, frame: FrameType | None) -> None:
        if not server.should_exit:  # the first of several signals counts
            faulthandler.dump_traceback_later(LAST_SECONDS, exit=True)
        server.handle_exit(number, frame)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
