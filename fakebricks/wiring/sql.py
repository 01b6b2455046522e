"""SQL: the engine, statements and those of ODBC-like clients; warehouses are there from the beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakebricks.services.files.files import Files
from fakebricks.services.files.signed_urls import SignedUrls
from fakebricks.services.iam.access_control import AccessControl
from fakebricks.services.iam.people import People
from fakebricks.services.model_serving.ai_gateway.usage import TABLE as USAGE
from fakebricks.services.model_serving.ai_gateway.usage import UsageTable
from fakebricks.services.sql.catalog_listings import CatalogListings
from fakebricks.services.sql.client_sessions import ClientSessions
from fakebricks.services.sql.engine import SparkSql
from fakebricks.services.sql.information_schema import Read
from fakebricks.services.sql.kept_results import Results
from fakebricks.services.sql.metadata import Metadata
from fakebricks.services.sql.spark import Spark
from fakebricks.services.sql.statements import Statements
from fakebricks.services.sql.thrift.api import ThriftService
from fakebricks.services.sql.warehouse_permissions import WarehousePermissions
from fakebricks.services.sql.warehouses import Warehouses
from fakebricks.services.unity_catalog.authority import Authority
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.wire.authentication import Caller

if TYPE_CHECKING:
    from fakebricks.wiring.services import Services


def wire(services: Services) -> None:
    """Add the engine, and what clients execute on it."""
    state, ids, clock = services.state, services.ids, services.clock
    people, warehouses = services[People], services[Warehouses]
    spark = Spark(services.spark)
    services.closing.callback(spark.close)
    sql = SparkSql(services[Metastore], state, clock, spark, people.caller_named)
    sql.also_reads(USAGE, _usage(services))
    metadata = Metadata(services[UnityCatalog], services[Tables], services[Authority])
    statements = Statements(
        state,
        ids,
        clock,
        engine=CatalogListings(sql, metadata),
        warehouses=warehouses,
        sessions=ClientSessions(state, ids, services[UnityCatalog]),
        results=Results(services[Files], services[SignedUrls]),
        people=people,
    )
    services.add(
        spark,
        sql,
        statements,
        ThriftService(statements, metadata),
        WarehousePermissions(services[AccessControl], people, warehouses),
    )


def _usage(services: Services) -> Read:
    def read(reader: Caller | None) -> Any:
        return services[UsageTable].read(reader)  # of a room above, which is wired when somebody reads it

    return read
