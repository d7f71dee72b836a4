"""What an operator asks for: status, readiness, vital signs, and pruning."""

from forecasting.config.settings import Settings
from forecasting.core.domain import Principal, PruneReport, Status, StoreState
from forecasting.core.ports import Clock, SalesHistory, Storage
from forecasting.services.housekeeping import GoOn, Pruning, disk_use, rested
from forecasting.services.readiness import Check, Need, database_check, disk_check, worker_check
from forecasting.services.store_overview import StoreOverview
from forecasting.services.visible_stores import VisibleStores, require_operator
from forecasting.services.vital_signs import VitalSigns, VitalSignsReader

MONITOR = "see the health of the installation"


class Operations:
    """Answers operators and monitoring.

    Parameters
    ----------
    history, storage, clock
        Ports.
    settings
        State folder, retention, disk floor.
    stores
        The stores a principal may see.
    overview
        Judges the state of each store.
    """

    def __init__(
        self,
        history: SalesHistory,
        storage: Storage,
        clock: Clock,
        settings: Settings,
        stores: VisibleStores,
        overview: StoreOverview,
    ) -> None:
        self._history = history
        self._storage = storage
        self._clock = clock
        self._settings = settings
        self._stores = stores
        self._overview = overview
        self._vital_signs = VitalSignsReader(
            storage, history, clock, settings.home, overview.state_of, stores.every_snapshot
        )

    def status(self, principal: Principal) -> Status:
        """What is loaded, how the forecasts stand, and the disk space in use."""
        stores = self._stores.all(principal)
        states = list(self._overview.states(principal).values())
        engines = dict.fromkeys(self._settings.engine_of(each.store, each.region) for each in stores)
        return Status(
            home=str(self._settings.home),
            stores=len(stores),
            series=sum(len(store.items) + 1 for store in stores),
            first_ds=min((store.first_ds for store in stores), default=None),
            last_ds=max((store.last_ds for store in stores), default=None),
            as_of=self._stores.as_of(principal),
            engine=", ".join(engines) or self._settings.engine,
            states={state: states.count(state) for state in StoreState},
            active_runs=states.count(StoreState.RUNNING),
            disk=disk_use(self._storage.retention, self._history),
        )

    def check(self, principal: Principal, need: Need) -> Check:
        """Check one of the needs of this process. Takes as long as the thing that is asked takes to answer.

        Raises
        ------
        NotPermitted
            If the principal is not an operator.
        """
        require_operator(principal, MONITOR)
        if need is Need.DATABASE:
            return database_check(self._storage.vitals)
        if need is Need.WORKER:
            return worker_check(self._storage.vitals)
        return disk_check(self._settings.home, self._settings.disk_floor)

    def vital_signs(self, principal: Principal) -> VitalSigns:
        """Figures about the whole installation. Only the free disk space is this machine's own.

        Raises
        ------
        NotPermitted
            If the principal is not an operator.
        """
        require_operator(principal, MONITOR)
        return self._vital_signs.read()

    def prune(self, principal: Principal, go_on: GoOn = rested, *, dry_run: bool = False) -> PruneReport:
        """Remove versions, runs and history files that the settings no longer keep.

        Parameters
        ----------
        go_on
            Called before each small step: pauses briefly, and says whether to continue.
        dry_run
            Only report what would be removed.

        Raises
        ------
        NotPermitted
            If the principal is not an operator.
        """
        require_operator(principal, "prune")
        kept, now = self._settings, self._clock.now()
        pruning = Pruning(self._storage.retention, self._history, kept.keep_versions, kept.keep)
        return pruning.preview(now) if dry_run else pruning.run(now, go_on)
