"""Catalogs, schemas, tables and the metastore over REST."""

from __future__ import annotations

import pytest
from conftest import RefusedError, Rest

from fakebricks import Workspace
from fakebricks.services.unity_catalog.records import ColumnRecord

CATALOGS = "/api/2.1/unity-catalog/catalogs"
SCHEMAS = "/api/2.1/unity-catalog/schemas"
TABLES = "/api/2.1/unity-catalog/tables"


def refused(error: pytest.ExceptionInfo[RefusedError]) -> tuple[int, str, str]:
    return error.value.status, error.value.error_code, error.value.message


def names(rest: Rest, path: str, kind: str, **query: object) -> list[str]:
    return [one["name"] for one in rest.get(path, **query).get(kind, [])]


def add_table(workspace: Workspace, full_name: str) -> None:
    column = ColumnRecord(name="amount", type_name="DOUBLE", type_text="double")
    workspace._services.tables.create(full_name, [column], "/somewhere", "jane@acme.test")


def test_a_workspace_starts_with_main(rest: Rest):
    assert names(rest, CATALOGS, "catalogs") == ["main"]
    assert names(rest, SCHEMAS, "schemas", catalog_name="main") == ["default", "information_schema"]


def test_catalogs_are_an_option_of_the_workspace():
    rest = Rest(Workspace(catalogs=("dev", "prod")))
    assert names(rest, CATALOGS, "catalogs") == ["dev", "prod"]


def test_a_catalog_is_stored_in_lower_case_with_its_owner_and_schemas(rest: Rest):
    created = rest.post(CATALOGS, name="Prod", comment="for keeps", properties={"team": "fraud"})
    assert (created["name"], created["owner"], created["comment"]) == ("prod", "jane@acme.test", "for keeps")
    assert created["properties"] == {"team": "fraud"}
    assert rest.get(f"{CATALOGS}/PROD") == created
    assert names(rest, SCHEMAS, "schemas", catalog_name="prod") == ["default", "information_schema"]


@pytest.mark.parametrize("name", ["", "a b", "a.b", "a/b", "a\x00b", "a\nb", "a\x7fb", "x" * 256])
def test_an_invalid_name_is_refused(rest: Rest, name: str):
    with pytest.raises(RefusedError) as error:
        rest.post(CATALOGS, name=name)
    status, code, message = refused(error)
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert message.startswith("Invalid input: RPC CreateCatalog Field managedcatalog.CatalogInfo.name: name ")
    rules = "Valid names cannot contain spaces, periods, forward slashes, or control characters."
    assert message.endswith(f"is not a valid name. {rules}")
    assert names(rest, CATALOGS, "catalogs") == ["main"]


def test_what_is_missing_or_there_already(rest: Rest):
    for ask, code, message in [
        (lambda: rest.get(f"{CATALOGS}/nope"), "CATALOG_DOES_NOT_EXIST", "Catalog 'nope' does not exist."),
        (lambda: rest.get(f"{SCHEMAS}/nope.ml"), "CATALOG_DOES_NOT_EXIST", "Catalog 'nope' does not exist."),
        (lambda: rest.get(f"{SCHEMAS}/main.nope"), "SCHEMA_DOES_NOT_EXIST", "Schema 'main.nope' does not exist."),
        (
            lambda: rest.get(f"{TABLES}/main.default.nope"),
            "TABLE_DOES_NOT_EXIST",
            "Table 'main.default.nope' does not exist.",
        ),
        (
            lambda: rest.post(SCHEMAS, name="x", catalog_name="no"),
            "CATALOG_DOES_NOT_EXIST",
            "Catalog 'no' does not exist.",
        ),
    ]:
        with pytest.raises(RefusedError) as error:
            ask()
        assert refused(error) == (404, code, message)
    for ask, code in [
        (lambda: rest.post(CATALOGS, name="MAIN"), "CATALOG_ALREADY_EXISTS"),
        (lambda: rest.post(SCHEMAS, name="Default", catalog_name="main"), "SCHEMA_ALREADY_EXISTS"),
    ]:
        with pytest.raises(RefusedError) as error:
            ask()
        assert refused(error)[:2] == (400, code)


