"""A store's input files, and how worker processes read them."""

from dataclasses import dataclass, field

from forecasting.calendar.inputs import StoreFacts, build_inputs, build_pasts
from forecasting.core.day_arrays import SeriesDays
from forecasting.core.domain import HistoryFile
from forecasting.core.ports import HistoryReader
from forecasting.core.store_inputs import StoreInputs


@dataclass(frozen=True, slots=True)
class StoreFiles:
    """The files and facts a store is forecast from.

    Attributes
    ----------
    plan
        None if the store has no plan.
    """

    sales: HistoryFile
    plan: HistoryFile | None = None
    facts: StoreFacts = field(default_factory=StoreFacts)

    @property
    def store(self) -> str:
        """The store's name."""
        return self.sales.store

    def inputs(self, reader: HistoryReader, horizon: int) -> StoreInputs:
        """Read the files and assemble the inputs of every series.

        Raises
        ------
        StateUnavailable
            If a file is missing or damaged.
        UnknownSeries
            If there are no sales.
        """
        plan = reader.days(self.plan) if self.plan else {}
        return build_inputs(self.store, reader.days(self.sales), plan, horizon, self.facts)

    def histories(self, reader: HistoryReader) -> dict[str, SeriesDays]:
        """Read only the sales, and return the history of every series by item.

        Raises
        ------
        StateUnavailable
            If the file is missing or damaged.
        """
        return build_pasts(reader.days(self.sales), self.facts)


@dataclass(frozen=True, slots=True)
class CachingReader:
    """A `ports.HistoryReader` that reads each file only once.

    Attributes
    ----------
    reader
        Reads the files.
    cache
        The files read so far.
    """

    reader: HistoryReader
    cache: dict[HistoryFile, dict[str, SeriesDays]] = field(default_factory=dict)

    def days(self, file: HistoryFile) -> dict[str, SeriesDays]:
        """As `ports.HistoryReader.days`."""
        if file not in self.cache:
            self.cache[file] = self.reader.days(file)
        return self.cache[file]
