"""Every operation of Model Serving, asked by every kind of person: what the permissions on an endpoint allow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from acting import denied, of
from conftest import Rest
from privilege_matrix import World, at_least, operations_of, walk
from serving_fixtures import MODEL, register_in

from fakebricks.wire.operations import Operation

LEVELS = ("CAN_VIEW", "CAN_QUERY", "CAN_MANAGE")
VERBS = dict(zip(LEVELS, ("View", "Query", "Manage"), strict=True))
ENDPOINTS = "/api/2.0/serving-endpoints"

NEEDED = {
    "get_serving_endpoint": "CAN_VIEW",
    "query_serving_endpoint": "CAN_QUERY",
    "query_serving_endpoint_as_openai": "CAN_QUERY",
    "get_serving_endpoint_open_api": "CAN_VIEW",
    "update_serving_endpoint_config": "CAN_MANAGE",
    "delete_serving_endpoint": "CAN_MANAGE",
    "patch_serving_endpoint_tags": "CAN_MANAGE",
    "put_serving_endpoint_ai_gateway": "CAN_MANAGE",
    "put_serving_endpoint_rate_limits": "CAN_MANAGE",
    "patch_serving_endpoint_description": "CAN_MANAGE",
    "patch_telemetry_config": "CAN_MANAGE",
    "patch_serving_endpoint_notifications": "CAN_MANAGE",
    "get_served_model_build_logs": "CAN_MANAGE",
    "get_served_model_logs": "CAN_MANAGE",
    "stop_serving_endpoint": "CAN_MANAGE",
    "start_serving_endpoint": "CAN_MANAGE",
    "list_serving_endpoint_events": "CAN_VIEW",
    "export_serving_endpoint_metrics": "CAN_VIEW",
}
OF_TOKENS = {"query_serving_endpoint_data_plane"}  # it takes a token for one endpoint: see test_data_plane.py
NOT_ASKED = {
    "create_serving_endpoint": "everybody may create endpoints; what they serve is for Unity Catalog to allow",
    "list_serving_endpoints": "it lists what the caller may see, and nothing else; see below",
}
OPERATIONS = operations_of("fakebricks.services.model_serving.")
PRIVILEGED = [one for one in OPERATIONS if one.name in NEEDED]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World(*LEVELS)
    config = {"served_entities": [{"entity_name": MODEL, "entity_version": register_in(world.workspace)}]}
    everything = [{"principal": "account users", "add": ["ALL_PRIVILEGES"]}]
    world.made("admin", "PATCH", "/api/2.1/unity-catalog/permissions/catalog/main", {"changes": everything})
    world.made("creator", "POST", ENDPOINTS, {"name": "fraud", "config": config})
    world.workspace.clock.advance(minutes=10)
    endpoint = world.made("creator", "GET", f"{ENDPOINTS}/fraud")
    url = f"/api/2.0/permissions/serving-endpoints/{endpoint['id']}"
    world.share(url)
    world.values = {
        "url": url,
        "name": "fraud",
        "served_model_name": endpoint["config"]["served_entities"][0]["name"],
        "raw": {"dataframe_records": [{"amount": 1.0}], "model": "fraud"},
        "served_entities": config["served_entities"],
        "add_tags": [{"key": "team", "value": "risk"}],
    }
    yield world
    world.workspace.close()


def test_every_operation_declares_who_may_do_it_or_why_everybody_may() -> None:
    assert {one.name for one in OPERATIONS if one.privilege} == set(NEEDED) | OF_TOKENS
    assert {one.name for one in OPERATIONS if one.privilege is None} == set(NOT_ASKED)


@pytest.mark.parametrize("operation", PRIVILEGED, ids=lambda one: f"{one.method}-{one.path}")
def test_only_those_may_who_have_the_permission(world: World, operation: Operation) -> None:
    needed = NEEDED[operation.name]
    more = {name: world.values[name] for name in ("served_entities", "add_tags") if _takes(operation, name)}
    before = world.workspace.snapshot()
    if operation.name == "start_serving_endpoint":
        world.made("admin", "POST", f"{ENDPOINTS}/fraud/config:stop")
    for user, reply in walk(world, world.values["url"], operation, at_least(LEVELS, needed), **more):
        assert reply.json()["message"] == (
            f"User {user} does not have permission to '{VERBS[needed]}' serving endpoint with name 'fraud'"
        )
    world.workspace.restore(before)


def test_who_may_not_see_an_endpoint_does_not_find_it_and_who_may_is_told_their_level(world: World) -> None:
    for who, level in world.holders(world.values["url"]):
        found = world.made(who, "GET", ENDPOINTS)["endpoints"]
        assert [one["permission_level"] for one in found] == ([level] if level in LEVELS else [])
        if level in LEVELS:
            assert world.made(who, "GET", f"{ENDPOINTS}/fraud")["permission_level"] == level


def test_a_refusal_changes_nothing_and_what_is_missing_is_said_to_everybody(world: World) -> None:
    before = world.workspace.snapshot()
    query = world.values["raw"]
    for method, url, body in (
        ("DELETE", f"{ENDPOINTS}/fraud", None),
        ("POST", "/serving-endpoints/fraud/invocations", query),
        ("PATCH", f"{ENDPOINTS}/fraud/tags", {"delete_tags": ["x"]}),
    ):
        assert world.ask("stranger", method, url, body).status == 403
        assert world.ask("stranger", method, url.replace("fraud", "nothing"), body).status == 404
    assert world.workspace.snapshot() == before


def test_permissions_are_those_of_an_id_and_end_with_the_endpoint(rest: Rest) -> None:
    ann, bob = of(rest, "ann@acme.test"), of(rest, "bob@acme.test")
    endpoint_id = ann.post(ENDPOINTS, name="fraud")["id"]
    url = f"/api/2.0/permissions/serving-endpoints/{endpoint_id}"
    answer = ann.patch(url, access_control_list=[{"user_name": "bob@acme.test", "permission_level": "CAN_MANAGE"}])
    assert (answer["object_id"], answer["object_type"]) == (f"/serving-endpoints/{endpoint_id}", "serving-endpoint")
    bob.delete(f"{ENDPOINTS}/fraud")
    again = ann.post(ENDPOINTS, name="fraud")["id"]
    denied(bob.get, f"{ENDPOINTS}/fraud")
    denied(bob.get, f"/api/2.0/permissions/serving-endpoints/{again}")
    for name in ("fraud", endpoint_id):
        reply = rest.call("GET", f"/api/2.0/permissions/serving-endpoints/{name}")
        assert (reply.status, reply.json()["message"]) == (400, f"'{name}' is not a valid Inference Endpoint ID.")


def _takes(operation: Operation, field: str) -> bool:
    return operation.shape is not None and field in operation.shape.__struct_fields__
