"""Merge the rows of a file into the rows a store already has."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.core.schema import COVARIATES
from forecasting.history.record_checks import name_sort_key

_KEY = ["item", "ds"]


@dataclass(frozen=True, slots=True)
class MergedRows:
    """The rows of one store after a file was merged into them.

    Attributes
    ----------
    frame
        All rows of the store, by item in natural order, then day.
    added, revised, unchanged
        How many rows of the file were new, replaced other values, and repeated existing values.
    """

    frame: pd.DataFrame
    added: int
    revised: int
    unchanged: int


def merge_rows(present: pd.DataFrame | None, incoming: pd.DataFrame, given: AbstractSet[str]) -> MergedRows:
    """Merge a file's rows of one store into its present rows. The file's values win; no day is lost.

    For a covariate the file has no column for, days already known keep their value. If `is_open` is such a
    covariate, a day of the file on which any item of the store, old or new, was sold is open for all of them.

    Parameters
    ----------
    present, incoming
        `schema.SALES` or `schema.PLAN` of one store, each day of an item at most once, sorted by item in
        natural order, then day. `present` is None for a new store.
    given
        Covariates the file has a column for.
    """
    if present is None:
        return MergedRows(incoming, len(incoming), revised=0, unchanged=0)
    at = pd.MultiIndex.from_frame(present[_KEY]).get_indexer(pd.MultiIndex.from_frame(incoming[_KEY]))
    known = at >= 0
    old = present.take(at[known]).reset_index(drop=True)
    new = _with_known_covariates(incoming[known].reset_index(drop=True), old, given)
    differs = np.zeros(len(new), bool)
    for column in new.columns:
        differs |= new[column].to_numpy() != old[column].to_numpy()
    kept = np.ones(len(present), bool)
    kept[at[known]] = False
    frame = in_canonical_order(pd.concat([present[kept], new, incoming[~known]], ignore_index=True))
    if "y" in frame and "is_open" not in given:
        frame["is_open"] |= frame["ds"].isin(incoming["ds"]) & (frame.groupby("ds")["y"].transform("sum") > 0)
    revised = int(differs.sum())
    return MergedRows(frame, int((~known).sum()), revised, len(new) - revised)


def _with_known_covariates(new: pd.DataFrame, old: pd.DataFrame, given: AbstractSet[str]) -> pd.DataFrame:
    return new.assign(**{column: old[column] for column in COVARIATES if column not in given})


def in_canonical_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort the rows of one store by item in natural order, then day."""
    rank = {item: at for at, item in enumerate(sorted(frame["item"].unique(), key=name_sort_key))}
    order = np.lexsort((frame["ds"].to_numpy(), frame["item"].map(rank).to_numpy()))
    return frame.take(order).reset_index(drop=True)
