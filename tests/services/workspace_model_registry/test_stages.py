"""Stages of versions: how they move, and what is the latest in each."""

from __future__ import annotations

import pytest
from conftest import Rest
from registry_calls import MODELS, VERSIONS, get, logged, move, refused, registered


@pytest.fixture
def run(rest: Rest) -> dict[str, str]:
    return logged(rest)


def test_a_version_moves(rest, run):
    registered(rest, run["source"])
    assert move(rest, "1", "production")["current_stage"] == "Production"
    assert get(rest, "fraud", "1")["current_stage"] == "Production"
    stages = {"name": "fraud", "stages": ["PRODUCTION"]}
    assert [one["version"] for one in rest.post(f"{MODELS}/get-latest-versions", **stages)["model_versions"]] == ["1"]
    found = rest.get(f"{MODELS}/get-latest-versions", **stages)["model_versions"]
    assert [one["version"] for one in found] == ["1"]


def test_existing_versions_are_archived_on_demand(rest, run):
    for _ in range(3):
        registered(rest, run["source"])
    move(rest, "1", "Production")
    move(rest, "2", "Production")
    assert get(rest, "fraud", "1")["current_stage"] == "Production"
    move(rest, "3", "Production", archive=True)
    stages = [get(rest, "fraud", version)["current_stage"] for version in "123"]
    assert stages == ["Archived", "Archived", "Production"]
    move(rest, "3", "Production", archive=True)
    assert get(rest, "fraud", "3")["current_stage"] == "Production"


def test_the_latest_versions_are_one_for_each_stage(rest, run):
    for _ in range(4):
        registered(rest, run["source"])
    move(rest, "1", "Production")
    move(rest, "2", "Production")
    latest = rest.post(f"{MODELS}/get-latest-versions", name="fraud")["model_versions"]
    assert {one["current_stage"]: one["version"] for one in latest} == {"None": "4", "Production": "2"}
    assert rest.get(f"{MODELS}/get", name="fraud")["registered_model"]["latest_versions"] == latest
    assert rest.post(f"{MODELS}/get-latest-versions", name="fraud", stages=["Staging"]) == {}


def test_a_stage_that_does_not_exist(rest, run):
    registered(rest, run["source"])
    message = "Invalid Model Version stage: Live. Value must be one of None, Staging, Production, Archived."
    expected = (400, "INVALID_PARAMETER_VALUE", message)
    assert refused(move, rest, "1", "Live") == expected
    assert refused(rest.post, f"{MODELS}/get-latest-versions", name="fraud", stages=["Live"]) == expected


def test_only_active_stages_archive(rest, run):
    registered(rest, run["source"])
    assert refused(move, rest, "1", "Archived", archive=True)[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert get(rest, "fraud", "1")["current_stage"] == "None"


def test_whether_to_archive_must_be_said(rest, run):
    registered(rest, run["source"])
    refusal = refused(rest.post, f"{VERSIONS}/transition-stage", name="fraud", version="1", stage="Staging")
    assert "archive_existing_versions" in refusal[2]
