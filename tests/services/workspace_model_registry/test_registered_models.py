"""Models of the workspace model registry: names, descriptions, tags, and what stands in the way of a deletion."""

from __future__ import annotations

import pytest
from conftest import RefusedError, Rest
from registry_calls import (
    FILES,
    MLFLOW,
    MODELS,
    VERSIONS,
    download,
    get,
    logged,
    move,
    refused,
    refused_model,
    registered,
)


@pytest.fixture
def run(rest: Rest) -> dict[str, str]:
    return logged(rest)


def test_a_model_has_what_it_was_created_with(rest):
    tags = [{"key": "team", "value": "risk"}]
    created = rest.post(f"{MODELS}/create", name="fraud", description="Scores", tags=tags)["registered_model"]
    assert created == rest.get(f"{MODELS}/get", name="fraud")["registered_model"]
    assert (created["name"], created["description"], created["tags"]) == ("fraud", "Scores", tags)
    assert created["user_id"] == rest.workspace.user_name
    assert created["creation_timestamp"] == created["last_updated_timestamp"]
    assert created["creation_timestamp"] == pytest.approx(rest.workspace.clock.millis(), abs=60_000)


def test_a_name_is_taken_once(rest):
    rest.post(f"{MODELS}/create", name="fraud")
    taken = (400, "RESOURCE_ALREADY_EXISTS", "Registered Model (name=fraud) already exists.")
    assert refused(rest.post, f"{MODELS}/create", name="fraud") == taken


def test_an_empty_name(rest):
    message = "Got an invalid name ''. Registered Model names cannot be empty strings."
    assert refused(rest.post, f"{MODELS}/create", name="") == (400, "INVALID_PARAMETER_VALUE", message)


@pytest.mark.parametrize("name", ["prod.ml.fraud", "a/b", "a:b", "..", "a\x00b", " ", "a\nb"])
def test_a_name_that_cannot_be_sends_to_unity_catalog(rest, name):
    status, code, message = refused(rest.post, f"{MODELS}/create", name=name)
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert message.startswith(f"Invalid name '{name}'. A workspace registered model name must be a non-empty UTF-8")
    assert "mlflow.set_registry_uri('databricks-uc')" in message


def test_a_missing_model(rest):
    missing = (404, "RESOURCE_DOES_NOT_EXIST", "RegisteredModel 'x' does not exist. It might have been deleted.")
    assert refused(rest.get, f"{MODELS}/get", name="x") == missing
    assert refused(rest.get, f"{MLFLOW}/databricks/registered-models/get", name="x") == missing
    assert refused(rest.delete, f"{MODELS}/delete", name="x") == missing


def test_a_description_is_changed_only_when_given(rest):
    rest.post(f"{MODELS}/create", name="fraud", description="a")
    assert rest.patch(f"{MODELS}/update", name="fraud")["registered_model"]["description"] == "a"
    assert rest.patch(f"{MODELS}/update", name="fraud", description="b")["registered_model"]["description"] == "b"
    assert "description" not in rest.patch(f"{MODELS}/update", name="fraud", description="")["registered_model"]


def test_renaming_takes_everything_along(rest, run):
    registered(rest, run["source"], tags=[{"key": "k", "value": "v"}])
    move(rest, "1", "Production")
    rest.post(f"{MODELS}/set-tag", name="fraud", key="team", value="risk")
    rest.post(f"{MLFLOW}/transition-requests/create", name="fraud", version="1", stage="Archived")
    renamed = rest.post(f"{MODELS}/rename", name="fraud", new_name="fraud2")["registered_model"]
    assert renamed["tags"] == [{"key": "team", "value": "risk"}]
    assert [one["name"] for one in renamed["latest_versions"]] == ["fraud2"]
    version = get(rest, "fraud2", "1")
    assert (version["name"], version["current_stage"], version["tags"]) == (
        "fraud2",
        "Production",
        [{"key": "k", "value": "v"}],
    )
    assert download(rest, "fraud2", "1", "MLmodel") == FILES["MLmodel"]
    assert rest.get(f"{MLFLOW}/transition-requests/list", name="fraud2", version="1")["requests"]
    assert refused(rest.get, f"{MODELS}/get", name="fraud")[1] == "RESOURCE_DOES_NOT_EXIST"