def test_a_schema_with_something_in_it_goes_away_only_by_force(rest: Rest):
    rest.post(SCHEMAS, name="ml", catalog_name="main")
    add_table(rest.workspace, "main.ml.t")
    rest.post("/api/2.0/mlflow/unity-catalog/registered-models/create", name="main.ml.m")
    with pytest.raises(RefusedError) as error:
        rest.delete(f"{SCHEMAS}/main.ml")
    assert refused(error) == (
        400,
        "SCHEMA_NOT_EMPTY",
        "Schema 'main.ml' is not empty. The schema has 1 tables(s), 1 functions(s), 0 volumes(s)",
    )
    assert rest.get(f"{TABLES}/main.ml.t/exists") == {"table_exists": True}
    rest.json("DELETE", f"{SCHEMAS}/main.ml", query={"force": "true"})
    rest.post(SCHEMAS, name="ml", catalog_name="main")
    assert rest.get(f"{TABLES}/main.ml.t/exists") == {"table_exists": False}
    assert rest.get("/api/2.0/mlflow/unity-catalog/registered-models/search") == {}


def test_a_catalog_goes_away_with_force_or_when_only_its_information_schema_is_left(rest: Rest):
    rest.post(CATALOGS, name="prod")
    with pytest.raises(RefusedError) as error:
        rest.delete(f"{CATALOGS}/prod")
    assert refused(error)[:2] == (400, "CATALOG_NOT_EMPTY")
    rest.delete(f"{SCHEMAS}/prod.default")
    rest.delete(f"{CATALOGS}/prod")
    rest.post(CATALOGS, name="prod")
    rest.json("DELETE", f"{CATALOGS}/prod", query={"force": "true"})
    assert names(rest, CATALOGS, "catalogs") == ["main"]
    with pytest.raises(RefusedError):
        rest.get(SCHEMAS, catalog_name="prod")


def test_what_is_updated_is_told_and_the_rest_stays(rest: Rest):
    rest.workspace.user("sam@acme.test")
    rest.post(CATALOGS, name="prod", comment="old", properties={"a": "1"})
    rest.patch(f"{CATALOGS}/prod", comment="new")
    changed = rest.patch(f"{CATALOGS}/prod", owner="sam@acme.test", isolation_mode="ISOLATED")
    assert (changed["comment"], changed["owner"], changed["properties"]) == ("new", "sam@acme.test", {"a": "1"})
    assert rest.get(f"{CATALOGS}/prod")["isolation_mode"] == "ISOLATED"
    assert rest.patch(f"{SCHEMAS}/prod.default", comment="mine")["comment"] == "mine"
    with pytest.raises(RefusedError) as error:
        rest.patch(f"{CATALOGS}/prod", new_name="other")
    assert error.value.status == 501
    assert "'new_name'" in error.value.message


def test_lists_come_in_pages(rest: Rest):
    for name in "bca":
        rest.post(SCHEMAS, name=name, catalog_name="main")
    first = rest.get(SCHEMAS, catalog_name="main", max_results=2)
    assert [one["name"] for one in first["schemas"]] == ["a", "b"]
    rest.post(SCHEMAS, name="aa", catalog_name="main")
    second = rest.get(SCHEMAS, catalog_name="main", max_results=4, page_token=first["next_page_token"])
    assert [one["name"] for one in second["schemas"]] == ["c", "default", "information_schema"]
    assert "next_page_token" not in second
    with pytest.raises(RefusedError) as error:
        rest.get(CATALOGS, page_token=first["next_page_token"])
    assert error.value.error_code == "INVALID_PARAMETER_VALUE"


def test_tables_are_told_listed_and_forgotten_but_not_created(rest: Rest):
    add_table(rest.workspace, "main.default.Payments")
    table = rest.get(f"{TABLES}/main.default.PAYMENTS")
    assert (table["full_name"], table["data_source_format"]) == ("main.default.payments", "DELTA")
    assert table["columns"] == [
        {"name": "amount", "type_name": "DOUBLE", "type_text": "double", "position": 0, "nullable": True}
    ]
    listed = rest.get(TABLES, catalog_name="main", schema_name="default", omit_columns="true")
    assert [(one["name"], "columns" in one) for one in listed["tables"]] == [("payments", False)]
    rest.delete(f"{TABLES}/main.default.payments")
    assert rest.get(TABLES, catalog_name="main", schema_name="default") == {}
    with pytest.raises(RefusedError) as error:
        rest.post(TABLES, name="t", catalog_name="main", schema_name="default")
    assert error.value.status == 501


def test_the_workspace_is_assigned_to_its_metastore(rest: Rest):
    summary = rest.get("/api/2.1/unity-catalog/metastore_summary")
    assigned = rest.get("/api/2.1/unity-catalog/current-metastore-assignment")
    assert assigned["metastore_id"] == summary["metastore_id"] == rest.get(f"{CATALOGS}/main")["metastore_id"]
    assert str(assigned["workspace_id"]) == rest.workspace.identity.workspace_id
