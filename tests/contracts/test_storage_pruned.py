"""Whatever happens to a storage, pruning takes nothing away that anybody needs."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from forecasting.core.domain import FileKey, PruneReport
from forecasting.core.errors import ImportConflict, InvalidRequest
from forecasting.services.housekeeping import Pruning
from forecasting.storage import SqlStorage, open_database
from forecasting.storage.tables import forecast_version
from tests.empty_states import lay_down
from tests.fakes import TurnedClock
from tests.storage.examples import NOW, after, move, predictor, publication, running
from tests.storage.named_files import NamedFiles

DAY = timedelta(days=1)
FOREVER = 999

stores = st.sampled_from(["1", "2"])
kinds = st.sampled_from(["sales", "plan"])


class TwoStorages(RuleBasedStateMachine):
    """Two storages to which the same happens, of which one is pruned: nobody must see a difference."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        pruned, whole = (Path(self.folder.name) / name for name in ("pruned", "whole"))
        self.pruned, self.whole = (
            SqlStorage(open_database(lay_down(home), clock=TurnedClock(NOW))) for home in (pruned, whole)
        )
        self.disk = NamedFiles()
        self.seconds = 0.0
        self.number = 0
        self.kept_since, self.kept_count = NOW - FOREVER * DAY, FOREVER
        self.imports: list[int] = []

    def teardown(self) -> None:
        """Take the last imports back, look a last time, and close both."""
        try:
            for number in sorted(self.imports, reverse=True)[:4]:
                self._roll_back(number)
            self._compare()
        finally:
            self.pruned.close()
            self.whole.close()
            self.folder.cleanup()

    @property
    def now(self) -> datetime:
        """The instant of the next event; no two are the same."""
        return after(self.seconds)

    @rule(store=stores, retrained=st.booleans())
    def refresh(self, store: str, retrained: bool) -> None:  # noqa: FBT001 - hypothesis passes by name
        """A run that publishes, with a new predictor or its head's."""
        known = self.whole.runs.snapshots([store]).get(store)
        trained = predictor(f"p-{self.number}", self.now)
        if known is not None and known.head is not None and not retrained:
            trained = self.whole.versions.predictor(known.head.predictor_id)
        shown = publication(store, float(self.number), trained)
        self._both(
            lambda storage: storage.publications.publish(running(storage, store, self.now), shown, self.now)
        )

    @rule(store=stores)
    def fail(self, store: str) -> None:
        """A run that fails."""
        self._both(
            lambda storage: storage.claims.close(running(storage, store, self.now), "failed", "x", self.now)
        )

    @rule(names=st.sets(stores, min_size=1), kind=kinds, content=st.integers(0, 9))
    def deliver(self, names: set[str], kind: str, content: int) -> None:
        """An import of one or both stores, sometimes of values that were there before."""
        heads = self.whole.manifest.heads(kind)
        moves = [
            move(name, f"{kind}-{content}", heads[name].content_hash if name in heads else None, kind)
            for name in sorted(names)
        ]
        self.disk.names |= {FileKey(kind, name, f"{kind}-{content}") for name in names}
        number = self._both(lambda storage: storage.manifest.record("f", kind, "Ana", self.now, moves))
        assert isinstance(number, int)
        self.imports.append(number)

    @rule(names=st.sets(stores, min_size=1), size=st.integers(0, 9))
    def describe(self, names: set[str], size: int) -> None:
        """An import of the attributes of stores alone."""
        told = {name: {"size": str(size)} for name in names}
        self._both(lambda storage: storage.manifest.record("f", "sales", "Ana", self.now, [], told))

    @precondition(lambda self: self.imports)
    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        """Of any import there ever was; what is refused of one storage is refused of the other."""
        self._roll_back(data.draw(st.sampled_from(self.imports)))

    @rule(days=st.integers(1, 5))
    def wait(self, days: int) -> None:
        """Time passes."""
        self.seconds += days * DAY.total_seconds()

    @rule(keep_versions=st.integers(1, 3), days=st.integers(1, 5), steps=st.integers(0, 9) | st.none())
    def prune(self, keep_versions: int, days: int, steps: int | None) -> None:
        """With any setting, and broken off anywhere."""
        self.seconds += 60
        left = iter([True] * (FOREVER if steps is None else steps))
        pruning = Pruning(self.pruned.retention, self.disk, keep_versions, days * DAY)
        told = pruning.preview(self.now)
        report = pruning.run(self.now, lambda: next(left, False))
        self.kept_since = max(self.kept_since, self.now - days * DAY)
        self.kept_count = min(self.kept_count, keep_versions)
        if report.complete:
            assert report == told
            assert pruning.preview(self.now) == PruneReport()
        self._compare()

    def _both(self, act: Callable[[SqlStorage], object]) -> object:
        """Let the same happen to both; it must come to the same."""
        self.number += 1
        self.seconds += 60
        results = [act(storage) for storage in (self.pruned, self.whole)]
        assert results[0] == results[1]
        return results[0]

    def _roll_back(self, wanted: int) -> None:
        def act(storage: SqlStorage) -> int | None:
            try:
                return storage.manifest.roll_back(wanted, "Ana", self.now)
            except (ImportConflict, InvalidRequest):
                return None

        number = self._both(act)
        if isinstance(number, int):
            self.imports.append(number)

    def _compare(self) -> None:
        self._compare_stores()
        self._compare_files()
        for store in ("1", "2"):
            assert self._kept_versions(store) <= self._versions(self.pruned, store).keys()

    def _compare_stores(self) -> None:
        """State, head, days, summaries, run and predictor of every store."""
        snapshots = self.pruned.runs.snapshots()
        assert snapshots == self.whole.runs.snapshots()
        assert self.pruned.versions.summaries() == self.whole.versions.summaries()
        assert self.pruned.manifest.attributes() == self.whole.manifest.attributes()
        for head in (snapshot.head for snapshot in snapshots.values() if snapshot.head is not None):
            trained = self.pruned.versions.predictor(head.predictor_id)
            assert trained == self.whole.versions.predictor(head.predictor_id)
            assert len(self.pruned.versions.read(head.version)) == len(publication().forecast)
            assert self.pruned.runs.get(head.run_id) == self.whole.runs.get(head.run_id)

    def _compare_files(self) -> None:
        """Those of the heads now, and of what were the heads at any instant within the kept time."""
        span = self.now - self.kept_since
        instants = [None, *(self.kept_since + part * span / 4 for part in range(5))]
        for kind in ("sales", "plan"):
            for at in instants:
                heads = self.pruned.manifest.heads(kind, at)
                assert heads == self.whole.manifest.heads(kind, at)
                wanted = {FileKey(kind, file.store, file.content_hash) for file in heads.values()}
                assert wanted <= self.disk.names

    def _versions(self, storage: SqlStorage, store: str) -> dict[int, datetime]:
        """Every version of a store with its instant, the newest first."""
        query = sa.select(forecast_version.c.version, forecast_version.c.published_at)
        mine = query.where(forecast_version.c.store == store).order_by(forecast_version.c.version.desc())
        with storage.database.reading() as connection:
            return {row.version: row.published_at for row in connection.execute(mine)}

    def _kept_versions(self, store: str) -> set[int]:
        """The versions every pruning so far had to keep: newest, or replaced within the kept time."""
        versions = list(self._versions(self.whole, store).items())
        young = {
            version
            for (version, _), (_, replaced_at) in zip(versions[1:], versions, strict=False)
            if replaced_at >= self.kept_since
        }
        return young | {version for version, _ in versions[: self.kept_count]}


TwoStorages.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=30,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a shorter example would cost minutes
)
TestPrunedStorage = TwoStorages.TestCase
