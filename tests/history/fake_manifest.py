"""The `Manifest` port in memory, with the semantics of the real one: heads move by compare-and-swap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from forecasting.core.domain import HistoryFile
from forecasting.core.errors import ImportConflict, InvalidRequest
from forecasting.core.ports import HeadMove, StoreAttributes


@dataclass(frozen=True, slots=True)
class _Import:
    kind: str
    at: datetime
    source: str
    by: str
    after: dict[str, HistoryFile | None]
    before: dict[str, HistoryFile | None]


class FakeManifest:
    """All imports in order; the last ones decide the heads."""

    def __init__(self) -> None:
        self.imports: list[_Import] = []
        self._attributes: dict[str, StoreAttributes] = {}

    def heads(self, kind: str, known_at: datetime | None = None) -> dict[str, HistoryFile]:
        """Return the newest file of each store, now or at an instant."""
        heads: dict[str, HistoryFile | None] = {}
        for done in self.imports:
            if done.kind == kind and (known_at is None or done.at <= known_at):
                heads |= done.after
        return {store: file for store, file in heads.items() if file is not None}

    def head(self, store: str, kind: str) -> HistoryFile | None:
        """Return the newest file of one store, or None."""
        return self.heads(kind).get(store)

    def attributes(self) -> dict[str, StoreAttributes]:
        """Return the attributes of each store from the last import that named it."""
        return dict(self._attributes)

    def record(
        self,
        source: str,
        kind: str,
        by: str,
        at: datetime,
        moves: Sequence[HeadMove],
        attributes: Mapping[str, StoreAttributes] | None = None,
    ) -> int:
        """Move all heads and record all attributes, or nothing if a head is no longer at its `previous`."""
        heads = self.heads(kind)
        for move in moves:
            head = heads.get(move.file.store)
            if (head.content_hash if head else None) != move.previous:
                raise ImportConflict(f"store {move.file.store}: expected {move.previous}, found {head}")
        self._attributes |= attributes or {}
        after: dict[str, HistoryFile | None] = {move.file.store: move.file for move in moves}
        return self._append(kind, at, source, by, after)

    def roll_back(self, import_id: int, by: str, at: datetime) -> int:
        """Restore the heads from before an import, unless a later one moved them."""
        undone = self.imports[import_id - 1]
        if not undone.after:
            raise InvalidRequest(f"expected an import that moved a head, found {import_id}")
        for later in self.imports[import_id:]:
            if later.kind == undone.kind and later.after.keys() & undone.after.keys():
                raise ImportConflict(f"expected import {import_id} to be the last, found {later.source}")
        return self._append(undone.kind, at, f"roll back {import_id}", by, undone.before)

    def _append(
        self, kind: str, at: datetime, source: str, by: str, after: dict[str, HistoryFile | None]
    ) -> int:
        heads = self.heads(kind)
        before = {store: heads.get(store) for store in after}
        self.imports.append(_Import(kind, at, source, by, after, before))
        return len(self.imports)
