"""Catalogs and schemas get other names: all that is in them comes along, and so does who may what."""

from __future__ import annotations

import pytest
from catalog_calls import (
    CATALOGS,
    FUNCTIONS,
    MODELS,
    SCHEMAS,
    TABLES,
    TAGS,
    as_bob,
    create_function,
    create_table,
    grant,
    grants,
    names,
    refused,
)
from conftest import Rest

from fakebricks.services.files.files import Files
from fakebricks.services.model_registry.model_registry import ModelRegistry

MLMODEL = b"signature:\n  inputs: '[]'\n  outputs: '[]'\n"


def fill(rest: Rest) -> None:
    """A catalog with one of everything, with grants and tags."""
    as_bob(rest)
    rest.post(CATALOGS, name="dev", comment="mine")
    rest.post(SCHEMAS, name="ml", catalog_name="dev")
    create_table(rest, "dev.ml.payments")
    create_function(rest, "dev.ml.plus")
    rest.post(f"{MODELS}/create", name="dev.ml.fraud")
    registry = rest.workspace._services[ModelRegistry]
    registry.create_version("dev.ml.fraud", "jane@acme.test", source="x")
    rest.workspace._services[Files].put("/Models/dev/ml/fraud/1/MLmodel", MLMODEL)
    registry.aliases.set("champion", registry.get_version("dev.ml.fraud", "1"))
    registry.tags.set(registry.get_model("dev.ml.fraud"), [("team", "risk")])
    registry.tags.set(registry.get_version("dev.ml.fraud", "1"), [("level", "gold")])
    grant(rest, "catalog", "dev", "USE_CATALOG")
    grant(rest, "schema", "dev.ml", "USE_SCHEMA")
    grant(rest, "table", "dev.ml.payments", "SELECT")
    grant(rest, "function", "dev.ml.fraud", "EXECUTE")
    rest.post(TAGS, entity_type="schemas", entity_name="dev.ml", tag_key="cost", tag_value="7")


def holds_all(rest: Rest, schema: str) -> None:
    """What `fill` made is there, in a schema of that name, and Bob may what he could."""
    catalog, name = schema.split(".")
    where = {"catalog_name": catalog, "schema_name": name}
    assert names(rest, TABLES, "tables", **where) == ["payments"]
    assert names(rest, FUNCTIONS, "functions", **where) == ["plus"]
    registry = rest.workspace._services[ModelRegistry]
    model = registry.get_model(f"{schema}.fraud")
    version = registry.get_by_alias(f"{schema}.fraud", "champion")
    assert [(one.key, one.value) for one in registry.tags.of(model)] == [("team", "risk")]
    assert [(one.key, one.value) for one in registry.tags.of(version)] == [("level", "gold")]
    assert version.name == f"{schema}.fraud"
    assert rest.workspace._services[Files].get(f"/Models/{catalog}/{name}/fraud/1/MLmodel") == MLMODEL
    assert rest.workspace.table(f"{schema}.payments").num_rows == 0
    tag = rest.get(f"{TAGS}/schemas/{schema}/tags/cost")
    assert (tag["entity_name"], tag["tag_value"]) == (schema, "7")
    bob = as_bob(rest)
    assert bob.get(f"{TABLES}/{schema}.payments")["full_name"] == f"{schema}.payments"
    assert bob.get(f"{MODELS}/get", name=f"{schema}.fraud")["registered_model"]["name"] == f"{schema}.fraud"
    assert grants(rest, "table", f"{schema}.payments")["privilege_assignments"][0]["privileges"] == ["SELECT"]
    assert rest.get(f"{FUNCTIONS}/{schema}.plus")["full_name"] == f"{schema}.plus"


def test_a_catalog_gets_another_name_with_all_that_is_in_it(rest: Rest):
    fill(rest)
    before = rest.get(f"{CATALOGS}/dev")
    renamed = rest.patch(f"{CATALOGS}/DEV", new_name="Staging", comment="ours")
    assert (renamed["name"], renamed["full_name"], renamed["comment"]) == ("staging", "staging", "ours")
    assert (renamed["id"], renamed["created_at"], renamed["owner"]) == (
        before["id"],
        before["created_at"],
        before["owner"],
    )
    assert names(rest, CATALOGS, "catalogs") == ["main", "staging"]
    assert names(rest, SCHEMAS, "schemas", catalog_name="staging") == ["default", "information_schema", "ml"]
    holds_all(rest, "staging.ml")
    assert refused(lambda: rest.get(f"{CATALOGS}/dev"))[:2] == (404, "CATALOG_DOES_NOT_EXIST")
    rest.post(CATALOGS, name="dev")
    assert names(rest, SCHEMAS, "schemas", catalog_name="dev") == ["default", "information_schema"]
    assert grants(rest, "catalog", "dev") == {}


