"""SQL warehouses over REST."""

from __future__ import annotations

from typing import Any

import pytest
from acting import denied, of, refused
from conftest import Rest

from fakebricks import Workspace
from fakebricks.services.sql.warehouses import Warehouses

W = "/api/2.0/sql/warehouses"
P = "/api/2.0/permissions/warehouses"
SMALL = {"name": "etl", "cluster_size": "X-Small"}
SERVERLESS = {**SMALL, "warehouse_type": "PRO", "enable_serverless_compute": True}


def starter(rest: Rest) -> Any:
    return next(one for one in rest.get(W)["warehouses"] if one["name"] == "Serverless Starter Warehouse")


def state(rest: Rest, warehouse_id: str) -> str:
    return rest.get(f"{W}/{warehouse_id}")["state"]


def test_a_workspace_has_a_warehouse_from_the_start(rest: Rest) -> None:
    found = starter(rest)
    assert len(rest.get(W)["warehouses"]) == 1
    assert (found["name"], found["state"], found["num_clusters"]) == ("Serverless Starter Warehouse", "STOPPED", 0)
    assert found["creator_name"] == rest.workspace.user_name
    assert (found["warehouse_type"], found["enable_serverless_compute"]) == ("PRO", True)
    odbc = found["odbc_params"]
    assert odbc["path"] == f"/sql/1.0/warehouses/{found['id']}"
    assert f"httpPath={odbc['path']};" in found["jdbc_url"]
    assert odbc["hostname"] in found["jdbc_url"]
    assert rest.get(f"{W}/{found['id']}") == found


def test_the_starter_is_the_same_for_the_same_seed() -> None:
    ids = [next(Workspace(seed=seed)._services[Warehouses].all()).id for seed in (1, 1, 2)]
    assert ids[0] == ids[1] != ids[2]


def test_a_warehouse_is_kept_as_it_is_told_with_the_defaults(rest: Rest) -> None:
    tags = {"custom_tags": [{"key": "team", "value": "risk"}]}
    made = rest.post(W, **SMALL, max_num_clusters=2, tags=tags)["id"]
    found = rest.get(f"{W}/{made}")
    told = {
        "id": made,
        "name": "etl",
        "cluster_size": "X-Small",
        "min_num_clusters": 1,
        "max_num_clusters": 2,
        "auto_stop_mins": 120,
        "warehouse_type": "CLASSIC",
        "enable_serverless_compute": False,
        "enable_photon": True,
        "spot_instance_policy": "COST_OPTIMIZED",
        "tags": tags,
        "channel": {"name": "CHANNEL_NAME_CURRENT"},
        "creator_name": rest.workspace.user_name,
    }
    assert {name: found[name] for name in told} == told


def test_a_new_warehouse_starts(rest: Rest) -> None:
    made = rest.post(W, **SMALL)["id"]
    assert state(rest, made) == "STARTING"
    rest.workspace.clock.advance(minutes=3)
    assert state(rest, made) == "STARTING"
    rest.workspace.clock.advance(minutes=1)
    assert (state(rest, made), rest.get(f"{W}/{made}")["num_clusters"]) == ("RUNNING", 1)


def test_a_serverless_one_is_there_in_seconds(rest: Rest) -> None:
    made = rest.post(W, **SERVERLESS)["id"]
    rest.workspace.clock.advance(seconds=5)
    assert state(rest, made) == "RUNNING"


def test_start_and_stop(rest: Rest) -> None:
    made = rest.post(W, **SERVERLESS)["id"]
    rest.workspace.clock.advance(seconds=5)
    assert rest.post(f"{W}/{made}/stop") == {}
    assert state(rest, made) == "STOPPING"
    rest.workspace.clock.advance(seconds=6)
    assert state(rest, made) == "STOPPED"
    assert rest.post(f"{W}/{made}/stop") == {}
    assert rest.post(f"{W}/{made}/start") == {}
    assert state(rest, made) == "STARTING"
    rest.workspace.clock.advance(seconds=5)
    assert rest.post(f"{W}/{made}/start") == {}
    assert state(rest, made) == "RUNNING"


