"""Functions over REST: kept as they were said, in one namespace with registered models."""

from __future__ import annotations

from typing import Any

import pytest
from catalog_calls import (
    BOB,
    FUNCTIONS,
    MODELS,
    SCHEMAS,
    as_bob,
    create_function,
    function_info,
    grant,
    names,
    refused,
)
from conftest import Rest

NAME = "main.default.plus"
WHERE = {"catalog_name": "main", "schema_name": "default"}


def test_a_function_is_told_as_it_was_said(rest: Rest):
    python = {
        "routine_body": "EXTERNAL",
        "external_language": "PYTHON",
        "routine_definition": "return x + 1",
        "comment": "adds one",
        "properties": '{"a":"b"}',
        "routine_dependencies": {"dependencies": [{"table": {"table_full_name": "main.default.t"}}]},
    }
    created = create_function(rest, "main.default.Plus", **python)
    said = {**function_info("main.default.Plus", **python), "name": "plus"}
    assert {name: created[name] for name in said} == said
    assert (created["full_name"], created["owner"]) == (NAME, "jane@acme.test")
    assert rest.get(f"{FUNCTIONS}/main.default.PLUS") == created
    assert rest.get(FUNCTIONS, **WHERE) == {"functions": [created]}


def test_functions_and_models_share_their_names(rest: Rest):
    create_function(rest, NAME)
    rest.post(f"{MODELS}/create", name="main.default.fraud")
    assert refused(lambda: create_function(rest, "main.default.fraud")) == (
        400,
        "RESOURCE_ALREADY_EXISTS",
        "Routine or Model 'main.default.fraud' already exists",
    )
    for ask in (
        lambda: create_function(rest, NAME),
        lambda: rest.post(f"{MODELS}/create", name=NAME),
        lambda: rest.patch(f"{MODELS}/update", name="main.default.fraud", new_name=NAME),
    ):
        assert refused(ask) == (400, "RESOURCE_ALREADY_EXISTS", f"Routine or Model '{NAME}' already exists")


def test_a_model_is_no_function_and_a_function_no_model(rest: Rest):
    create_function(rest, NAME)
    rest.post(f"{MODELS}/create", name="main.default.fraud")
    path = f"{FUNCTIONS}/main.default.fraud"
    for ask in (lambda: rest.get(path), lambda: rest.delete(path), lambda: rest.patch(path, owner="jane@acme.test")):
        assert refused(ask) == (
            404,
            "RESOURCE_DOES_NOT_EXIST",
            "Routine or Model 'main.default.fraud' is a registered model, not a function.",
        )
    assert refused(lambda: rest.get(f"{MODELS}/get", name=NAME))[:2] == (404, "RESOURCE_DOES_NOT_EXIST")
    assert names(rest, FUNCTIONS, "functions", **WHERE) == ["plus"]


def test_a_function_keeps_its_schema_from_being_empty(rest: Rest):
    rest.post(SCHEMAS, name="ml", catalog_name="main")
    create_function(rest, "main.ml.plus")
    assert refused(lambda: rest.delete(f"{SCHEMAS}/main.ml")) == (
        400,
        "SCHEMA_NOT_EMPTY",
        "Schema 'main.ml' is not empty. The schema has 0 tables(s), 1 functions(s), 0 volumes(s)",
    )
    rest.delete(f"{FUNCTIONS}/main.ml.plus")
    rest.delete(f"{SCHEMAS}/main.ml")


def test_a_function_is_deleted_with_its_grants(rest: Rest):
    as_bob(rest)
    create_function(rest, NAME)
    grant(rest, "function", NAME, "EXECUTE")
    rest.json("DELETE", f"{FUNCTIONS}/{NAME}", query={"force": "true"})
    assert refused(lambda: rest.get(f"{FUNCTIONS}/{NAME}")) == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
        f"Routine or Model '{NAME}' does not exist.",
    )
    create_function(rest, NAME)
    assert rest.get(f"/api/2.1/unity-catalog/permissions/function/{NAME}") == {}


def test_functions_are_listed_in_pages(rest: Rest):
    for name in "bca":
        create_function(rest, f"main.default.{name}")
    first = rest.get(FUNCTIONS, **WHERE, max_results=2)
    assert [one["name"] for one in first["functions"]] == ["a", "b"]
    assert names(rest, FUNCTIONS, "functions", **WHERE, page_token=first["next_page_token"]) == ["c"]


@pytest.mark.parametrize(
    "more",
    [
        {"data_type": "NUMBER"},
        {"routine_body": "PYTHON"},
        {"parameter_style": "X"},
        {"name": "a b"},
        {"name": ""},
        {"surplus": 1},
        {"input_params": {"parameters": [{"name": "x"}]}},
        {
            "input_params": {
                "parameters": [
                    {"name": name, "type_text": "int", "type_name": "INT", "position": place}
                    for place, name in enumerate("xX")
                ]
            }
        },
    ],
)
def test_a_malformed_function_is_refused_and_leaves_nothing(rest: Rest, more: dict[str, Any]):
    before = rest.workspace.snapshot()
    assert refused(lambda: create_function(rest, NAME, **more))[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert rest.workspace.snapshot() == before


def test_who_may(rest: Rest):
    bob = as_bob(rest)
    grant(rest, "catalog", "main", "USE_CATALOG", "USE_SCHEMA")
    denied = "User does not have {} on {}."
    assert refused(lambda: create_function(bob, NAME))[2] == denied.format("CREATE FUNCTION", "Schema 'main.default'")
    create_function(rest, NAME)
    what = f"Routine or Model '{NAME}'"
    assert refused(lambda: bob.get(f"{FUNCTIONS}/{NAME}"))[2] == denied.format("EXECUTE", what)
    assert bob.get(FUNCTIONS, **WHERE) == {}
    grant(rest, "function", NAME, "EXECUTE")
    assert bob.get(f"{FUNCTIONS}/{NAME}")["name"] == "plus"
    assert names(bob, FUNCTIONS, "functions", **WHERE) == ["plus"]
    assert refused(lambda: bob.patch(f"{FUNCTIONS}/{NAME}", owner=BOB))[2] == denied.format("MANAGE", what)
    assert refused(lambda: bob.delete(f"{FUNCTIONS}/{NAME}"))[0] == 403
    assert rest.patch(f"{FUNCTIONS}/{NAME}", owner=BOB)["owner"] == BOB
    bob.delete(f"{FUNCTIONS}/{NAME}")
