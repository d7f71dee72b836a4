"""Puts the rows of a file over the rows a store already has."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.core.schema import COVARIATES
from forecasting.history.rules import in_order

_KEY = ["item", "ds"]


@dataclass(frozen=True, slots=True)
class Merge:
    """One store after a file.

    Attributes
    ----------
    frame
        All its rows, by item in natural order, then day.
    added, revised, unchanged
        Rows of the file that were new, that replaced another value, and that were already there.
    """

    frame: pd.DataFrame
    added: int
    revised: int
    unchanged: int


def merge(present: pd.DataFrame | None, incoming: pd.DataFrame, given: AbstractSet[str]) -> Merge:
    """Merge the rows of one store; what the file says wins, and no day is lost.

    A covariate the file has no column for keeps what is known of a day. Where that is `is_open`, a day
    of the file on which the store's items, old and new, sold anything is open for all of them.

    Parameters
    ----------
    present, incoming
        `schema.SALES` or `schema.PLAN` of one store, each day of an item at most once, sorted by item in
        natural order, then day. None is present of a new store.
    given
        Covariates the file has a column for.
    """
    if present is None:
        return Merge(incoming, len(incoming), revised=0, unchanged=0)
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
    return Merge(frame, int((~known).sum()), revised, len(new) - revised)


def _with_known_covariates(new: pd.DataFrame, old: pd.DataFrame, given: AbstractSet[str]) -> pd.DataFrame:
    return new.assign(**{column: old[column] for column in COVARIATES if column not in given})


def in_canonical_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort the rows of one store by item in natural order, then day."""
    rank = {item: at for at, item in enumerate(sorted(frame["item"].unique(), key=in_order))}
    order = np.lexsort((frame["ds"].to_numpy(), frame["item"].map(rank).to_numpy()))
    return frame.take(order).reset_index(drop=True)
