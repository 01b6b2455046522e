"""The 22 operations of `/api/2.0/mlflow/unity-catalog` over REST."""

from __future__ import annotations

import json

import pytest
from conftest import RefusedError, Rest

BASE = "/api/2.0/mlflow/unity-catalog"
MODELS = f"{BASE}/registered-models"
VERSIONS = f"{BASE}/model-versions"
NAME = "main.default.fraud"
MLMODEL = b"flavors: {}\nsignature:\n  inputs: '[]'\n  outputs: '[]'\n  params: null\n"


@pytest.fixture
def model(rest: Rest) -> Rest:
    rest.post(f"{MODELS}/create", name=NAME)
    return rest


def refused(error: pytest.ExceptionInfo[RefusedError]) -> tuple[int, str, str]:
    return error.value.status, error.value.error_code, error.value.message


def create_version(rest: Rest, **fields: object) -> dict:
    return rest.post(f"{VERSIONS}/create", name=NAME, source="dbfs:/a", **fields)["model_version"]


def upload(rest: Rest, version: str, content: bytes = MLMODEL, path: str = "MLmodel") -> None:
    place = f"/api/2.0/fs/files/Models/{NAME.replace('.', '/')}/{version}/{path}?overwrite=true"
    reply = rest.call("PUT", place, content)
    assert reply.status == 204, reply.body


def ready_version(rest: Rest) -> str:
    version = create_version(rest)["version"]
    upload(rest, version)
    return rest.post(f"{VERSIONS}/finalize", name=NAME, version=version)["model_version"]["version"]


def get_version(rest: Rest, version: str) -> dict:
    return rest.get(f"{VERSIONS}/get", name=NAME, version=version)["model_version"]


def test_a_model_is_created_with_its_description_and_tags(rest: Rest):
    created = rest.post(
        f"{MODELS}/create", name="Main.Default.Fraud", description="d", tags=[{"key": "team", "value": "risk"}]
    )["registered_model"]
    assert created["name"] == NAME
    assert created["tags"] == [{"key": "team", "value": "risk"}]
    assert rest.get(f"{MODELS}/get", name=NAME)["registered_model"] == created


@pytest.mark.parametrize("name", ["fraud", "a.b", "a.b.c.d", "a..c", "", "..."])
def test_a_name_has_three_levels(rest: Rest, name: str):
    with pytest.raises(RefusedError) as error:
        rest.post(f"{MODELS}/create", name=name)
    assert refused(error) == (
        400,
        "INVALID_PARAMETER_VALUE",
        (
            "Bad model name: please specify all three levels of the model in the form "
            "`catalog_name.schema_name.model_name`"
        ),
    )


@pytest.mark.parametrize(
    "name", ["main.default.a b", "main.default.a/b", "main.default.a\x01", "main.default." + "x" * 256]
)
def test_an_invalid_model_name_is_refused(rest: Rest, name: str):
    with pytest.raises(RefusedError) as error:
        rest.post(f"{MODELS}/create", name=name)
    assert error.value.error_code == "INVALID_PARAMETER_VALUE"
    assert rest.get(f"{MODELS}/search") == {}


def test_the_parents_of_a_model_must_exist(rest: Rest):
    with pytest.raises(RefusedError) as error:
        rest.post(f"{MODELS}/create", name="nope.ml.m")
    assert refused(error) == (404, "CATALOG_DOES_NOT_EXIST", "Catalog 'nope' does not exist.")
    with pytest.raises(RefusedError) as error:
        rest.post(f"{MODELS}/create", name="main.nope.m")
    assert refused(error) == (404, "SCHEMA_DOES_NOT_EXIST", "Schema 'main.nope' does not exist.")


def test_a_model_that_exists_or_does_not(model: Rest):
    with pytest.raises(RefusedError) as error:
        model.post(f"{MODELS}/create", name=NAME.upper())
    assert refused(error) == (400, "RESOURCE_ALREADY_EXISTS", f"Routine or Model '{NAME}' already exists")
    missing = "Routine or Model 'main.default.nope' does not exist."
    for method, path, fields in [
        ("GET", f"{MODELS}/get", {}),
        ("DELETE", f"{MODELS}/delete", {}),
        ("PATCH", f"{MODELS}/update", {"description": "x"}),
        ("POST", f"{VERSIONS}/create", {"source": "x"}),
        ("GET", f"{MODELS}/alias", {"alias": "champion"}),
        ("POST", f"{MODELS}/alias", {"alias": "champion", "version": "1"}),
        ("POST", f"{MODELS}/set-tag", {"key": "k", "value": "v"}),
        ("GET", f"{VERSIONS}/get", {"version": "1"}),
    ]:
        with pytest.raises(RefusedError) as error:
            model.json(method, path, body={"name": "main.default.nope", **fields})
        assert refused(error) == (404, "RESOURCE_DOES_NOT_EXIST", missing), path


