"""The metastore as its operations see it: the objects, who may see them, and the workspace that it is assigned to."""

from __future__ import annotations

from dataclasses import dataclass

from fakebricks.ids import WorkspaceIdentity
from fakebricks.services.unity_catalog.authority import Authority
from fakebricks.services.unity_catalog.delta_tables import DeltaTables
from fakebricks.services.unity_catalog.functions import Functions
from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.services.unity_catalog.tags import Tags
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.services.unity_catalog.volumes import Volumes


@dataclass(frozen=True, slots=True)
class Metastore:
    """What the operations of Unity Catalog work on."""

    identity: WorkspaceIdentity
    unity_catalog: UnityCatalog
    tables: Tables
    delta_tables: DeltaTables
    volumes: Volumes
    functions: Functions
    tags: Tags
    grants: Grants
    authority: Authority

    @property
    def id(self) -> str:
        """The metastore's own id."""
        return self.unity_catalog.metastore_id
