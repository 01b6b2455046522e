"""What a deployment says of itself while time passes: messages, events and logs."""

from __future__ import annotations

from itertools import pairwise

import pytest
from clocks import standing_at
from conftest import RefusedError
from serving_fixtures import MODEL

from fakebricks import Workspace

ENDPOINTS = "/api/2.0/serving-endpoints"
TIMED_OUT = (
    "Served model creation aborted because the endpoint update timed out. Please see service logs for more information."
)


@pytest.fixture
def workspace(request):
    workspace = Workspace(clock=standing_at(), serving=getattr(request, "param", {"deployment": 600}))
    yield workspace
    workspace.close()


def pending(rest):
    (entity,) = rest.get(f"{ENDPOINTS}/fraud")["pending_config"]["served_entities"]
    return entity["state"]["deployment"], entity["state"]["deployment_state_message"]


def events(rest):
    return rest.get(f"{ENDPOINTS}/fraud/events")["events"]


def test_the_message_changes_as_time_passes(rest, workspace, deploy):
    deploy(minutes=0)
    seen = [pending(rest)]
    for minutes in (2, 6):
        workspace.clock.advance(minutes=minutes)
        seen.append(pending(rest))
    assert seen == [
        ("DEPLOYMENT_CREATING", "Creating resources for served entity."),
        ("DEPLOYMENT_CREATING", "Container image creation in progress."),
        ("DEPLOYMENT_CREATING", "Model server is starting."),
    ]
    workspace.clock.advance(minutes=3)
    (entity,) = rest.get(f"{ENDPOINTS}/fraud")["config"]["served_entities"]
    assert entity["state"] == {"deployment": "DEPLOYMENT_READY", "deployment_state_message": ""}


def test_events_tell_the_whole_life_the_newest_first(rest, workspace, register, deploy):
    started = workspace.clock.time()
    deploy(minutes=8)
    assert [one["type"] for one in events(rest)].count("SERVED_ENTITY_CONTAINER_EVENT") == 2
    workspace.clock.advance(minutes=3)
    bad = register(top="raise ImportError('No module named xgboost')")
    rest.put(f"{ENDPOINTS}/fraud/config", served_entities=[{"entity_name": MODEL, "entity_version": bad}])
    workspace.clock.advance(minutes=11)
    rest.post(f"{ENDPOINTS}/fraud/config:stop")
    found = events(rest)
    messages = [one["message"] for one in found[::-1]]
    assert messages.pop(11).endswith("No module named xgboost")
    assert messages == [
        "Endpoint 'fraud' created.",
        "Update to config version 1 started.",
        "Creating resources for served entity.",
        "Container image creation started",
        "Container image creation finished successfully",
        "Served entity is ready.",
        "Update to config version 1 succeeded.",
        "Update to config version 2 started.",
        "Creating resources for served entity.",
        "Container image creation started",
        "Container image creation finished successfully",
        "Update to config version 2 failed.",
        "Endpoint 'fraud' stopped.",
    ]
    assert all(later["timestamp"] >= earlier["timestamp"] for later, earlier in pairwise(found))
    finished = found[-5]
    assert finished["type"] == "SERVED_ENTITY_CONTAINER_EVENT"
    assert finished["served_entity_name"] == "fraud-1"
    assert finished["timestamp"] / 1000 - started == pytest.approx(420)


def test_an_endpoint_without_a_config_has_its_creation_only(rest):
    rest.post(ENDPOINTS, name="fraud")
    assert [one["message"] for one in events(rest)] == ["Endpoint 'fraud' created."]


@pytest.mark.parametrize("workspace", [{"deployment": 3600}], indirect=True)
def test_a_deployment_that_takes_too_long_is_aborted(rest, workspace, deploy, query):
    deploy(minutes=29)
    assert pending(rest)[0] == "DEPLOYMENT_CREATING"
    workspace.clock.advance(minutes=1)
    endpoint = rest.get(f"{ENDPOINTS}/fraud")
    assert endpoint["state"] == {"ready": "NOT_READY", "config_update": "UPDATE_FAILED", "suspend": "NOT_SUSPENDED"}
    assert pending(rest) == ("DEPLOYMENT_ABORTED", TIMED_OUT)
    messages = [one["message"] for one in events(rest)]
    assert messages[:2] == ["Update to config version 1 failed.", TIMED_OUT]
    assert "Container image creation finished successfully" not in messages
    assert "aborted after 1800 seconds" in rest.get(f"{ENDPOINTS}/fraud/served-models/fraud-1/logs")["logs"]
    assert query([{"amount": 1.0}]).status == 400


@pytest.mark.parametrize("workspace", [{"deployment": 3000}], indirect=True)
def test_a_gpu_has_longer(rest, workspace, deploy):
    deploy(entity={"workload_type": "GPU_SMALL"}, minutes=49)
    assert pending(rest)[0] == "DEPLOYMENT_CREATING"
    workspace.clock.advance(minutes=2)
    assert rest.get(f"{ENDPOINTS}/fraud")["state"]["ready"] == "READY"


def test_logs_of_every_version_stay(rest, workspace, register, deploy):
    deploy(minutes=11)
    bad = register(top="raise ImportError('No module named xgboost')")
    again = {"name": "fraud-1", "entity_name": MODEL, "entity_version": bad}
    rest.put(f"{ENDPOINTS}/fraud/config", served_entities=[again])
    url = f"{ENDPOINTS}/fraud/served-models/fraud-1"
    assert rest.get(f"{url}/logs")["logs"] == ""
    assert "finished" not in rest.get(f"{url}/build-logs")["logs"]
    workspace.clock.advance(minutes=11)
    failed = rest.get(f"{url}/logs")["logs"]
    assert "Traceback (most recent call last)" in failed
    assert "No module named xgboost" in failed
    assert rest.get(f"{url}/logs", config_version=2)["logs"] == failed
    assert "Loaded main.default.fraud version 1." in rest.get(f"{url}/logs", config_version=1)["logs"]
    for version in (1, 2):
        log = rest.get(f"{url}/build-logs", config_version=version)["logs"]
        assert log.endswith("Container image creation finished successfully")
    with pytest.raises(RefusedError, match="does not exist"):
        rest.get(f"{url}/logs", config_version=3)