def test_it_stops_by_itself_when_it_is_idle(rest: Rest) -> None:
    made = rest.post(W, **SERVERLESS, auto_stop_mins=1)["id"]
    never = rest.post(W, **{**SERVERLESS, "name": "never"}, auto_stop_mins=0)["id"]
    rest.workspace.clock.advance(seconds=60)
    assert state(rest, made) == "RUNNING"
    rest.workspace.clock.advance(seconds=5)
    assert state(rest, made) == "STOPPED"
    rest.workspace.clock.advance(days=10)
    assert state(rest, never) == "RUNNING"


def test_an_edit_changes_what_it_says(rest: Rest) -> None:
    made = rest.post(W, **SMALL)["id"]
    assert rest.post(f"{W}/{made}/edit", id=made, cluster_size="Large", auto_stop_mins=10) == {}
    found = rest.get(f"{W}/{made}")
    assert (found["name"], found["cluster_size"], found["auto_stop_mins"]) == ("etl", "Large", 10)
    assert rest.post(f"{W}/{made}/edit", name="etl") == {}, "its own name is free to it"


def test_a_deleted_one_is_gone(rest: Rest) -> None:
    made = rest.post(W, **SMALL)["id"]
    assert rest.delete(f"{W}/{made}") == {}
    message = refused("RESOURCE_DOES_NOT_EXIST", rest.get, f"{W}/{made}")
    assert message == f"SQL warehouse {made} does not exist."
    refused("RESOURCE_DOES_NOT_EXIST", rest.delete, f"{W}/{made}")


@pytest.mark.parametrize("verb", ["start", "stop", "edit"])
def test_what_is_no_id_is_said_to_be_none(rest: Rest, verb: str) -> None:
    message = refused("INVALID_PARAMETER_VALUE", rest.get, f"{W}/get")
    assert message == "get is not a valid endpoint id."
    assert refused("INVALID_PARAMETER_VALUE", rest.post, f"{W}/x;y/{verb}").startswith("x;y is not")
    assert refused("RESOURCE_DOES_NOT_EXIST", rest.post, f"{W}/{'0' * 16}/{verb}")


@pytest.mark.parametrize(
    ("told", "about"),
    [
        ({"cluster_size": None}, "cluster_size is required"),
        ({"cluster_size": "Tiny"}, "'Tiny' is not a valid cluster_size"),
        ({"name": ""}, "name"),
        ({"name": "x" * 100}, "99 characters"),
        ({"auto_stop_mins": 9}, "auto_stop_mins"),
        ({"auto_stop_mins": -1}, "auto_stop_mins"),
        ({"min_num_clusters": 0}, "min_num_clusters"),
        ({"min_num_clusters": 3, "max_num_clusters": 2}, "min_num_clusters"),
        ({"min_num_clusters": 31, "max_num_clusters": 40}, "min_num_clusters"),
        ({"max_num_clusters": 41}, "max_num_clusters"),
        ({"warehouse_type": "FAST"}, "'FAST' is not a valid warehouse_type"),
        ({"enable_serverless_compute": True}, "PRO"),
        ({"spot_instance_policy": "x"}, "spot_instance_policy"),
        ({"channel": {"name": "CHANNEL_NAME_CUSTOM"}}, "dbsql_version"),
        ({"channel": {"name": "NONE"}}, "channel.name"),
        ({"tags": {"custom_tags": [{"key": str(i)} for i in range(45)]}}, "44 tags"),
        ({"max_dbu": 3}, "Unknown field 'max_dbu'"),
    ],
)
def test_settings_that_cannot_be_are_refused(rest: Rest, told: dict[str, Any], about: str) -> None:
    before = rest.workspace.snapshot()
    assert about in refused("INVALID_PARAMETER_VALUE", rest.post, W, **{**SMALL, **told})
    if told != {"cluster_size": None}:
        assert about in refused(
            "INVALID_PARAMETER_VALUE", rest.post, f"{W}/{starter(rest)['id']}/edit", **_classic(told)
        )
    assert rest.workspace.snapshot() == before


def _classic(told: dict[str, Any]) -> dict[str, Any]:
    return {"warehouse_type": "CLASSIC", "enable_serverless_compute": False, **told}


