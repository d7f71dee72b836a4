"""The browser's side of Streamlit's protocol, without a browser: what the front end of Streamlit 1.67 sends.

A tab connects to ``/_stcore/stream`` with the subprotocol and the XSRF cookie. It requests runs of its page
(`BackMsg.rerun_script`) with the values of all its widgets, caches large messages that the server may later
refer to by hash, and fires the timers of polling fragments (`ForwardMsg.auto_rerun`) until the next run of
the page. It draws nothing and loads no scripts or styles. A tab counts as visible all the time; browsers slow
down the timers of hidden tabs.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from urllib.parse import urlencode

import httpx2
from google.protobuf.message import DecodeError
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Origin, Subprotocol

from benchmarks.streamlit_tab import Cache, Timers, Widget, error_of, key_of, widget_of

XSRF = "_streamlit_xsrf"
PATIENCE = 30.0
"""Seconds after which a run counts as lost."""

SUCCESS = ForwardMsg.ScriptFinishedStatus.FINISHED_SUCCESSFULLY
FIRST_PAGE, POLL, REDRAWN = "first page", "poll: ", "redrawn by its poll"
"""Kinds of runs, or their prefixes, that a tab names itself."""


class Record:
    """The observations of all tabs of a measurement.

    Attributes
    ----------
    seconds
        Time from sending each rerun to its ``script_finished``, by kind.
    faults
        One sentence per exception or error shown, unanswered run and lost connection.
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        self.faults: list[str] = []

    def begin(self, kept: str) -> None:
        """Discard the times so far except those of one kind; faults are kept."""
        for kind in self.seconds.keys() - {kept}:
            del self.seconds[kind]


