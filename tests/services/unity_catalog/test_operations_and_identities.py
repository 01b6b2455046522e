"""Every operation of Unity Catalog and its models, asked by every kind of person: who may is said here once more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from governed_world import GROUPED, IDENTITIES, World, page, walked

from fakebricks.wire.operations import Operation

EVERYBODY = set(IDENTITIES)
METASTORE_ADMIN = "metastore admin"
MANAGERS = {"manages", "owns the object", "owns the schema", "owns the catalog", METASTORE_ADMIN}
READERS = {"reads", GROUPED, "service principal that reads"}
NO_USERS = {"stranger", "reads, but may not use", "workspace admin"}
WHO: dict[str, set[str]] = {
    "anybody": EVERYBODY,
    "creates catalogs": {METASTORE_ADMIN, "workspace admin"},
    "manages the metastore": {METASTORE_ADMIN},
    "sees the catalog": EVERYBODY - NO_USERS,
    "manages the catalog": {"manages", "manages, but may not use", "owns the catalog", METASTORE_ADMIN},
    "creates schemas": {"creates", "all privileges", "owns the catalog", METASTORE_ADMIN},
    "sees the schema": EVERYBODY - NO_USERS - {"manages, but may not use"},
    "manages the schema": MANAGERS - {"owns the object"},
    "sees the object": MANAGERS | READERS | {"browses", "all privileges"},
    "loads the model": READERS | {"all privileges", "owns the object"},
    "makes versions": MANAGERS | {"writes", "all privileges"},
    "tags": MANAGERS | {"tags", "all privileges"},
    "manages the object": MANAGERS,
    "creates in the schema": {"creates", "all privileges", "owns the schema"},
}

NEEDED: dict[str, str] = {
    # Lists show what one may see; see the tests of lists.
    "list_catalogs": "anybody",
    "search_registered_models": "anybody",
    # They tell nothing of any object.
    "current_metastore_assignment": "anybody",
    "metastore_summary": "anybody",
    "is_databricks_sdk_models_artifact_repository_enabled": "anybody",
    "list_metastores": "manages the metastore",
    "get_metastore": "manages the metastore",
    "update_metastore": "manages the metastore",
    "create_catalog": "creates catalogs",
    "get_catalog": "sees the catalog",
    "list_schemas": "sees the catalog",
    "update_catalog": "manages the catalog",
    "delete_catalog": "manages the catalog",
    "create_schema": "creates schemas",
    "get_schema": "sees the schema",
    "list_tables": "sees the schema",
    "list_functions": "sees the schema",
    "list_registered_models": "sees the schema",
    "list_table_summaries": "sees the catalog",
    "update_schema": "manages the schema",
    "delete_schema": "manages the schema",
    "create_table": "creates in the schema",
    "get_table": "sees the object",
    "table_exists": "sees the object",
    "update_table": "manages the object",
    "delete_table": "manages the object",
    "create_function": "creates in the schema",
    "get_function": "sees the object",
    "update_function": "manages the object",
    "delete_function": "manages the object",
    "get_tag_assignment": "sees the object",
    "list_tag_assignments": "sees the object",
    "create_tag_assignment": "tags",
    "update_tag_assignment": "tags",
    "delete_tag_assignment": "tags",
    "create_volume": "creates in the schema",
    "list_volumes": "sees the schema",
    "read_volume": "sees the object",
    "update_volume": "manages the object",
    "delete_volume": "manages the object",
    "get_grants": "sees the object",
    "get_effective_grants": "sees the object",
    "update_grants": "manages the object",
    "create_registered_model": "creates in the schema",
    "get_registered_model": "sees the object",
    "update_registered_model": "manages the object",
    "delete_registered_model": "manages the object",
    "set_registered_model_alias": "manages the object",
    "delete_registered_model_alias": "manages the object",
    "get_model_version_by_alias": "sees the object",
    "set_registered_model_tag": "tags",
    "delete_registered_model_tag": "tags",
    "create_model_version": "makes versions",
    "finalize_model_version": "makes versions",
    "get_model_version": "sees the object",
    "search_model_versions": "sees the object",
    "list_model_versions": "sees the object",
    "update_model_version": "manages the object",
    "delete_model_version": "manages the object",
    "get_model_version_download_uri": "loads the model",
    "generate_temporary_model_version_credentials": "loads the model",
    "update_securable_tags": "tags",
    "update_subentity_tags": "tags",
    "set_model_version_tag": "tags",
    "delete_model_version_tag": "tags",
    "emit_model_version_lineage": "loads the model",
}

OPERATIONS = walked()
REFUSAL = re.compile(
    r"User does not have [A-Z ]+ on (Metastore|Catalog|Schema|Table|Volume|Routine or Model) '[\w.]+'\."
)
PAGE = Path(__file__).parents[3] / "docs" / "privileges.md"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World()
    yield world
    world.workspace.close()


def test_every_operation_is_in_the_table_above_and_only_those():
    assert {one.name for one in OPERATIONS} == NEEDED.keys()


def test_every_operation_declares_what_it_takes_or_everybody_may():
    undeclared = {one.name for one in OPERATIONS if one.privilege is None}
    assert undeclared == {name for name, needed in NEEDED.items() if needed == "anybody"}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method}-{one.path}")
def test_who_may(world: World, operation: Operation):
    allowed = set()
    for who in IDENTITIES:
        reply = world.perform(operation, who)
        if reply.status == 403:
            assert reply.json()["error_code"] == "PERMISSION_DENIED"
            assert REFUSAL.fullmatch(reply.json()["message"]), reply.body
        else:
            assert reply.status < 300, (who, reply.body)
            allowed.add(who)
    assert allowed == WHO[NEEDED[operation.name]]


def test_the_page_of_privileges_tells_what_happens(world: World):
    assert PAGE.read_text() == page(world), "docs/privileges.md is out of date: run `make pages`"
