"""Inference tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.inference_tables.inference_tables import InferenceTables
from fakebricks.services.unity_catalog.delta_tables import DeltaTables
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog

if TYPE_CHECKING:
    from fakebricks.wiring.services import Services


def wire(services: Services) -> None:
    """Add the inference tables."""
    services.add(
        InferenceTables(
            services.state,
            services.ids,
            services.clock,
            unity_catalog=services[UnityCatalog],
            tables=services[Tables],
            delta_tables=services[DeltaTables],
        )
    )
