"""Unity Catalog: tables, volumes, functions, tags, and who may; catalogs and grants are there from the beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.files.files import Files
from fakebricks.services.unity_catalog.authority import Authority
from fakebricks.services.unity_catalog.delta_tables import DeltaTables
from fakebricks.services.unity_catalog.functions import Functions
from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.table_storage import LocalTables, TablesInS3, TableStorage
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.services.unity_catalog.tags import Tags
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.services.unity_catalog.volumes import Volumes

if TYPE_CHECKING:
    from fakebricks.wiring.services import Services


def wire(services: Services) -> None:
    """Add what is in catalogs."""
    state, ids, clock = services.state, services.ids, services.clock
    unity_catalog, grants = services[UnityCatalog], services[Grants]
    tables = Tables(state, ids, clock, unity_catalog, grants)
    delta_tables = DeltaTables(state, ids, unity_catalog=unity_catalog, tables=tables, storage=_table_storage(services))
    services.before_snapshot.append(delta_tables.note_versions)
    services.after_restore.append(delta_tables.restored)
    volumes = Volumes(state, ids, clock, unity_catalog, grants, files=services[Files])
    authority = Authority(unity_catalog, grants)
    metastore = Metastore(
        identity=services.identity,
        unity_catalog=unity_catalog,
        tables=tables,
        delta_tables=delta_tables,
        volumes=volumes,
        functions=Functions(state, ids, clock, unity_catalog, grants),
        tags=Tags(state, clock, grants),
        grants=grants,
        authority=authority,
    )
    services.add(tables, delta_tables, volumes, authority, metastore)


def _table_storage(services: Services) -> TableStorage:
    local = LocalTables(services.scratch)
    return TablesInS3(local, services.bucket, services.s3_url) if services.storage == "s3" else local
