"""Catalogs, schemas, tables, functions, tags and the metastore through unmodified databricks-sdk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, NotFound, PermissionDenied
from databricks.sdk.service import catalog as uc
from deltalake import write_deltalake

from fakebricks import Workspace

BOB = "bob@acme.test"


@pytest.fixture
def workspace(entered) -> Iterator[Workspace]:
    with entered() as workspace:
        workspace.user(BOB)
        yield workspace


@pytest.fixture
def client(workspace: Workspace) -> WorkspaceClient:
    return WorkspaceClient()


def grant(client: WorkspaceClient, kind: str, full_name: str, *privileges: str) -> None:
    """By the name of the privilege; older clients have no constant for each."""
    body = {"changes": [{"principal": BOB, "add": privileges}]}
    client.api_client.do("PATCH", f"/api/2.1/unity-catalog/permissions/{kind}/{full_name}", body=body)


def create_table(client: WorkspaceClient, full_name: str, columns: list[dict[str, Any]]) -> uc.TableInfo:
    """As `tables.create` of newer clients sends it; the older one has no such method."""
    catalog, schema, name = full_name.split(".")
    if hasattr(client.tables, "create"):
        return client.tables.create(
            name,
            catalog,
            schema,
            uc.TableType.MANAGED,
            uc.DataSourceFormat.DELTA,
            "",
            columns=[uc.ColumnInfo.from_dict(column) for column in columns],
        )
    where = {"name": name, "catalog_name": catalog, "schema_name": schema}
    body = {**where, "table_type": "MANAGED", "data_source_format": "DELTA", "columns": columns}
    return uc.TableInfo.from_dict(client.api_client.do("POST", "/api/2.1/unity-catalog/tables", body=body))


def test_the_life_of_a_catalog(client: WorkspaceClient):
    created = client.catalogs.create("Dev", comment="for trying", properties={"team": "risk"})
    assert (created.name, created.catalog_type) == ("dev", uc.CatalogType.MANAGED_CATALOG)
    changed = client.catalogs.update(
        "dev",
        comment="for keeps",
        isolation_mode=uc.CatalogIsolationMode.ISOLATED,
        enable_predictive_optimization=uc.EnablePredictiveOptimization.DISABLE,
    )
    assert changed.effective_predictive_optimization_flag is not None
    assert changed.effective_predictive_optimization_flag.value == uc.EnablePredictiveOptimization.DISABLE
    assert client.catalogs.update("dev", new_name="prod").name == "prod"
    told = client.catalogs.get("prod")
    assert (told.comment, told.isolation_mode) == ("for keeps", uc.CatalogIsolationMode.ISOLATED)
    assert [one.name for one in client.catalogs.list()] == ["main", "prod"]
    with pytest.raises(BadRequest, match="Catalog 'main' already exists"):
        client.catalogs.update("prod", new_name="main")
    with pytest.raises(BadRequest, match="Catalog 'prod' is not empty"):
        client.catalogs.delete("prod")
    client.catalogs.delete("prod", force=True)
    with pytest.raises(NotFound, match="Catalog 'prod' does not exist."):
        client.catalogs.get("prod")


def test_the_life_of_a_schema(client: WorkspaceClient):
    created = client.schemas.create("ML", "main", comment="models")
    assert (created.full_name, created.as_dict()["catalog_type"]) == ("main.ml", "MANAGED_CATALOG")
    assert client.schemas.update("main.ml", owner=BOB).owner == BOB
    assert client.schemas.update("main.ml", new_name="models").full_name == "main.models"
    assert [one.name for one in client.schemas.list("main", max_results=1)] == [
        "default",
        "information_schema",
        "models",
    ]
    client.schemas.delete("main.models")
    with pytest.raises(NotFound, match="Schema 'main.models' does not exist."):
        client.schemas.get("main.models")


def test_the_life_of_a_table(workspace: Workspace, client: WorkspaceClient):
    columns = [
        {"name": "id", "type_name": "LONG", "type_text": "bigint", "type_json": '"long"', "position": 0},
        {"name": "tags", "type_name": "MAP", "type_text": "map<string,string>", "position": 1},
    ]
    created = create_table(client, "main.default.payments", columns)
    assert (created.full_name, created.table_type) == ("main.default.payments", uc.TableType.MANAGED)
    assert created.columns is not None
    assert [(one.name, one.type_name) for one in created.columns] == [
        ("id", uc.ColumnTypeName.LONG),
        ("tags", uc.ColumnTypeName.MAP),
    ]
    rows = pa.table({"id": [7], "tags": pa.array([[("a", "b")]], pa.map_(pa.string(), pa.string()))})
    write_deltalake(created.storage_location, rows, mode="append")
    assert workspace.table("main.default.payments").to_pylist() == [{"id": 7, "tags": [("a", "b")]}]
    assert client.tables.get("main.default.payments").as_dict() == created.as_dict()
    assert client.tables.exists("main.default.payments").table_exists
    assert [one.name for one in client.tables.list("main", "default")] == ["payments"]
    summaries = client.tables.list_summaries("main", table_name_pattern="pay%")
    assert [one.full_name for one in summaries] == ["main.default.payments"]
    client.tables.update("main.default.payments", owner=BOB)
    assert client.tables.get("main.default.payments").owner == BOB
    client.tables.delete("main.default.payments")
    assert not client.tables.exists("main.default.payments").table_exists


def test_the_life_of_a_function(client: WorkspaceClient):
    parameter = uc.FunctionParameterInfo(name="x", type_text="int", type_name=uc.ColumnTypeName.INT, position=0)
    asked = uc.CreateFunction(
        name="plus",
        catalog_name="main",
        schema_name="default",
        input_params=uc.FunctionParameterInfos([parameter]),
        data_type=uc.ColumnTypeName.INT,
        full_data_type="int",
        routine_body=uc.CreateFunctionRoutineBody.SQL,
        routine_definition="x + 1",
        parameter_style=uc.CreateFunctionParameterStyle.S,
        is_deterministic=True,
        sql_data_access=uc.CreateFunctionSqlDataAccess.CONTAINS_SQL,
        is_null_call=False,
        security_type=uc.CreateFunctionSecurityType.DEFINER,
        specific_name="plus",
    )
    created = client.functions.create(asked)
    assert created.input_params == uc.FunctionParameterInfos([parameter])
    assert created.routine_definition == "x + 1"
    assert client.functions.get("main.default.plus") == created
    assert list(client.functions.list("main", "default")) == [created]
    assert client.functions.update("main.default.plus", owner=BOB).owner == BOB
    client.functions.delete("main.default.plus", force=True)
    with pytest.raises(NotFound, match="Routine or Model 'main.default.plus' does not exist."):
        client.functions.get("main.default.plus")


def test_the_metastore(client: WorkspaceClient):
    assigned = client.metastores.current()
    assert assigned.default_catalog_name == "main"
    summary = client.metastores.summary()
    assert summary.metastore_id == assigned.metastore_id
    [listed] = client.metastores.list()
    assert listed == client.metastores.get(assigned.metastore_id)
    assert client.metastores.update(assigned.metastore_id, owner=BOB).owner == BOB
    with pytest.raises(PermissionDenied, match="User does not have MANAGE on Metastore"):
        client.metastores.get(assigned.metastore_id)


def test_who_only_browses_asks_for_it(workspace: Workspace, client: WorkspaceClient):
    create_table(client, "main.default.payments", [{"name": "id", "type_text": "bigint"}])
    grant(client, "catalog", "main", "BROWSE")
    with workspace.acting_as(BOB):
        bob = WorkspaceClient()
        with pytest.raises(PermissionDenied, match="User does not have USE CATALOG on Catalog 'main'."):
            bob.catalogs.get("main")
        assert bob.catalogs.get("main", include_browse=True).browse_only
        assert list(bob.catalogs.list()) == []
        assert [one.name for one in bob.catalogs.list(include_browse=True)] == ["main"]
        assert bob.schemas.get("main.default", include_browse=True).browse_only
        assert bob.tables.get("main.default.payments", include_browse=True).browse_only
        assert bob.tables.exists("main.default.payments").table_exists
        with pytest.raises(PermissionDenied):
            bob.tables.get("main.default.payments")


def test_tags(workspace: Workspace, client: WorkspaceClient):
    if not hasattr(client, "entity_tag_assignments"):
        pytest.skip("this databricks-sdk knows no tags of entities")
    assignments = client.entity_tag_assignments
    tag = uc.EntityTagAssignment(entity_type="schemas", entity_name="main.default", tag_key="cost", tag_value="7")
    created = assignments.create(tag)
    assert (created.tag_key, created.tag_value, created.updated_by) == ("cost", "7", workspace.user_name)
    assert created.update_time is not None
    tag.tag_value = "8"
    assert assignments.update("schemas", "main.default", "cost", tag, "tag_value").tag_value == "8"
    assert assignments.get("schemas", "main.default", "cost").tag_value == "8"
    assert [one.tag_key for one in assignments.list("schemas", "main.default", max_results=1)] == ["cost"]
    grant(client, "catalog", "main", "USE_CATALOG", "USE_SCHEMA")
    with workspace.acting_as(BOB), pytest.raises(PermissionDenied, match="User does not have APPLY TAG on Schema"):
        WorkspaceClient().entity_tag_assignments.delete("schemas", "main.default", "cost")
    assignments.delete("schemas", "main.default", "cost")
    assert list(assignments.list("schemas", "main.default")) == []
