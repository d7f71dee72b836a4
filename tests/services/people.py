"""Principals with less than all rights."""

from dataclasses import replace

from forecasting.core.domain import LOCAL_USER

NORTHERNER = replace(
    LOCAL_USER, subject="n", name="Nora", roles=frozenset({"planner"}), regions=frozenset({"North"})
)
