"""Catalogs and schemas over REST: what is told of them, their names, and what goes away with them."""

from __future__ import annotations

import pytest
from catalog_calls import CATALOGS, MODELS, SCHEMAS, TABLES, add_table, grant, names, refused
from conftest import RefusedError, Rest

from fakebricks import Workspace


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
    status, code, message = refused(lambda: rest.post(CATALOGS, name=name))
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
        assert refused(ask) == (404, code, message)
    for ask, code in [
        (lambda: rest.post(CATALOGS, name="MAIN"), "CATALOG_ALREADY_EXISTS"),
        (lambda: rest.post(SCHEMAS, name="Default", catalog_name="main"), "SCHEMA_ALREADY_EXISTS"),
    ]:
        assert refused(ask)[:2] == (400, code)


def test_a_schema_with_something_in_it_goes_away_only_by_force(rest: Rest):
    rest.post(SCHEMAS, name="ml", catalog_name="main")
    add_table(rest.workspace, "main.ml.t")
    rest.post(f"{MODELS}/create", name="main.ml.m")
    assert refused(lambda: rest.delete(f"{SCHEMAS}/main.ml")) == (
        400,
        "SCHEMA_NOT_EMPTY",
        "Schema 'main.ml' is not empty. The schema has 1 tables(s), 1 functions(s), 0 volumes(s)",
    )
    assert rest.get(f"{TABLES}/main.ml.t/exists") == {"table_exists": True}
    rest.json("DELETE", f"{SCHEMAS}/main.ml", query={"force": "true"})
    rest.post(SCHEMAS, name="ml", catalog_name="main")
    assert rest.get(f"{TABLES}/main.ml.t/exists") == {"table_exists": False}
    assert rest.get(f"{MODELS}/search") == {}


def test_a_catalog_goes_away_with_force_or_when_only_its_information_schema_is_left(rest: Rest):
    rest.post(CATALOGS, name="prod")
    assert refused(lambda: rest.delete(f"{CATALOGS}/prod"))[:2] == (400, "CATALOG_NOT_EMPTY")
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


def test_what_is_told_of_a_schema_and_its_catalog(rest: Rest):
    """The fields of a real schema's GET (observed)."""
    catalog = rest.post(CATALOGS, name="prod", storage_root="s3://mine")
    assert catalog["full_name"] == "prod"
    assert (catalog["catalog_type"], catalog["securable_type"]) == ("MANAGED_CATALOG", "CATALOG")
    assert (catalog["isolation_mode"], catalog["browse_only"]) == ("OPEN", False)
    assert catalog["storage_location"] == f"s3://mine/__unitystorage/catalogs/{catalog['id']}"
    schema = rest.post(SCHEMAS, name="ml", catalog_name="prod")
    assert (schema["full_name"], schema["catalog_type"], schema["browse_only"]) == (
        "prod.ml",
        "MANAGED_CATALOG",
        False,
    )
    assert "storage_location" not in schema
    own = rest.post(SCHEMAS, name="own", catalog_name="prod", storage_root="s3://own")
    assert own["storage_location"] == f"s3://own/__unitystorage/schemas/{own['schema_id']}"


def test_predictive_optimization_is_inherited_until_an_object_says_otherwise(rest: Rest):
    def effective() -> dict[str, str]:
        flag: dict[str, str] = rest.get(f"{SCHEMAS}/prod.default")["effective_predictive_optimization_flag"]
        return flag

    rest.post(CATALOGS, name="prod")
    assert effective() == {
        "value": "ENABLE",
        "inherited_from_type": "METASTORE",
        "inherited_from_name": rest.get("/api/2.1/unity-catalog/metastore_summary")["name"],
    }
    catalog = rest.patch(f"{CATALOGS}/prod", enable_predictive_optimization="DISABLE")
    assert catalog["enable_predictive_optimization"] == "DISABLE"
    assert catalog["effective_predictive_optimization_flag"] == {"value": "DISABLE"}
    assert effective() == {
        "value": "DISABLE",
        "inherited_from_type": "CATALOG",
        "inherited_from_name": "prod",
    }
    rest.patch(f"{SCHEMAS}/prod.default", enable_predictive_optimization="ENABLE")
    assert effective() == {"value": "ENABLE"}
    rest.patch(f"{SCHEMAS}/prod.default", enable_predictive_optimization="INHERIT")
    assert effective()["inherited_from_name"] == "prod"


def test_information_schema_is_the_systems(rest: Rest):
    path = f"{SCHEMAS}/main.information_schema"
    assert refused(lambda: rest.post(f"{MODELS}/create", name="main.information_schema.m"))[0] == 403
    grant(rest, "catalog", "main", "ALL_PRIVILEGES", to="jane@acme.test")
    before = rest.get(path)
    assert before["owner"] == "System user"
    for ask in (
        lambda: rest.patch(path, comment="mine"),
        lambda: rest.patch(path, new_name="mine"),
        lambda: rest.delete(path),
        lambda: rest.json("DELETE", path, query={"force": "true"}),
        lambda: rest.post(f"{MODELS}/create", name="main.information_schema.m"),
        lambda: add_table(rest.workspace, "main.information_schema.t"),
    ):
        status, code, message = refused(ask)
        assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
        assert message.startswith("Schema 'main.information_schema' is managed by the system; it cannot be ")
    assert rest.get(path) == before
    assert rest.get(f"{MODELS}/search") == {}


@pytest.mark.parametrize("full_name", ["main", "main.", ".ml", "main.default.x", "."])
def test_a_schemas_name_has_two_levels(rest: Rest, full_name: str):
    assert refused(lambda: rest.get(f"{SCHEMAS}/{full_name}"))[:2] == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    "ask",
    [
        lambda rest: rest.post(CATALOGS, name="x", connection_name="mysql"),
        lambda rest: rest.post(CATALOGS, name="x", share_name="s", provider_name="p"),
        lambda rest: rest.post(SCHEMAS, name="x", catalog_name="main", custom_max_retention_hours=3),
        lambda rest: rest.patch(f"{CATALOGS}/main", options={"a": "b"}),
        lambda rest: rest.patch(f"{SCHEMAS}/main.default", custom_max_retention_hours=3),
        lambda rest: rest.get("/api/2.1/unity-catalog/bindings/catalog/main"),
        lambda rest: rest.patch("/api/2.1/unity-catalog/workspace-bindings/catalogs/main", assign_workspaces=[1]),
    ],
)
def test_what_is_not_computed_is_refused_by_name(rest: Rest, ask):
    before = rest.workspace.snapshot()
    assert refused(lambda: ask(rest))[0] == 501
    assert rest.workspace.snapshot() == before
