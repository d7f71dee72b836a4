"""Collect the problems of a file, so that one error lists all of them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from forecasting.core.errors import InvalidFile, Problem

LISTED = 50
"""Problems listed in one error; the others are only counted."""

_HELD = 20 * LISTED
"""Most problems in memory at a time, however long the file is."""

_LONGEST = 60


def quote(text: str) -> str:
    """Return a file's value as errors show it: in quotes, shortened if it is long, ``nothing`` if empty."""
    if not text:
        return "nothing"
    return f"'{text}'" if len(text) <= _LONGEST else f"'{text[:_LONGEST]}…'"


class ProblemCollector:
    """The problems of one file, collected while it is read.

    Parameters
    ----------
    file
        Name of the file, without its folder.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._problems: list[Problem] = []
        self._total = 0

    def __bool__(self) -> bool:
        return self._total > 0

    def add(self, expected: str, found: str, *, row: int | None = None, column: str | None = None) -> None:
        """Add one problem."""
        self._total += 1
        self._record(Problem(self.file, row, column, expected, found))

    def add_rows(
        self,
        bad: NDArray[np.bool_],
        rows: NDArray[np.int64],
        expected: str,
        found: Callable[[int], str],
        column: str | None = None,
    ) -> None:
        """Add one problem for every record marked in `bad`.

        Parameters
        ----------
        bad
            One flag per record.
        rows
            Row number of each record in the file, ascending.
        found
            Returns what was found at a position in `bad`. Called only for problems that are listed.
        """
        positions = np.flatnonzero(bad)
        self._total += len(positions)
        for at in positions[:LISTED].tolist():
            self._record(Problem(self.file, int(rows[at]), column, expected, found(at)))

    def raise_if_any(self) -> None:
        """Refuse the file if it has problems.

        Raises
        ------
        InvalidFile
            The number of problems and the first `LISTED` of them, by row; those of the whole file come first.
        """
        if self:
            self._keep_first()
            raise InvalidFile(self._problems, self._total)

    def _record(self, problem: Problem) -> None:
        self._problems.append(problem)
        if len(self._problems) > _HELD:
            self._keep_first()

    def _keep_first(self) -> None:
        self._problems = sorted(self._problems, key=lambda problem: problem.row or 0)[:LISTED]
