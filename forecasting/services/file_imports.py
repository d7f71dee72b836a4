"""Imports of sales and plan files, and of the sample's next day; scoring of forecasts as sales arrive."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from forecasting.core.domain import ImportReport, Principal
from forecasting.core.errors import InvalidRequest
from forecasting.core.ports import SalesHistory
from forecasting.services.housekeeping import GoOn, rested
from forecasting.services.track_scoring import TrackScoring
from forecasting.services.visible_stores import VisibleStores, require_operator

NextDayFile = Callable[[frozenset[str], date], Path | None]
"""Finds the sample feed's file of a day, given all stores; None if these are not the sample's stores."""


class Imports:
    """Brings files into the history.

    Parameters
    ----------
    history
        Port.
    stores
        The stores a principal may see.
    scoring
        Scores published forecasts against new sales.
    after_sales
        Called after new sales were applied.
    next_day_file
        Finds the next day of the embedded sample.
    """

    def __init__(
        self,
        history: SalesHistory,
        stores: VisibleStores,
        scoring: TrackScoring,
        after_sales: Callable[[Principal], None],
        next_day_file: NextDayFile,
    ) -> None:
        self._history = history
        self._stores = stores
        self._scoring = scoring
        self._after_sales = after_sales
        self._next_day_file = next_day_file

    def import_file(
        self,
        principal: Principal,
        path: Path,
        kind: str,
        *,
        layout: str = "auto",
        stores: Path | None = None,
        dry_run: bool = False,
    ) -> ImportReport:
        """Import a whole file, or nothing if anything in it is wrong.

        New sales are scored against the forecasts published for their days. If scoring fails the import
        still holds, and a worker scores later.

        Parameters
        ----------
        kind
            ``"sales"`` or ``"plan"``.
        layout, stores
            The file's format and its file of store attributes, as for `ports.SalesHistory.import_file`.
        dry_run
            Only report what the import would do.

        Raises
        ------
        InvalidFile
            With every problem found.
        InvalidRequest
            If there is no such kind or layout, or the layout has no file of store attributes.
        NotPermitted
            If the principal is not an operator.
        """
        require_operator(principal, "import files")
        report = self._history.import_file(
            path, kind, principal.subject, layout=layout, stores=stores, dry_run=dry_run
        )
        if kind == "sales" and report.import_id is not None:
            self._scoring.score(report.stores)
            self._after_sales(principal)
        return report

    def score_arrivals(self, principal: Principal, go_on: GoOn = rested) -> None:
        """Score sales that were not scored at import, if there was an import since the last call.

        Parameters
        ----------
        go_on
            Called before each store: pauses briefly, and says whether to continue.

        Raises
        ------
        NotPermitted
            If the principal is not an operator.
        """
        require_operator(principal, "score forecasts")
        self._scoring.catch_up(go_on)

    def next_sample_day(self, principal: Principal) -> date | None:
        """The next day of the embedded sample's feed that can be loaded; None if there is none."""
        as_of = self._stores.as_of(principal)
        return as_of if as_of and self._next_day_file(self._names(principal), as_of) else None

    def load_next_sample_day(self, principal: Principal) -> ImportReport:
        """Import the next day of the embedded sample's feed.

        Raises
        ------
        InvalidRequest
            If the loaded stores are not the sample's, or its feed is at its end.
        NotPermitted
            If the principal is not an operator.
        """
        as_of = self._stores.as_of(principal)
        path = self._next_day_file(self._names(principal), as_of) if as_of else None
        if path is None:
            raise InvalidRequest(
                f"sample feed: expected the sample and a day to come, found nothing for {as_of}"
            )
        return self.import_file(principal, path, "sales")

    def _names(self, principal: Principal) -> frozenset[str]:
        return frozenset(store.store for store in self._stores.all(principal))
