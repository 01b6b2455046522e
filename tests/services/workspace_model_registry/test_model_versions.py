"""Versions of models of the workspace: registration takes its time, and numbers are not used twice."""

from __future__ import annotations

import pytest
from conftest import Rest
from registry_calls import MODELS, VERSIONS, get, logged, move, refused, registered


@pytest.fixture
def run(rest: Rest) -> dict[str, str]:
    return logged(rest)


def test_registration_takes_its_time(rest, run):
    rest.post(f"{MODELS}/create", name="fraud")
    created = rest.post(f"{VERSIONS}/create", name="fraud", source=run["source"], run_id=run["run_id"])
    assert created["model_version"]["status"] == "PENDING_REGISTRATION"
    refusal = refused(rest.get, f"{VERSIONS}/get-download-uri", name="fraud", version="1")
    assert refusal[:2] == (400, "INVALID_STATE")
    assert rest.post(f"{MODELS}/get-latest-versions", name="fraud") == {}
    rest.workspace.clock.advance(seconds=2)
    version = get(rest, "fraud", "1")
    assert version["status"] == "READY"
    assert (version["run_id"], version["source"]) == (run["run_id"], run["source"])
    assert (version["current_stage"], version["user_id"]) == ("None", rest.workspace.user_name)


def test_whoever_asks_for_a_pending_version_awaits_it(rest, run):
    awaited = []
    rest.workspace.clock.awaited = awaited.append
    rest.post(f"{MODELS}/create", name="fraud")
    rest.post(f"{VERSIONS}/create", name="fraud", source=run["source"])
    get(rest, "fraud", "1")
    assert awaited == [pytest.approx(rest.workspace.clock.time() + 2, abs=1)]


def test_numbers_are_not_used_twice(rest, run):
    for _ in range(2):
        registered(rest, run["source"])
    rest.delete(f"{VERSIONS}/delete", name="fraud", version="2")
    assert refused(rest.get, f"{VERSIONS}/get", name="fraud", version="2")[:2] == (404, "RESOURCE_DOES_NOT_EXIST")
    assert registered(rest, run["source"])["version"] == "3"


def test_a_version_in_use_is_not_deleted(rest, run):
    registered(rest, run["source"])
    move(rest, "1", "Production")
    assert refused(rest.delete, f"{VERSIONS}/delete", name="fraud", version="1")[:2] == (400, "INVALID_STATE")
    assert get(rest, "fraud", "1")["status"] == "READY"


def test_what_no_number_is(rest, run):
    registered(rest, run["source"])
    for version in ("x", "1.0", "", "१"):
        expected = (400, "INVALID_PARAMETER_VALUE", f"Parameter 'version' must be an integer, got '{version}'.")
        assert refused(rest.get, f"{VERSIONS}/get", name="fraud", version=version) == expected
    for version in ("0", "-1", "2"):
        assert refused(rest.get, f"{VERSIONS}/get", name="fraud", version=version)[0] == 404


def test_description_and_tags_of_a_version(rest, run):
    registered(rest, run["source"], description="a", tags=[{"key": "k", "value": "v"}], run_link="https://x")
    changed = rest.patch(f"{VERSIONS}/update", name="fraud", version="1", description="b")["model_version"]
    assert (changed["description"], changed["run_link"]) == ("b", "https://x")
    rest.post(f"{VERSIONS}/set-tag", name="fraud", version="1", key="l", value="w")
    rest.delete(f"{VERSIONS}/delete-tag", name="fraud", version="1", key="k")
    assert get(rest, "fraud", "1")["tags"] == [{"key": "l", "value": "w"}]
