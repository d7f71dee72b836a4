"""Small files, and what a test asks of a history."""

from pathlib import Path

import pandas as pd

from forecasting.core.ports import Manifest, SalesHistory
from forecasting.history.incoming import IncomingFile

HEADER = "store,item,date,demand,region,is_open,promo,holiday,school_holiday\n"
TWO_DAYS = HEADER + "1,a,2024-01-01,5,North,1,0,,0\n1,a,2024-01-02,6,North,1,1,Easter,0\n"
THIRD_DAY = HEADER + "1,a,2024-01-03,7,North,1,0,,0\n"


def frame_of(read: IncomingFile) -> pd.DataFrame:
    """All stores of a file in one frame, as they come."""
    return pd.concat([frame for _, frame in read.frames()], ignore_index=True)


def read(history: SalesHistory, manifest: Manifest, store: str = "1", kind: str = "sales") -> pd.DataFrame:
    """The sales or the plan of a store as they are now."""
    head = manifest.head(store, kind)
    assert head is not None, f"store {store} has no {kind}"
    return history.read(head)


def demand(history: SalesHistory, manifest: Manifest, store: str = "1") -> dict[tuple[str, str], float]:
    """Demand of a store by item and day."""
    frame = read(history, manifest, store)
    days = frame["ds"].dt.strftime("%m-%d")
    return dict(zip(zip(frame["item"], days, strict=True), frame["y"], strict=True))


def files_in(folder: Path) -> set[Path]:
    """Every file below a folder."""
    return {path for path in folder.rglob("*") if path.is_file()}
