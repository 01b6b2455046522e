"""Runtimes as endpoints have them: chosen, deployed, failing, freed; with one that builds nothing and records all."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import RefusedError, Rest
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_fixtures import MODEL

from fakebricks import Workspace
from fakebricks.clock import VirtualClock
from fakebricks.services.model_serving.deployments import Deployments
from fakebricks.services.model_serving.models import Models
from fakebricks.services.model_serving.records import ServingRuntime
from fakebricks.services.model_serving.runtimes import ModelLoadError, Scored
from fakebricks.services.model_serving.runtimes.made import Runtimes
from fakebricks.wire.errors import NotImplementedByFakebricks

ENDPOINTS = "/api/2.0/serving-endpoints"
CHOICES = "/_fakebricks/serving_runtimes"
AMOUNT = [{"amount": 1.0}]


class Isolated:
    """A runtime that loads nothing: its models answer with what they were loaded with."""

    def __init__(self) -> None:
        self.loaded: list[IsolatedModel] = []
        self.error: Exception | None = None
        self.unavailable = ""
        self.building = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def of(self, chosen: ServingRuntime) -> IsolatedRuntime:
        return IsolatedRuntime(self, chosen)

    @property
    def open(self) -> list[IsolatedModel]:
        return [model for model in self.loaded if not model.closed]


class IsolatedRuntime:
    def __init__(self, isolated: Isolated, chosen: ServingRuntime) -> None:
        self._isolated = isolated
        self._chosen = chosen

    def require(self) -> None:
        if self._isolated.unavailable:
            raise NotImplementedByFakebricks(self._isolated.unavailable)

    def load(self, directory: Path, variables: dict[str, str]) -> IsolatedModel:
        assert (directory / "MLmodel").is_file()
        self._isolated.building.set()
        assert self._isolated.go_on.wait(60)
        if self._isolated.error:
            raise self._isolated.error
        model = IsolatedModel(self._chosen.image or dict(self._chosen.pins), variables)
        self._isolated.loaded.append(model)
        return model


class IsolatedModel:
    build_log = "Resolved 7 packages\nInstalled 7 packages\n"
    log = "Listening"

    def __init__(self, image: Any, variables: dict[str, str]) -> None:
        self.image = image
        self.variables = variables
        self.closed = 0

    def score(self, body: bytes, content_type: str) -> Scored:
        assert not self.closed
        return Scored(200, json.dumps({"predictions": [self.image, self.variables]}).encode(), "application/json")

    def traced(self, body: bytes, content_type: str) -> Any:
        message = "fakebricks does not see the traces of this runtime."
        raise NotImplementedByFakebricks(message)

    def stream(self, body: bytes, content_type: str) -> Scored:
        return Scored(200, b"", "text/event-stream", self._events())

    def _events(self) -> Iterator[bytes]:
        for event in (b"1", b"2"):
            assert not self.closed
            yield event

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def isolated() -> Isolated:
    return Isolated()


@pytest.fixture
def workspace(isolated) -> Iterator[Workspace]:
    workspace = Workspace(runtime="virtualenv", runtime_image="15.4 LTS ML")
    workspace._services[Runtimes]._makers["virtualenv"] = isolated.of
    yield workspace
    workspace.close()


def state(rest, name="fraud"):
    shown = rest.get(f"{ENDPOINTS}/{name}")["state"]
    return shown["ready"], shown["config_update"]


def messages(rest, name="fraud"):
    return [(one["type"], one["message"]) for one in rest.get(f"{ENDPOINTS}/{name}/events")["events"]]


def logs(rest, kind, **query):
    return rest.get(f"{ENDPOINTS}/fraud/served-models/fraud-1/{kind}", **query)["logs"]


def test_a_model_is_loaded_in_the_workspaces_runtime_and_answers_from_there(rest, isolated, deploy, query):
    made = deploy(entity={"environment_vars": {"LEVEL": "3"}})
    assert (made["state"]["ready"], made["state"]["config_update"]) == ("READY", "NOT_UPDATING")
    assert query(AMOUNT).json() == {"predictions": ["15.4 LTS ML", {"LEVEL": "3"}]}
    deploy("again", "1", entity={"environment_vars": {"LEVEL": "3"}})
    assert query(AMOUNT, "again").status == 200
    assert len(isolated.loaded) == 1


def test_an_image_is_finished_when_it_is_known_to_be(rest, workspace, deploy):
    finished = ("SERVED_ENTITY_CONTAINER_EVENT", "Container image creation finished successfully")
    deploy(minutes=0)
    takes = workspace._services[Deployments]._endpoints.get(("fraud",)).pending.takes
    workspace.clock.advance(seconds=takes * 0.9)
    (entity,) = rest.get(f"{ENDPOINTS}/fraud")["pending_config"]["served_entities"]
    assert entity["state"]["deployment_state_message"] == "Container image creation in progress."
    assert finished not in messages(rest)
    workspace.clock.advance(seconds=takes * 0.2)
    assert state(rest) == ("READY", "NOT_UPDATING")
    assert finished in messages(rest)
    head, started, *built, last = logs(rest, "build-logs").splitlines()
    assert (head, built) == (
        f"{MODEL} version 1, for 'fraud-1' of 'fraud'",
        ["Resolved 7 packages", "Installed 7 packages"],
    )
    assert started.endswith("Container image creation started")
    assert last.endswith(finished[1])


def test_an_environment_that_cannot_be_built(rest, workspace, isolated, deploy, query):
    isolated.error = ModelLoadError("No matching version of nothing==1.", build_log="uv says no\n", built=False)
    endpoint = deploy()
    assert state(rest) == ("NOT_READY", "UPDATE_FAILED")
    (entity,) = endpoint["pending_config"]["served_entities"]
    why = "Container image creation aborted - No matching version of nothing==1."
    assert entity["state"] == {"deployment": "DEPLOYMENT_FAILED", "deployment_state_message": why}
    failed, event = messages(rest)[:2]
    assert failed == ("ENDPOINT_EVENT", "Update to config version 1 failed.")
    assert event == ("SERVED_ENTITY_CONTAINER_EVENT", why)
    assert "finished" not in str(messages(rest))
    *_, said, last = logs(rest, "build-logs").splitlines()
    assert said == "uv says no"
    assert last.endswith(why)
    assert logs(rest, "logs") == ""
    assert query(AMOUNT).status == 400


def test_a_model_that_does_not_load_in_its_environment(rest, isolated, deploy):
    isolated.error = ModelLoadError("No module named x", "Traceback: no x", build_log="built\n")
    (entity,) = deploy()["pending_config"]["served_entities"]
    why = "An error occurred while loading the model. No module named x"
    assert entity["state"] == {"deployment": "DEPLOYMENT_FAILED", "deployment_state_message": why}
    assert ("SERVED_ENTITY_SERVICE_EVENT", why) in messages(rest)
    assert logs(rest, "build-logs").endswith("Container image creation finished successfully")
    assert "built" in logs(rest, "build-logs")
    assert logs(rest, "logs").endswith("Traceback: no x")


def test_what_was_served_before_a_failed_build_is_still_served(rest, isolated, register, deploy, query):
    deploy()
    isolated.error = ModelLoadError("no", build_log="no", built=False)
    version = register("return [0] * len(model_input)")
    rest.put(f"{ENDPOINTS}/fraud/config", served_entities=[{"entity_name": MODEL, "entity_version": version}])
    rest.workspace.clock.advance(minutes=10)
    assert state(rest) == ("READY", "UPDATE_FAILED")
    assert query(AMOUNT).status == 200
    assert isolated.open == isolated.loaded


def test_one_endpoint_on_another_image_from_its_next_deployment_on(rest, workspace, isolated, deploy, query):
    deploy()
    workspace.serving_runtime("fraud", runtime="virtualenv", runtime_image={"Scikit-Learn": "1.3.2"})
    rest.put(f"{CHOICES}/other", runtime="virtualenv")
    deploy("other", "1")
    assert query(AMOUNT).json()["predictions"][0] == "15.4 LTS ML"
    assert query(AMOUNT, "other").json()["predictions"][0] == {}
    rest.put(
        f"{ENDPOINTS}/fraud/config",
        traffic_config={"routes": [{"served_model_name": "fraud-1", "traffic_percentage": 100}]},
    )
    assert query(AMOUNT).json()["predictions"][0] == "15.4 LTS ML"
    workspace.clock.advance(minutes=10)
    assert query(AMOUNT).json()["predictions"][0] == {"scikit-learn": "1.3.2"}
    rest.put(f"{CHOICES}/fraud", runtime="process")
    rest.post(f"{ENDPOINTS}/fraud/config:stop")
    rest.post(f"{ENDPOINTS}/fraud/config:start")
    workspace.clock.advance(minutes=10)
    assert query(AMOUNT).json() == {"predictions": [2.0]}
    assert "builds no container image" in logs(rest, "build-logs")
    assert "Installed 7 packages" in logs(rest, "build-logs", config_version=1)


def test_a_choice_is_part_of_a_snapshot(rest, workspace, deploy, query):
    before = workspace.snapshot()
    rest.put(f"{CHOICES}/fraud", runtime="virtualenv", runtime_image="14.3")
    chosen = workspace.snapshot()
    workspace.restore(before)
    deploy()
    assert query(AMOUNT).json()["predictions"][0] == "15.4 LTS ML"
    workspace.restore(chosen)
    deploy()
    assert query(AMOUNT).json()["predictions"][0] == "14.3 LTS ML"


@pytest.mark.parametrize(
    ("endpoint", "choice", "reason"),
    [
        ("fraud", {"runtime": "conda"}, "'process', 'virtualenv', 'docker'"),
        ("fraud", {"runtime": "process", "runtime_image": "15.4"}, "needs runtime='virtualenv'"),
        ("fraud", {"runtime": "docker", "runtime_image": "99.9"}, "No runtime is known as '99.9'"),
        ("fraud", {"runtime": "docker", "runtime_image": {"a": "1.*"}}, "cannot be a version of a"),
        ("no name!", {"runtime": "process"}, "is not valid"),
    ],
)
def test_a_choice_that_cannot_be(rest, workspace, endpoint, choice, reason):
    before = workspace.snapshot()
    with pytest.raises(RefusedError, match="INVALID_PARAMETER_VALUE") as caught:
        rest.put(f"{CHOICES}/{endpoint}", **choice)
    assert reason in caught.value.message
    with pytest.raises(ValueError, match=reason):
        workspace.serving_runtime(endpoint, **choice)
    assert workspace.snapshot() == before


@pytest.mark.parametrize("runtime", ["virtualenv", "docker"])
def test_a_limit_that_is_no_number_is_told_before_anything_is_built(rest, workspace, monkeypatch, runtime):
    monkeypatch.setenv("FAKEBRICKS_BUILD_SECONDS", "ten minutes")
    told = "FAKEBRICKS_BUILD_SECONDS='ten minutes' is no number of seconds"
    with pytest.raises(ValueError, match=told):
        Workspace(runtime=runtime)
    with pytest.raises(RefusedError, match=told):
        rest.put(f"{CHOICES}/fraud", runtime=runtime)
    workspace.serving_runtime("fraud", runtime="process")  # which has no limits


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["process", "docker", "15.4"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@given(st.fixed_dictionaries({}, optional={"runtime": JSON, "runtime_image": JSON, "x": JSON}))
@settings(max_examples=60)
def test_bad_input_is_never_the_fakes_own_fault(rest, body):
    assert rest.call("PUT", f"{CHOICES}/fraud", json.dumps(body).encode()).status < 500


def test_a_runtime_that_is_not_to_be_had_here_is_refused_before_anything_is_made(workspace, isolated, register):
    rest, version = Rest(workspace), register()
    isolated.unavailable = "fakebricks needs uv."
    before = workspace.snapshot()
    with pytest.raises(RefusedError, match="501.*fakebricks needs uv"):
        config = {"served_entities": [{"entity_name": MODEL, "entity_version": version}]}
        rest.post(ENDPOINTS, name="fraud", config=config)
    assert workspace.snapshot() == before


def test_what_serves_no_endpoint_any_more_is_closed(rest, isolated, register, deploy, query):
    workspace = rest.workspace
    deploy("one", register())
    deploy("two", "1")
    other = register("return [0] * len(model_input)")
    rest.put(f"{ENDPOINTS}/one/config", served_entities=[{"entity_name": MODEL, "entity_version": other}])
    workspace.clock.advance(minutes=10)
    rest.get(f"{ENDPOINTS}/one")
    assert [model.closed for model in isolated.loaded] == [0, 0]
    rest.delete(f"{ENDPOINTS}/two")
    assert [model.closed for model in isolated.loaded] == [1, 0]
    rest.post(f"{ENDPOINTS}/one/config:stop")
    assert [model.closed for model in isolated.loaded] == [1, 1]
    rest.post(f"{ENDPOINTS}/one/config:start")
    workspace.clock.advance(minutes=10)
    assert query(AMOUNT, "one").status == 200
    assert [model.closed for model in isolated.loaded] == [1, 1, 0]
    workspace.close()
    assert [model.closed for model in isolated.loaded] == [1, 1, 1]


def test_after_a_snapshot_is_restored_models_are_loaded_when_they_are_asked(rest, workspace, isolated, deploy, query):
    before = workspace.snapshot()
    deploy()
    deployed = workspace.snapshot()
    workspace.restore(before)
    assert isolated.open == []
    workspace.restore(deployed)
    assert query(AMOUNT).json()["predictions"][0] == "15.4 LTS ML"
    assert len(isolated.open) == 1


def test_a_model_is_not_closed_under_a_stream(workspace, isolated, register):
    rest = Rest(workspace)
    config = {"served_entities": [{"entity_name": MODEL, "entity_version": register()}]}
    rest.post(ENDPOINTS, name="fraud", config=config)
    workspace.clock.advance(minutes=10)
    rest.get(f"{ENDPOINTS}/fraud")
    lend = workspace._services[Models].asked
    entity = workspace._services[Deployments].get("fraud").config.served_entities[0]
    for taken in (0, 1, 3):
        (model,) = isolated.open
        scored = lend(entity, workspace.user_name, lambda model: model.stream(b"", ""))
        assert [next(scored.events, None) for _ in range(taken)] == [b"1", b"2", None][:taken]
        workspace._services[Models].keep_only(())
        assert model.closed == (taken == 3)
        scored.events.close()
        assert model.closed == 1
        lend(entity, workspace.user_name, lambda model: model.score(b"", ""))


def test_others_are_answered_while_an_environment_is_built_and_simulated_time_stands(workspace, isolated, register):
    rest, version = Rest(workspace), register()
    config = {"served_entities": [{"entity_name": MODEL, "entity_version": version}]}
    rest.post(ENDPOINTS, name="fraud", config=config)
    workspace.clock.advance(minutes=10)
    isolated.go_on.clear()
    seen: list[Any] = []
    readers = [threading.Thread(target=lambda: seen.append(state(Rest(workspace)))) for _ in range(3)]
    for reader in readers:
        reader.start()
    assert isolated.building.wait(60)
    before = workspace.clock.time()
    time.sleep(0.2)
    rest.post("/api/2.0/secrets/scopes/create", scope="other")
    assert workspace.clock.time() == before
    isolated.go_on.set()
    for reader in readers:
        reader.join()
    assert seen == [("READY", "NOT_UPDATING")] * 3
    assert len(isolated.loaded) == 1
    assert isinstance(workspace.clock, VirtualClock)
    assert workspace.clock.time() > before