def test_a_schema_gets_another_name_with_all_that_is_in_it(rest: Rest):
    fill(rest)
    renamed = rest.patch(f"{SCHEMAS}/dev.ml", new_name="models")
    assert (renamed["full_name"], renamed["catalog_name"]) == ("dev.models", "dev")
    holds_all(rest, "dev.models")
    assert refused(lambda: rest.get(f"{SCHEMAS}/dev.ml"))[:2] == (404, "SCHEMA_DOES_NOT_EXIST")
    rest.post(SCHEMAS, name="ml", catalog_name="dev")
    assert names(rest, TABLES, "tables", catalog_name="dev", schema_name="ml") == []
    assert rest.get(f"{TAGS}/schemas/dev.ml/tags") == {}


def test_a_name_that_is_there_or_not_valid_is_refused_and_nothing_changes(rest: Rest):
    fill(rest)
    before = rest.workspace.snapshot()
    for path, new_name, code in [
        (f"{CATALOGS}/dev", "MAIN", "CATALOG_ALREADY_EXISTS"),
        (f"{CATALOGS}/dev", "a.b", "INVALID_PARAMETER_VALUE"),
        (f"{CATALOGS}/dev", "", "INVALID_PARAMETER_VALUE"),
        (f"{SCHEMAS}/dev.ml", "default", "SCHEMA_ALREADY_EXISTS"),
        (f"{SCHEMAS}/dev.ml", "information_schema", "SCHEMA_ALREADY_EXISTS"),
        (f"{SCHEMAS}/dev.ml", "x" * 256, "INVALID_PARAMETER_VALUE"),
    ]:
        assert refused(lambda: rest.patch(path, new_name=new_name, comment="x"))[:2] == (400, code)  # noqa: B023
    assert rest.workspace.snapshot() == before
    holds_all(rest, "dev.ml")


def test_its_own_name_is_no_change(rest: Rest):
    fill(rest)
    assert rest.patch(f"{CATALOGS}/dev", new_name="Dev")["name"] == "dev"
    assert rest.patch(f"{SCHEMAS}/dev.ml", new_name="ML")["full_name"] == "dev.ml"
    holds_all(rest, "dev.ml")


def test_names_that_begin_alike_stay_apart(rest: Rest):
    rest.post(CATALOGS, name="dev")
    rest.post(CATALOGS, name="dev_2")
    create_table(rest, "dev_2.default.t")
    rest.patch(f"{CATALOGS}/dev", new_name="x")
    assert names(rest, TABLES, "tables", catalog_name="dev_2", schema_name="default") == ["t"]


def test_who_manages_a_schema_needs_create_schema_for_its_new_name(rest: Rest):
    bob = as_bob(rest)
    grant(rest, "catalog", "main", "USE_CATALOG")
    grant(rest, "schema", "main.default", "MANAGE", "USE_SCHEMA")
    assert bob.patch(f"{SCHEMAS}/main.default", comment="his")["comment"] == "his"
    assert refused(lambda: bob.patch(f"{SCHEMAS}/main.default", new_name="his")) == (
        403,
        "PERMISSION_DENIED",
        "User does not have CREATE SCHEMA on Catalog 'main'.",
    )
    grant(rest, "catalog", "main", "CREATE_SCHEMA")
    assert bob.patch(f"{SCHEMAS}/main.default", new_name="his")["full_name"] == "main.his"


@pytest.mark.parametrize("again", [False, True])
def test_what_is_deleted_leaves_no_grants_and_tags(rest: Rest, again: bool):
    fill(rest)
    if again:
        rest.patch(f"{CATALOGS}/dev", new_name="dev2")
        rest.patch(f"{CATALOGS}/dev2", new_name="dev")
    rest.json("DELETE", f"{CATALOGS}/dev", query={"force": "true"})
    tables = rest.workspace._state
    for name in ("grants", "entity_tags", "functions", "tables", "registered_models", "model_versions"):
        assert len(tables.table(name, object)) == 0, name