def test_a_version_is_pending_until_its_files_are_there(model: Rest):
    version = create_version(model, run_id="r", description="d", tags=[{"key": "k", "value": "v"}])
    assert (version["version"], version["status"], version["source"]) == ("1", "PENDING_REGISTRATION", "dbfs:/a")
    assert version["storage_location"].startswith("s3://")
    assert version["tags"] == [{"key": "k", "value": "v"}]
    with pytest.raises(RefusedError) as error:
        model.post(f"{VERSIONS}/finalize", name=NAME, version="1")
    assert refused(error)[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert "no file 'MLmodel'" in error.value.message
    assert get_version(model, "1")["status"] == "PENDING_REGISTRATION"
    upload(model, "1")
    assert model.post(f"{VERSIONS}/finalize", name=NAME, version="1")["model_version"]["status"] == "READY"
    assert get_version(model, "1")["status"] == "READY"
    again = model.post(f"{VERSIONS}/finalize", name=NAME, version="1")["model_version"]
    assert again == get_version(model, "1")


@pytest.mark.parametrize(
    ("mlmodel", "text"),
    [
        (b"", "did not contain any signature metadata"),
        (b"flavors: {}\n", "did not contain any signature metadata"),
        (b"signature:\nflavors: {}\n", "did not contain any signature metadata"),
        (b"\xff\xfe\x00", "did not contain any signature metadata"),
        (b"{not json", "did not contain any signature metadata"),
        (b"signature:\n  inputs: '[]'\n  outputs: null\n", "a signature that includes only inputs"),
        (b"signature:\n  inputs: '[]'\nx:\n  outputs: '[]'\n", "a signature that includes only inputs"),
        (b'{"signature": {"inputs": "[]"}}', "a signature that includes only inputs"),
    ],
)
def test_a_version_needs_a_full_signature(model: Rest, mlmodel: bytes, text: str):
    create_version(model)
    upload(model, "1", mlmodel)
    with pytest.raises(RefusedError) as error:
        model.post(f"{VERSIONS}/finalize", name=NAME, version="1")
    assert error.value.error_code == "INVALID_PARAMETER_VALUE"
    assert text in error.value.message
    assert get_version(model, "1")["status"] == "PENDING_REGISTRATION"


def test_a_signature_in_json_is_read_too(model: Rest):
    create_version(model)
    upload(model, "1", json.dumps({"signature": {"inputs": "[]", "outputs": "[]"}}).encode())
    assert model.post(f"{VERSIONS}/finalize", name=NAME, version="1")["model_version"]["status"] == "READY"


def test_files_are_written_while_pending_and_read_when_ready(model: Rest):
    create_version(model)
    place = f"/api/2.0/fs/files/Models/{NAME.replace('.', '/')}/1/MLmodel"
    upload(model, "1")
    assert model.call("GET", place).json()["error_code"] == "INVALID_STATE"
    with pytest.raises(RefusedError) as error:
        model.get(f"{VERSIONS}/get-download-uri", name=NAME, version="1")
    assert error.value.error_code == "INVALID_STATE"
    model.post(f"{VERSIONS}/finalize", name=NAME, version="1")
    assert model.call("GET", place).body == MLMODEL
    assert model.call("PUT", f"{place}?overwrite=true", b"changed").json()["error_code"] == "INVALID_STATE"
    assert model.call("GET", place).body == MLMODEL
    uri = model.get(f"{VERSIONS}/get-download-uri", name=NAME, version="1")["artifact_uri"]
    assert uri == get_version(model, "1")["storage_location"]


def test_temporary_credentials_say_default_storage(model: Rest):
    create_version(model)
    ask = {"name": NAME, "version": "1"}
    write = model.post(
        f"{VERSIONS}/generate-temporary-credentials", operation="MODEL_VERSION_OPERATION_READ_WRITE", **ask
    )
    assert write["credentials"]["storage_mode"] == "DEFAULT_STORAGE"
    with pytest.raises(RefusedError) as error:
        model.post(f"{VERSIONS}/generate-temporary-credentials", operation="MODEL_VERSION_OPERATION_READ", **ask)
    assert error.value.error_code == "INVALID_STATE"
    upload(model, "1")
    model.post(f"{VERSIONS}/finalize", **ask)
    model.post(f"{VERSIONS}/generate-temporary-credentials", operation="MODEL_VERSION_OPERATION_READ", **ask)
    with pytest.raises(RefusedError):
        model.post(f"{VERSIONS}/generate-temporary-credentials", operation="MODEL_VERSION_OPERATION_READ_WRITE", **ask)


def test_numbers_of_deleted_versions_are_not_used_again(model: Rest):
    assert [create_version(model)["version"] for _ in range(3)] == ["1", "2", "3"]
    model.delete(f"{VERSIONS}/delete", name=NAME, version="3")
    model.delete(f"{VERSIONS}/delete", name=NAME, version="1")
    assert create_version(model)["version"] == "4"
    found = model.get(f"{VERSIONS}/search", filter=f"name = '{NAME}'")["model_versions"]
    assert [one["version"] for one in found] == ["4", "2"]


@pytest.mark.parametrize("version", ["", "0", "-1", "one", "1.0", "1 ", "٣", "9" * 30])
def test_a_version_is_a_positive_number(model: Rest, version: str):
    with pytest.raises(RefusedError) as error:
        get_version(model, version)
    assert error.value.error_code == "INVALID_PARAMETER_VALUE"


def test_aliases_move_and_go_away(model: Rest):
    for _ in range(2):
        ready_version(model)
    model.post(f"{MODELS}/alias", name=NAME, alias="champion", version="1")
    assert get_version(model, "1")["aliases"] == [{"alias": "champion", "version": "1"}]
    model.post(f"{MODELS}/alias", name=NAME, alias="champion", version="2")
    assert model.get(f"{MODELS}/alias", name=NAME, alias="champion")["model_version"]["version"] == "2"
    assert "aliases" not in get_version(model, "1")
    told = model.get(f"{MODELS}/get", name=NAME)["registered_model"]
    assert told["aliases"] == [{"alias": "champion", "version": "2"}]
    model.post(f"{MODELS}/alias", name=NAME, alias="second", version="2")
    model.delete(f"{MODELS}/alias", name=NAME, alias="champion")
    with pytest.raises(RefusedError) as error:
        model.get(f"{MODELS}/alias", name=NAME, alias="champion")
    assert error.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    model.delete(f"{VERSIONS}/delete", name=NAME, version="2")
    assert "aliases" not in model.get(f"{MODELS}/get", name=NAME)["registered_model"]


def test_an_alias_stands_for_a_version_that_exists(model: Rest):
    with pytest.raises(RefusedError) as error:
        model.post(f"{MODELS}/alias", name=NAME, alias="champion", version="99")
    assert refused(error)[:2] == (404, "RESOURCE_DOES_NOT_EXIST")
    with pytest.raises(RefusedError):
        model.get(f"{MODELS}/alias", name=NAME, alias="champion")


@pytest.mark.parametrize("alias", ["", "v1", "V22", "latest", "LATEST", "a b", "a/b", "a\n", "a.b", "x" * 256])
def test_an_invalid_alias_is_refused(model: Rest, alias: str):
    create_version(model)
    with pytest.raises(RefusedError) as error:
        model.post(f"{MODELS}/alias", name=NAME, alias=alias, version="1")
    assert error.value.error_code == "INVALID_PARAMETER_VALUE"


def test_tags_are_set_changed_and_deleted(model: Rest):
    create_version(model)
    for path, of in [(MODELS, {}), (VERSIONS, {"version": "1"})]:
        kind = "registered_model" if path == MODELS else "model_version"
        model.post(f"{path}/set-tag", name=NAME, key="b", value="1", **of)
        model.post(f"{path}/set-tag", name=NAME, key="a", value="1", **of)
        model.post(f"{path}/set-tag", name=NAME, key="a", value="2", **of)
        told = model.get(f"{path}/get", name=NAME, **of)[kind]
        assert told["tags"] == [{"key": "a", "value": "2"}, {"key": "b", "value": "1"}]
        model.delete(f"{path}/delete-tag", name=NAME, key="a", **of)
        told = model.get(f"{path}/get", name=NAME, **of)[kind]
        assert told["tags"] == [{"key": "b", "value": "1"}]


def test_descriptions_change(model: Rest):
    create_version(model)
    model.patch(f"{MODELS}/update", name=NAME, description="m")
    model.patch(f"{VERSIONS}/update", name=NAME, version="1", description="v")
    assert model.get(f"{MODELS}/get", name=NAME)["registered_model"]["description"] == "m"
    assert get_version(model, "1")["description"] == "v"


def test_renaming_keeps_everything(model: Rest):
    ready_version(model)
    upload_path = f"/api/2.0/fs/files/Models/{NAME.replace('.', '/')}/1/MLmodel"
    model.post(f"{MODELS}/alias", name=NAME, alias="champion", version="1")
    model.post(f"{MODELS}/set-tag", name=NAME, key="k", value="v")
    model.post(f"{VERSIONS}/set-tag", name=NAME, version="1", key="vk", value="v")
    model.patch(f"{MODELS}/update", name=NAME, new_name="main.default.Renamed")
    found = model.get(f"{MODELS}/alias", name="main.default.renamed", alias="champion")["model_version"]
    assert (found["version"], found["tags"]) == ("1", [{"key": "vk", "value": "v"}])
    assert model.call("GET", upload_path.replace("fraud", "renamed")).body == MLMODEL
    assert model.call("GET", upload_path).status == 404
    with pytest.raises(RefusedError):
        model.get(f"{MODELS}/get", name=NAME)
    model.post(f"{MODELS}/create", name=NAME)
    with pytest.raises(RefusedError) as error:
        model.patch(f"{MODELS}/update", name=NAME, new_name="main.default.renamed", description="half done?")
    assert error.value.error_code == "RESOURCE_ALREADY_EXISTS"
    assert "description" not in model.get(f"{MODELS}/get", name=NAME)["registered_model"]


def test_a_deleted_model_takes_everything_with_it(model: Rest):
    ready_version(model)
    model.post(f"{MODELS}/alias", name=NAME, alias="champion", version="1")
    model.post(f"{MODELS}/set-tag", name=NAME, key="k", value="v")
    model.delete(f"{MODELS}/delete", name=NAME)
    created = model.post(f"{MODELS}/create", name=NAME)["registered_model"]
    assert not {"aliases", "tags"} & created.keys()
    version = create_version(model)["version"]
    with pytest.raises(RefusedError) as error:
        model.post(f"{VERSIONS}/finalize", name=NAME, version=version)
    assert "no file 'MLmodel'" in error.value.message


def test_models_are_found_in_pages_without_aliases_and_tags(rest: Rest):
    for name in "cab":
        rest.post(f"{MODELS}/create", name=f"main.default.{name}", tags=[{"key": "k", "value": "v"}])
    first = rest.get(f"{MODELS}/search", max_results=2)
    second = rest.get(f"{MODELS}/search", max_results=2, page_token=first["next_page_token"])
    found = first["registered_models"] + second["registered_models"]
    assert [one["name"] for one in found] == ["main.default.a", "main.default.b", "main.default.c"]
    assert "next_page_token" not in second
    assert not any("tags" in one for one in found)


def test_versions_are_found_in_pages_by_name(model: Rest):
    for _ in range(3):
        create_version(model)
    first = model.get(f"{VERSIONS}/search", filter=f"name='{NAME}'", max_results=2)
    second = model.get(f"{VERSIONS}/search", filter=f"name = '{NAME}'", page_token=first["next_page_token"])
    assert [one["version"] for one in first["model_versions"] + second["model_versions"]] == ["3", "2", "1"]


@pytest.mark.parametrize("text", ["", "name like '%_Task'", "run_id = 'x'", "name = 'a' AND name = 'b'", "name ="])
def test_other_filters_are_refused_with_the_platforms_text(model: Rest, text: str):
    with pytest.raises(RefusedError) as error:
        model.get(f"{VERSIONS}/search", filter=text)
    assert refused(error) == (
        400,
        "INVALID_PARAMETER_VALUE",
        (
            f"Unsupported filter query : `{text}`. "
            "Please specify your filter parameter in the format `name = 'model_name'`"
        ),
    )


def test_deployment_jobs_are_refused(rest: Rest):
    with pytest.raises(RefusedError) as error:
        rest.post(f"{MODELS}/create", name=NAME, deployment_job_id="7")
    assert error.value.status == 501
    assert "'deployment_job_id'" in error.value.message


def test_a_version_tells_the_params_and_metrics_of_its_logged_model(model: Rest):
    experiment = model.post("/api/2.0/mlflow/experiments/create", name="/Shared/logged")["experiment_id"]
    logged = model.post(
        "/api/2.0/mlflow/logged-models", experiment_id=experiment, name="m", params=[{"key": "depth", "value": "3"}]
    )["model"]["info"]["model_id"]
    run = model.post("/api/2.0/mlflow/runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
    model.post("/api/2.0/mlflow/runs/log-metric", run_id=run, key="auc", value="NaN", timestamp=1, model_id=logged)
    create_version(model, model_id=logged, run_id=run)
    version = get_version(model, "1")
    assert version["model_params"] == [{"name": "depth", "value": "3"}]
    assert [(one["key"], one["value"]) for one in version["model_metrics"]] == [("auc", "NaN")]
    assert version["run_experiment_id"] == experiment