def test_a_name_is_there_once(rest: Rest) -> None:
    rest.post(W, **SMALL)
    message = refused("INVALID_PARAMETER_VALUE", rest.post, W, **SMALL)
    assert message == "SQL warehouse with name `etl` already exists"
    refused("INVALID_PARAMETER_VALUE", rest.post, f"{W}/{starter(rest)['id']}/edit", name="etl")


def test_pages(rest: Rest) -> None:
    names = {rest.post(W, **{**SMALL, "name": str(i)})["id"] for i in range(3)} | {starter(rest)["id"]}
    page = rest.get(W, page_size=3)
    assert len(page["warehouses"]) == 3
    last = rest.get(W, page_size=3, page_token=page["next_page_token"])
    assert "next_page_token" not in last
    assert {one["id"] for one in (*page["warehouses"], *last["warehouses"])} == names
    refused("INVALID_PARAMETER_VALUE", rest.get, W, page_token="x")


def test_everybody_uses_the_starter_and_only_that(rest: Rest) -> None:
    made = rest.post(W, **SMALL)["id"]
    bob = of(rest, "bob@acme.test")
    found = bob.get(W)["warehouses"]
    assert [one["name"] for one in found] == ["Serverless Starter Warehouse"]
    rest.post(f"{W}/{found[0]['id']}/edit", name="Renamed")
    rest.post(W, **{**SMALL, "name": "Serverless Starter Warehouse"})
    assert [one["name"] for one in bob.get(W)["warehouses"]] == ["Renamed"], "it is not about the name"
    assert bob.post(f"{W}/{found[0]['id']}/start") == {}
    message = denied(bob.post, f"{W}/{found[0]['id']}/stop")
    assert message == ("bob@acme.test is not authorized to manage this SQL Endpoint. Please contact the administrator.")
    message = denied(bob.get, f"{W}/{made}")
    assert message == (
        "bob@acme.test is not authorized to use or monitor this SQL Endpoint. Please contact the administrator."
    )


def test_who_may_create_clusters_may_create_warehouses(rest: Rest) -> None:
    bob = of(rest, "bob@acme.test")
    denied(bob.post, W, **SMALL)
    me = bob.get("/api/2.0/preview/scim/v2/Me")["id"]
    change = {"op": "add", "path": "entitlements", "value": [{"value": "allow-cluster-create"}]}
    rest.patch(f"/api/2.0/preview/scim/v2/Users/{me}", Operations=[change])
    made = bob.post(W, **SMALL)["id"]
    assert bob.post(f"{W}/{made}/stop") == {}


@pytest.mark.parametrize("path", [P, "/api/2.0/permissions/sql/warehouses"])
def test_permissions(rest: Rest, path: str) -> None:
    made = rest.post(W, **SMALL)["id"]
    url = f"{path}/{made}"
    found = rest.get(url)
    assert (found["object_id"], found["object_type"]) == (f"/sql/warehouses/{made}", "warehouses")
    levels = [one["permission_level"] for one in rest.get(f"{url}/permissionLevels")["permission_levels"]]
    assert levels == ["CAN_VIEW", "CAN_USE", "CAN_MONITOR", "IS_OWNER", "CAN_MANAGE"]
    of(rest, "bob@acme.test")
    bobs = {"user_name": "bob@acme.test", "permission_level": "CAN_USE"}
    rest.patch(url, access_control_list=[bobs])
    assert of(rest, "bob@acme.test").get(f"{W}/{made}")["name"] == "etl"
    message = refused("INVALID_PARAMETER_VALUE", rest.put, url, access_control_list=[bobs])
    assert message == f"PUT requests for warehouse {made} with no existing owner must provide a new owner."
    refused("INVALID_PARAMETER_VALUE", rest.get, f"{path}/x")


def test_the_configuration_is_the_default_one(rest: Rest) -> None:
    assert rest.get("/api/2.0/sql/config/warehouses")["security_policy"] == "DATA_ACCESS_CONTROL"
    refused("NOT_IMPLEMENTED", rest.put, "/api/2.0/sql/config/warehouses", security_policy="NONE")


def test_durations_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="no duration 'start'"):
        Workspace(warehouses={"start": 1})
    with pytest.raises(ValueError, match="not a number"):
        Workspace(warehouses={"statement": -1})
