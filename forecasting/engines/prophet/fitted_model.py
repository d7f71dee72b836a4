"""A fitted model: the design it was built with and the parameters at the mode of its posterior."""

from dataclasses import dataclass, replace

import numpy as np

from forecasting.core.day_arrays import FloatArray
from forecasting.engines.prophet.design import Design
from forecasting.engines.prophet.problem import Parameters


@dataclass(frozen=True, slots=True)
class FittedModel:
    """One fitted series.

    Attributes
    ----------
    design
        How days become rows, and the scale of the fitted values.
    parameters
        The mode, in scaled units.
    """

    design: Design
    parameters: Parameters

    @property
    def sigma(self) -> float:
        """Standard deviation of the noise, in the units of the fitted values."""
        return self.parameters.sigma * self.design.y_scale

    @property
    def delta(self) -> FloatArray:
        """(S,) slope changes, in the units of the fitted values per length of the history."""
        return self.parameters.delta * self.design.y_scale


def fitted_model(design: Design, mode: Parameters) -> FittedModel:
    """Combine a design with the mode found for it.

    A model without changepoints has one placeholder changepoint at time 0, because Stan needs one. Its slope
    change is added to the slope, as `Prophet.fit` does.
    """
    if not design.changes.any():
        slope = mode.k + float(mode.delta.sum())
        mode = replace(mode, k=slope, delta=np.zeros_like(mode.delta))
    return FittedModel(design, mode)
