"""The workspace model registry as a whole: legacy, walled off from Unity Catalog, and part of snapshots."""

from __future__ import annotations

import pytest
from conftest import Rest
from registry_calls import FILES, MLFLOW, MODELS, download, logged, refused, registered

from fakebricks.services.workspace_model_registry.legacy import NOTE


@pytest.fixture
def run(rest: Rest) -> dict[str, str]:
    return logged(rest)


def test_every_call_is_noted_as_legacy(rest):
    rest.post(f"{MODELS}/create", name="fraud")
    rest.get(f"{MODELS}/search")
    rest.get(f"{MLFLOW}/unity-catalog/registered-models/search")
    assert [call.notes for call in rest.workspace.calls[-3:]] == [(NOTE,), (NOTE,), ()]


def test_the_two_registries_know_nothing_of_each_other(rest, run):
    rest.post("/api/2.1/unity-catalog/schemas", name="ml", catalog_name="main")
    rest.post(f"{MLFLOW}/unity-catalog/registered-models/create", name="main.ml.fraud")
    registered(rest, run["source"])
    assert [one["name"] for one in rest.get(f"{MODELS}/search")["registered_models"]] == ["fraud"]
    of_unity_catalog = rest.get(f"{MLFLOW}/unity-catalog/registered-models/search")["registered_models"]
    assert [one["name"] for one in of_unity_catalog] == ["main.ml.fraud"]
    assert refused(rest.get, f"{MODELS}/get", name="main.ml.fraud")[1] == "INVALID_PARAMETER_VALUE"


def test_a_snapshot_holds_the_registry(rest, run):
    registered(rest, run["source"])
    snapshot = rest.workspace.snapshot()
    rest.delete(f"{MODELS}/delete", name="fraud")
    rest.workspace.restore(snapshot)
    assert download(rest, "fraud", "1", "MLmodel") == FILES["MLmodel"]


def test_an_unfinished_version_is_not_served(rest):
    entity = {"entity_name": "fraud", "entity_version": "1"}
    body = {"name": "fraud", "config": {"served_entities": [entity]}}
    message = "RegisteredModel 'fraud' does not exist. It might have been deleted."
    assert refused(rest.post, "/api/2.0/serving-endpoints", **body) == (404, "RESOURCE_DOES_NOT_EXIST", message)
    registered(rest, "dbfs:/nowhere")
    assert refused(rest.post, "/api/2.0/serving-endpoints", **body)[1] == "INVALID_STATE"
    assert rest.get("/api/2.0/serving-endpoints").get("endpoints", []) == []