def test_renaming_to_a_name_that_is_taken_or_cannot_be(rest):
    rest.post(f"{MODELS}/create", name="a")
    rest.post(f"{MODELS}/create", name="b")
    assert refused(rest.post, f"{MODELS}/rename", name="a", new_name="b")[1] == "RESOURCE_ALREADY_EXISTS"
    assert refused(rest.post, f"{MODELS}/rename", name="a", new_name="b.c")[1] == "INVALID_PARAMETER_VALUE"
    assert refused(rest.post, f"{MODELS}/rename", name="a")[1] == "INVALID_PARAMETER_VALUE"


def test_a_model_in_use_is_not_deleted(rest, run):
    registered(rest, run["source"])
    move(rest, "1", "Staging")
    status, code, message = refused(rest.delete, f"{MODELS}/delete", name="fraud")
    assert (status, code) == (400, "INVALID_STATE")
    assert "version 1 is in stage 'Staging'" in message
    move(rest, "1", "Archived")
    rest.delete(f"{MODELS}/delete", name="fraud")
    assert rest.get(f"{MODELS}/search") == {}
    assert rest.get(f"{VERSIONS}/search") == {}


def test_a_model_of_the_same_name_starts_anew(rest, run):
    registered(rest, run["source"], tags=[{"key": "k", "value": "v"}])
    comment = rest.post(f"{MLFLOW}/comments/create", name="fraud", version="1", comment="ok")["comment"]["id"]
    rest.delete(f"{MODELS}/delete", name="fraud")
    anew = registered(rest, run["source"])
    assert anew["version"] == "1"
    assert "tags" not in anew
    assert refused(rest.patch, f"{MLFLOW}/comments/update", id=comment, comment="x")[0] == 404


def test_tags_of_a_model(rest):
    rest.post(f"{MODELS}/create", name="fraud")
    rest.post(f"{MODELS}/set-tag", name="fraud", key="a", value="1")
    rest.post(f"{MODELS}/set-tag", name="fraud", key="a", value="2")
    assert rest.get(f"{MODELS}/get", name="fraud")["registered_model"]["tags"] == [{"key": "a", "value": "2"}]
    rest.delete(f"{MODELS}/delete-tag", name="fraud", key="a")
    rest.delete(f"{MODELS}/delete-tag", name="fraud", key="a")
    assert "tags" not in rest.get(f"{MODELS}/get", name="fraud")["registered_model"]


@pytest.mark.parametrize(("key", "value"), [("", "1"), ("a" * 251, "1"), ("a$", "1"), ("../a", "1"), ("a", "v" * 5001)])
def test_a_tag_that_cannot_be(rest, key, value):
    rest.post(f"{MODELS}/create", name="fraud")
    refusal = refused(rest.post, f"{MODELS}/set-tag", name="fraud", key=key, value=value)
    assert refusal[:2] == (400, "INVALID_PARAMETER_VALUE")
    refusal = refused(rest.post, f"{MODELS}/create", name="other", tags=[{"key": key, "value": value}])
    assert refusal[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert refused_model(rest, "other")


def test_a_field_that_is_not_computed_is_named(rest):
    status, _, message = refused(rest.post, f"{MODELS}/create", name="fraud", deployment_job_id="1")
    assert status == 501
    assert "deployment_job_id" in message
    assert rest.workspace.unsupported


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_there_are_no_aliases(rest, method):
    rest.post(f"{MODELS}/create", name="fraud")
    body = {"name": "fraud", "alias": "champion", "version": "1"}
    with pytest.raises(RefusedError, match=f"No API found for '{method} /mlflow/registered-models/alias'") as caught:
        rest.json(method, f"{MODELS}/alias", body=body)
    assert (caught.value.status, caught.value.error_code) == (404, "ENDPOINT_NOT_FOUND")