class Tab:
    """One browser tab, which must be closed at the end.

    Parameters
    ----------
    address
        Address of the server, without a trailing slash.
    record
        Receives times and faults.
    """

    def __init__(self, address: str, record: Record) -> None:
        self.page = ""
        self._address, self._record = address, record
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._pages: dict[str, str] = {}
        self._page_hash, self._run = "", ""
        self._widgets: dict[str, Widget] = {}
        self._buttons: dict[str, str] = {}
        self._cache, self._timers = Cache(), Timers(self._poll)
        self._polled: dict[str, tuple[float, str]] = {}
        self._redrawn_since: float | None = None
        self._answer: asyncio.Future[float] | None = None

    async def open(self, http: httpx2.AsyncClient, page: str = "", **query: str) -> None:
        """Connect, as a page load does, and run the page for the first time; timed as `FIRST_PAGE`."""
        self.page, began = page, perf_counter()
        health = await http.get(f"{self._address}/_stcore/health")
        token = health.cookies[XSRF]
        self._socket = await connect(
            f"{self._address.replace('http', 'ws', 1)}/_stcore/stream",
            origin=Origin(self._address),
            subprotocols=[Subprotocol("streamlit"), Subprotocol(token)],
            additional_headers={"Cookie": f"{XSRF}={token}"},
            ping_interval=None,  # a browser sends none
            max_size=None,
            proxy=None,
        )
        self._reader = asyncio.create_task(self._listen(self._socket))
        state = ClientState(page_name=page, query_string=urlencode(query))
        await self._run_page(FIRST_PAGE, state, began)

    async def rerun(self, kind: str) -> None:
        """Run the page again as it is."""
        await self._run_page(kind, self._state())

    async def choose(self, kind: str, label: str, option: str) -> None:
        """Choose in a picker."""
        widget = next((each for each in self._widgets.values() if each.label == label), None)
        if widget is None:
            self._record.faults.append(f"expected a picker '{label}' on page '{self.page}', found none")
            return
        widget.value = [option]
        await self._run_page(kind, self._state())

    async def press(self, kind: str, key: str) -> None:
        """Press a button."""
        button = self._buttons.get(key)
        if button is None:
            self._record.faults.append(f"expected a button '{key}' on page '{self.page}', found none")
            return
        state = self._state()
        state.widget_states.widgets.add(id=button, trigger_value=True)
        await self._run_page(kind, state)

    async def go_to(self, kind: str, page: str) -> None:
        """Follow a link of the navigation to the page of this address."""
        self._timers.cancel()
        self.page = page
        state = self._state()
        state.page_script_hash = self._pages[page]
        state.ClearField("widget_states")  # those of the page that is left stay behind
        await self._run_page(kind, state)

    def options(self, label: str) -> list[str]:
        """The options of a picker on the page."""
        return next((each.options for each in self._widgets.values() if each.label == label), [])

    async def close(self) -> None:
        """Stop the timers and disconnect."""
        self._timers.cancel()
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader
        if self._socket is not None:
            await self._socket.close()

    def _state(self) -> ClientState:
        bound = {each.parameter: each.value[0] for each in self._widgets.values() if each.is_in_address}
        state = ClientState(page_script_hash=self._page_hash, query_string=urlencode(bound))
        for widget_id, widget in self._widgets.items():
            widget.write(state.widget_states.widgets.add(id=widget_id))
        return state

    async def _run_page(self, kind: str, state: ClientState, began: float | None = None) -> None:
        """Send a rerun, wait for its end, and record how long that took."""
        self._answer = asyncio.get_running_loop().create_future()
        began = began or perf_counter()
        try:
            await self._send(state)
            ended = await asyncio.wait_for(self._answer, PATIENCE)
        except TimeoutError:
            self._record.faults.append(f"{kind}: no answer within {PATIENCE:g} s")
        except (ConnectionClosed, ConnectionError) as error:
            self._record.faults.append(f"{kind}: connection lost: {error}")
        else:
            self._record.seconds[kind].append(ended - began)
        finally:
            self._answer = None

    async def _send(self, state: ClientState) -> None:
        if self._socket is None:
            raise ConnectionError("expected an open tab, found one that is not connected")
        context = state.context_info
        context.timezone, context.timezone_offset, context.locale = "Europe/Berlin", -120, "en-GB"
        context.url = f"{self._address}/{self.page}"
        context.color_scheme = "light"
        state.cached_message_hashes.extend(self._cache.hashes)
        await self._socket.send(BackMsg(rerun_script=state).SerializeToString())

    async def _poll(self, fragment: str) -> None:
        """Ask for a run of a polling fragment, as its timer does."""
        state = self._state()
        state.fragment_id, state.is_auto_rerun = fragment, True
        self._polled.setdefault(fragment, (perf_counter(), self.page))
        await self._send(state)

    async def _listen(self, socket: ClientConnection) -> None:
        reason: object = "closed by the server"
        try:
            async for data in socket:
                self._receive(ForwardMsg.FromString(data), perf_counter())
        except (WebSocketException, ConnectionError, DecodeError) as error:
            reason = error
        self._timers.cancel()
        self._record.faults.append(f"page '{self.page}': connection lost: {reason}")
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError(str(reason)))

    def _receive(self, message: ForwardMsg, now: float) -> None:
        found = self._cache.resolve(message)
        if found is None:
            self._record.faults.append(f"page '{self.page}': a cached message is missing")
            return
        kind = found.WhichOneof("type") or ""
        handle: dict[str, Callable[[ForwardMsg, float], None]] = {
            "new_session": self._on_new_session,
            "navigation": self._on_navigation,
            "delta": self._on_delta,
            "auto_rerun": self._on_auto_rerun,
            "stop_auto_rerun": self._on_stop_auto_rerun,
            "script_finished": self._on_finished,
            "page_not_found": self._on_trouble,
            "session_event": self._on_trouble,
        }
        if kind in handle:
            handle[kind](found, now)

    def _on_new_session(self, message: ForwardMsg, now: float) -> None:
        run = message.metadata.run
        self._cache.age_limit = message.new_session.config.max_cached_message_age
        self._page_hash = message.new_session.page_script_hash
        if run.fragment_ids:
            return
        self._run = run.script_run_id
        self._timers.cancel()
        if self._answer is None and self._redrawn_since is None:
            self._redrawn_since = min((since for since, _page in self._polled.values()), default=now)
        self._polled.clear()

    def _on_navigation(self, message: ForwardMsg, _now: float) -> None:
        pages = message.navigation.app_pages
        self._pages = {page.url_pathname: page.page_script_hash for page in pages}
        self._pages[""] = next(page.page_script_hash for page in pages if page.is_default)
        self._page_hash = message.navigation.page_script_hash

    def _on_delta(self, message: ForwardMsg, _now: float) -> None:
        delta: Delta = message.delta
        if delta.WhichOneof("type") != "new_element":
            return
        element = delta.new_element
        if error := error_of(element):
            self._record.faults.append(f"page '{self.page}' shows: {error}")
        if element.WhichOneof("type") == "button":
            self._buttons[key_of(element.button.id)] = element.button.id
        elif found := widget_of(element):
            widget_id, widget, is_given = found
            if widget_id in self._widgets and not is_given:
                widget.value = self._widgets[widget_id].value
            widget.run = self._run
            self._widgets[widget_id] = widget

    def _on_auto_rerun(self, message: ForwardMsg, _now: float) -> None:
        self._timers.start(message.auto_rerun.fragment_id, message.auto_rerun.interval)

    def _on_stop_auto_rerun(self, message: ForwardMsg, _now: float) -> None:
        self._timers.cancel(message.stop_auto_rerun.fragment_ids)

    def _on_trouble(self, message: ForwardMsg, _now: float) -> None:
        event = message.session_event
        if message.WhichOneof("type") == "page_not_found" or event.HasField("script_compilation_exception"):
            self._record.faults.append(f"page '{self.page}': {str(message)[:200]}")

    def _on_finished(self, message: ForwardMsg, now: float) -> None:
        run = message.metadata.run
        if message.script_finished != ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN:
            self._cache.grow_older(run.fragment_ids)
        for fragment in run.fragment_ids:
            if fragment in self._polled:
                since, page = self._polled.pop(fragment)
                self._record.seconds[f"{POLL}{page or 'main page'}"].append(now - since)
        if run.fragment_ids or message.script_finished != SUCCESS or run.script_run_id != self._run:
            return
        self._widgets = {name: each for name, each in self._widgets.items() if each.run == self._run}
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(now)
        elif self._redrawn_since is not None:
            self._record.seconds[REDRAWN].append(now - self._redrawn_since)
        self._redrawn_since = None
