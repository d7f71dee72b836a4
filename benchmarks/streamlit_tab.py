"""State of a browser tab between messages of Streamlit's server: widget values, cached messages, timers."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed


@dataclass(slots=True)
class Widget:
    """A widget with a value.

    Attributes
    ----------
    kind
        The element's type.
    value
        One string or none; any number for a group of buttons.
    default
        The value that is left out of the address.
    parameter
        The query parameter it is bound to, or empty.
    run
        The run in which it was last drawn.
    """

    kind: str
    label: str
    options: list[str]
    value: list[str]
    default: list[str]
    parameter: str = ""
    run: str = ""

    @property
    def is_in_address(self) -> bool:
        """Whether the address contains its value."""
        return bool(self.parameter and self.value and self.value != self.default)

    def write(self, state: WidgetState) -> None:
        """Fill in the state that is sent with every rerun."""
        if self.kind == "button_group":
            state.string_array_value.data.extend(self.value)
        elif self.value:
            state.string_value = self.value[0]


def widget_of(element: Element) -> tuple[str, Widget, bool] | None:
    """The widget of an element, its id, and whether the server has set its value."""
    kind = element.WhichOneof("type")
    if kind == "selectbox":
        box = element.selectbox
        default = [box.options[box.default]] if box.HasField("default") and box.options else []
        value = [box.raw_value] if box.set_value else default
        return (
            box.id,
            Widget(kind, box.label, [*box.options], value, default, box.query_param_key),
            box.set_value,
        )
    if kind == "text_input":
        text = element.text_input
        value = [text.value if text.set_value else text.default]
        return (
            text.id,
            Widget(kind, text.label, [], value, [text.default], text.query_param_key),
            text.set_value,
        )
    if kind == "button_group":
        group = element.button_group
        options = [option.content for option in group.options]
        default = [options[at] for at in group.default]
        value = [*group.raw_values] if group.set_value else default
        return group.id, Widget(kind, group.label, options, value, default), group.set_value
    return None


def key_of(widget_id: str) -> str:
    """The key that the page gave a widget: the end of its id; the text ``None`` if it has no key."""
    return widget_id.rpartition("-")[2]


def error_of(element: Element) -> str:
    """The text of the exception or error that an element shows, or an empty text."""
    kind = element.WhichOneof("type")
    if kind == "exception":
        return f"{element.exception.type}: {element.exception.message}"
    if kind == "alert" and element.alert.format == Alert.Format.ERROR:
        return element.alert.body
    return ""


class Cache:
    """Large messages of the server, to which it later refers by hash."""

    def __init__(self) -> None:
        self.age_limit = 0
        self._messages: dict[str, tuple[ForwardMsg, int]] = {}
        self._runs = 0

    @property
    def hashes(self) -> Collection[str]:
        """Hashes of the cached messages."""
        return self._messages.keys()

    def resolve(self, message: ForwardMsg) -> ForwardMsg | None:
        """The message, or the cached one it refers to; None if that is not cached."""
        if message.WhichOneof("type") == "ref_hash":
            kept = self._messages.get(message.ref_hash)
            if kept is None:
                return None
            self._messages[message.ref_hash] = kept[0], self._runs
            return kept[0]
        if message.metadata.cacheable:
            self._messages[message.hash] = message, self._runs
        return message

    def grow_older(self, fragments: Collection[str]) -> None:
        """Discard messages unused for a while at the end of a run; a fragment's run discards only its own."""
        self._runs += 1
        for name, (message, used) in list(self._messages.items()):
            concerned = not fragments or message.delta.fragment_id in fragments
            if concerned and self._runs - used > self.age_limit:
                del self._messages[name]


class Timers:
    """Timers of polling fragments.

    Parameters
    ----------
    fire
        Called with the id of a fragment at its interval.
    """

    def __init__(self, fire: Callable[[str], Awaitable[None]]) -> None:
        self._fire = fire
        self._running: dict[str, tuple[float, asyncio.Task[None]]] = {}

    def start(self, fragment: str, interval: float) -> None:
        """Start a timer, or keep it if it already runs at this interval."""
        if fragment in self._running:
            if self._running[fragment][0] == interval:
                return
            self.cancel([fragment])
        self._running[fragment] = interval, asyncio.create_task(self._tick(fragment, interval))

    def cancel(self, fragments: Collection[str] | None = None) -> None:
        """Cancel some timers, or all."""
        for fragment in list(self._running) if fragments is None else fragments:
            _interval, task = self._running.pop(fragment, (0.0, None))
            if task is not None:
                task.cancel()

    async def _tick(self, fragment: str, interval: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + interval, loop.time())  # as setInterval does: no drift, no backlog
            await asyncio.sleep(due - loop.time())
            try:
                await self._fire(fragment)
            except ConnectionClosed:
                return  # told by the one who listens
