"""The workspace model registry over REST: models, versions, stages, files, and its wall to Unity Catalog."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import RefusedError, Rest

from fakebricks.services.workspace_model_registry.legacy import NOTE

MLFLOW = "/api/2.0/mlflow"
MODELS = f"{MLFLOW}/registered-models"
VERSIONS = f"{MLFLOW}/model-versions"
FILES = {"MLmodel": b"flavors: {}\n", "data/model.pkl": b"pickled"}


def refused(call, *args: Any, **fields: Any) -> tuple[int, str, str]:
    with pytest.raises(RefusedError) as caught:
        call(*args, **fields)
    return caught.value.status, caught.value.error_code, caught.value.message


@pytest.fixture
def run(rest: Rest) -> dict[str, str]:
    """A run with a model among its artifacts."""
    experiment = rest.post(f"{MLFLOW}/experiments/create", name="/Shared/fraud")["experiment_id"]
    info = rest.post(f"{MLFLOW}/runs/create", experiment_id=experiment)["run"]["info"]
    for path, content in FILES.items():
        upload(rest, info["run_id"], f"model/{path}", content)
    return {"run_id": info["run_id"], "source": f"{info['artifact_uri']}/model", "artifacts": info["artifact_uri"]}


def upload(rest: Rest, run_id: str, path: str, content: bytes) -> None:
    asked = rest.post(f"{MLFLOW}/artifacts/credentials-for-write", run_id=run_id, path=[path])
    url = asked["credential_infos"][0]["signed_uri"]
    assert rest.call("PUT", url[url.index("/_fakebricks") :], content).status == 200


def download(rest: Rest, name: str, version: str, path: str) -> bytes:
    url = rest.get(f"{VERSIONS}/get-signed-download-uri", name=name, version=version, path=path)["signed_uri"]
    reply = rest.call("GET", url[url.index("/_fakebricks") :])
    assert reply.status == 200
    return reply.body


def registered(rest: Rest, source: str, name: str = "fraud", **fields: Any) -> dict[str, Any]:
    """One more READY version."""
    if refused_model(rest, name):
        rest.post(f"{MODELS}/create", name=name)
    created = rest.post(f"{VERSIONS}/create", name=name, source=source, **fields)["model_version"]
    rest.workspace.clock.advance(seconds=2)
    return get(rest, name, created["version"])


def refused_model(rest: Rest, name: str) -> bool:
    return rest.call("GET", f"{MODELS}/get?name={name}").status == 404


def get(rest: Rest, name: str, version: str) -> dict[str, Any]:
    found: dict[str, Any] = rest.get(f"{VERSIONS}/get", name=name, version=version)["model_version"]
    return found


def move(rest: Rest, version: str, stage: str, archive: bool = False, name: str = "fraud") -> dict[str, Any]:
    body = {"name": name, "version": version, "stage": stage, "archive_existing_versions": archive}
    moved: dict[str, Any] = rest.post(f"{VERSIONS}/transition-stage", **body)["model_version"]
    return moved


class TestModels:
    def test_a_model_has_what_it_was_created_with(self, rest):
        tags = [{"key": "team", "value": "risk"}]
        created = rest.post(f"{MODELS}/create", name="fraud", description="Scores", tags=tags)["registered_model"]
        assert created == rest.get(f"{MODELS}/get", name="fraud")["registered_model"]
        assert (created["name"], created["description"], created["tags"]) == ("fraud", "Scores", tags)
        assert created["user_id"] == rest.workspace.user_name
        assert created["creation_timestamp"] == created["last_updated_timestamp"]
        assert created["creation_timestamp"] == pytest.approx(rest.workspace.clock.millis(), abs=60_000)

    def test_a_name_is_taken_once(self, rest):
        rest.post(f"{MODELS}/create", name="fraud")
        taken = (400, "RESOURCE_ALREADY_EXISTS", "Registered Model (name=fraud) already exists.")
        assert refused(rest.post, f"{MODELS}/create", name="fraud") == taken

    def test_an_empty_name(self, rest):
        message = "Got an invalid name ''. Registered Model names cannot be empty strings."
        assert refused(rest.post, f"{MODELS}/create", name="") == (400, "INVALID_PARAMETER_VALUE", message)

    @pytest.mark.parametrize("name", ["prod.ml.fraud", "a/b", "a:b", "..", "a\x00b", " ", "a\nb"])
    def test_a_name_that_cannot_be_sends_to_unity_catalog(self, rest, name):
        status, code, message = refused(rest.post, f"{MODELS}/create", name=name)
        assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
        assert message.startswith(f"Invalid name '{name}'. A workspace registered model name must be a non-empty UTF-8")
        assert "mlflow.set_registry_uri('databricks-uc')" in message

    def test_a_missing_model(self, rest):
        missing = (404, "RESOURCE_DOES_NOT_EXIST", "RegisteredModel 'x' does not exist. It might have been deleted.")
        assert refused(rest.get, f"{MODELS}/get", name="x") == missing
        assert refused(rest.get, f"{MLFLOW}/databricks/registered-models/get", name="x") == missing
        assert refused(rest.delete, f"{MODELS}/delete", name="x") == missing

    def test_a_description_is_changed_only_when_given(self, rest):
        rest.post(f"{MODELS}/create", name="fraud", description="a")
        assert rest.patch(f"{MODELS}/update", name="fraud")["registered_model"]["description"] == "a"
        assert rest.patch(f"{MODELS}/update", name="fraud", description="b")["registered_model"]["description"] == "b"
        assert "description" not in rest.patch(f"{MODELS}/update", name="fraud", description="")["registered_model"]

    def test_renaming_takes_everything_along(self, rest, run):
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

    def test_renaming_to_a_name_that_is_taken_or_cannot_be(self, rest):
        rest.post(f"{MODELS}/create", name="a")
        rest.post(f"{MODELS}/create", name="b")
        assert refused(rest.post, f"{MODELS}/rename", name="a", new_name="b")[1] == "RESOURCE_ALREADY_EXISTS"
        assert refused(rest.post, f"{MODELS}/rename", name="a", new_name="b.c")[1] == "INVALID_PARAMETER_VALUE"
        assert refused(rest.post, f"{MODELS}/rename", name="a")[1] == "INVALID_PARAMETER_VALUE"

    def test_a_model_in_use_is_not_deleted(self, rest, run):
        registered(rest, run["source"])
        move(rest, "1", "Staging")
        status, code, message = refused(rest.delete, f"{MODELS}/delete", name="fraud")
        assert (status, code) == (400, "INVALID_STATE")
        assert "version 1 is in stage 'Staging'" in message
        move(rest, "1", "Archived")
        rest.delete(f"{MODELS}/delete", name="fraud")
        assert rest.get(f"{MODELS}/search") == {}
        assert rest.get(f"{VERSIONS}/search") == {}

    def test_a_model_of_the_same_name_starts_anew(self, rest, run):
        registered(rest, run["source"], tags=[{"key": "k", "value": "v"}])
        comment = rest.post(f"{MLFLOW}/comments/create", name="fraud", version="1", comment="ok")["comment"]["id"]
        rest.delete(f"{MODELS}/delete", name="fraud")
        anew = registered(rest, run["source"])
        assert anew["version"] == "1"
        assert "tags" not in anew
        assert refused(rest.patch, f"{MLFLOW}/comments/update", id=comment, comment="x")[0] == 404

    def test_tags_of_a_model(self, rest):
        rest.post(f"{MODELS}/create", name="fraud")
        rest.post(f"{MODELS}/set-tag", name="fraud", key="a", value="1")
        rest.post(f"{MODELS}/set-tag", name="fraud", key="a", value="2")
        assert rest.get(f"{MODELS}/get", name="fraud")["registered_model"]["tags"] == [{"key": "a", "value": "2"}]
        rest.delete(f"{MODELS}/delete-tag", name="fraud", key="a")
        rest.delete(f"{MODELS}/delete-tag", name="fraud", key="a")
        assert "tags" not in rest.get(f"{MODELS}/get", name="fraud")["registered_model"]

    @pytest.mark.parametrize(
        ("key", "value"), [("", "1"), ("a" * 251, "1"), ("a$", "1"), ("../a", "1"), ("a", "v" * 5001)]
    )
    def test_a_tag_that_cannot_be(self, rest, key, value):
        rest.post(f"{MODELS}/create", name="fraud")
        refusal = refused(rest.post, f"{MODELS}/set-tag", name="fraud", key=key, value=value)
        assert refusal[:2] == (400, "INVALID_PARAMETER_VALUE")
        refusal = refused(rest.post, f"{MODELS}/create", name="other", tags=[{"key": key, "value": value}])
        assert refusal[:2] == (400, "INVALID_PARAMETER_VALUE")
        assert refused_model(rest, "other")

    def test_a_field_that_is_not_computed_is_named(self, rest):
        status, _, message = refused(rest.post, f"{MODELS}/create", name="fraud", deployment_job_id="1")
        assert status == 501
        assert "deployment_job_id" in message
        assert rest.workspace.unsupported

    @pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
    def test_there_are_no_aliases(self, rest, method):
        rest.post(f"{MODELS}/create", name="fraud")
        body = {"name": "fraud", "alias": "champion", "version": "1"}
        with pytest.raises(
            RefusedError, match=f"No API found for '{method} /mlflow/registered-models/alias'"
        ) as caught:
            rest.json(method, f"{MODELS}/alias", body=body)
        assert (caught.value.status, caught.value.error_code) == (404, "ENDPOINT_NOT_FOUND")


class TestVersions:
    def test_registration_takes_its_time(self, rest, run):
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

    def test_whoever_asks_for_a_pending_version_awaits_it(self, rest, run):
        awaited = []
        rest.workspace.clock.awaited = awaited.append
        rest.post(f"{MODELS}/create", name="fraud")
        rest.post(f"{VERSIONS}/create", name="fraud", source=run["source"])
        get(rest, "fraud", "1")
        assert awaited == [pytest.approx(rest.workspace.clock.time() + 2, abs=1)]

    def test_the_files_are_the_registrys_own(self, rest, run):
        registered(rest, run["source"])
        upload(rest, run["run_id"], "model/MLmodel", b"changed")
        rest.post(f"{MLFLOW}/runs/delete", run_id=run["run_id"])
        assert download(rest, "fraud", "1", "MLmodel") == FILES["MLmodel"]
        assert download(rest, "fraud", "1", "data/model.pkl") == FILES["data/model.pkl"]
        uri = rest.get(f"{VERSIONS}/get-download-uri", name="fraud", version="1")["artifact_uri"]
        assert uri.startswith("dbfs:/databricks/mlflow-registry/")
        assert uri.endswith("/models/model")

    def test_files_are_listed(self, rest, run):
        registered(rest, run["source"])
        asked = {"name": "fraud", "version": "1"}
        listed = rest.get(f"{VERSIONS}/list-artifacts", **asked, path="")["files"]
        assert listed == [
            {"path": "MLmodel", "is_dir": False, "file_size": len(FILES["MLmodel"])},
            {"path": "data", "is_dir": True},
        ]
        below = rest.get(f"{VERSIONS}/list-artifacts", **asked, path="data")["files"]
        assert [one["path"] for one in below] == ["data/model.pkl"]
        assert rest.get(f"{VERSIONS}/list-artifacts", **asked, path="nothing") == {}

    @pytest.mark.parametrize("path", ["../x", "/etc", "a/../../b", "a\x00", "data", "nothing", ""])
    def test_a_path_that_is_no_file(self, rest, run, path):
        registered(rest, run["source"])
        asked = {"name": "fraud", "version": "1", "path": path}
        assert refused(rest.get, f"{VERSIONS}/get-signed-download-uri", **asked)[0] in (400, 404)

    def test_no_one_writes_a_registered_file(self, rest, run):
        registered(rest, run["source"])
        url = rest.get(f"{VERSIONS}/get-signed-download-uri", name="fraud", version="1", path="MLmodel")["signed_uri"]
        stored = url[url.index("/_fakebricks") :]
        assert rest.call("PUT", stored, b"x").status == 403
        path = stored.removeprefix("/_fakebricks/storage").partition("?")[0]
        assert rest.call("PUT", f"/api/2.0/fs/files{path}?overwrite=true", b"x").status == 403

    @pytest.mark.parametrize(
        "source",
        [
            "dbfs:/tmp/model",
            "/tmp/model",
            "file:///tmp/model",
            "runs:/0/model",
            "RUN/other",
            "RUN/model/MLmodel",
            "dbfs:/elsewhere/11111111111111111111111111111111/artifacts/model",
            "REGISTRY",
        ],
    )
    def test_a_source_that_does_not_exist_fails_registration(self, rest, run, source):
        registered(rest, run["source"], name="first")
        uri = rest.get(f"{VERSIONS}/get-download-uri", name="first", version="1")["artifact_uri"]
        source = source.replace("RUN", run["artifacts"]).replace("REGISTRY", uri)
        failed = registered(rest, source)
        assert failed["status"] == "FAILED_REGISTRATION"
        expected = f"Failed registration. The given source path `{source}` does not exist."
        assert failed["status_message"] == expected
        assert refused(rest.get, f"{VERSIONS}/list-artifacts", name="fraud", version="1")[1] == "INVALID_STATE"
        assert rest.post(f"{MODELS}/get-latest-versions", name="fraud") == {}

    def test_a_directory_of_dbfs_is_copied(self, rest):
        for path, content in FILES.items():
            assert rest.call("POST", f"/dbfs/models/fraud/{path}", content).status == 200
        assert registered(rest, "dbfs:/models/fraud")["status"] == "READY"
        rest.post("/api/2.0/dbfs/delete", path="/models", recursive=True)
        for path, content in FILES.items():
            assert download(rest, "fraud", "1", path) == content

    def test_a_run_that_keeps_its_artifacts_in_dbfs(self, rest):
        asked = {"name": "/Shared/elsewhere", "artifact_location": "dbfs:/elsewhere"}
        experiment = rest.post(f"{MLFLOW}/experiments/create", **asked)["experiment_id"]
        info = rest.post(f"{MLFLOW}/runs/create", experiment_id=experiment)["run"]["info"]
        path = f"{info['artifact_uri'].removeprefix('dbfs:')}/model"
        assert rest.call("POST", f"/dbfs{path}/MLmodel", FILES["MLmodel"]).status == 200
        assert registered(rest, f"dbfs:{path}")["status"] == "READY"
        assert download(rest, "fraud", "1", "MLmodel") == FILES["MLmodel"]

    def test_a_source_on_a_volume_is_refused_by_name(self, rest):
        rest.post(f"{MODELS}/create", name="fraud")
        source = "dbfs:/Volumes/main/default/v/model"
        refusal = refused(rest.post, f"{VERSIONS}/create", name="fraud", source=source)
        assert refusal[:2] == (501, "NOT_IMPLEMENTED")
        assert source in refusal[2]

    def test_a_source_in_a_cloud_is_refused_by_name(self, rest):
        rest.post(f"{MODELS}/create", name="fraud")
        refusal = refused(rest.post, f"{VERSIONS}/create", name="fraud", source="s3://bucket/model")
        assert refusal[0] == 501
        assert "s3://bucket/model" in refusal[2]

    @pytest.mark.parametrize("path", ["../model", "model/..", "model//x", "model\n/x"])
    def test_a_source_that_climbs_is_refused(self, rest, run, path):
        rest.post(f"{MODELS}/create", name="fraud")
        refusal = refused(rest.post, f"{VERSIONS}/create", name="fraud", source=f"{run['artifacts']}/{path}")
        assert refusal[:2] == (400, "INVALID_PARAMETER_VALUE")
        assert rest.get(f"{VERSIONS}/search") == {}

    def test_a_version_is_made_of_a_logged_model(self, rest, run):
        experiment = rest.get(f"{MLFLOW}/runs/get", run_id=run["run_id"])["run"]["info"]["experiment_id"]
        body = {"experiment_id": experiment, "name": "m", "source_run_id": run["run_id"]}
        model_id = rest.post(f"{MLFLOW}/logged-models", **body)["model"]["info"]["model_id"]
        asked = rest.post(f"{MLFLOW}/logged-models/{model_id}/artifacts/credentials-for-upload", paths=["MLmodel"])
        url = asked["credentials"][0]["credential_info"]["signed_uri"]
        rest.call("PUT", url[url.index("/_fakebricks") :], b"logged")
        version = registered(rest, f"models:/{model_id}", model_id=model_id)
        assert (version["status"], version["model_id"], version["run_id"]) == ("READY", model_id, run["run_id"])
        assert download(rest, "fraud", "1", "MLmodel") == b"logged"

    def test_a_version_is_copied_to_another_model(self, rest, run):
        registered(rest, run["source"], name="staging", run_id=run["run_id"])
        copy = registered(rest, "models:/staging/1", name="prod")
        assert (copy["status"], copy["run_id"]) == ("READY", run["run_id"])
        rest.delete(f"{MODELS}/delete", name="staging")
        assert download(rest, "prod", "1", "data/model.pkl") == FILES["data/model.pkl"]

    def test_a_copy_needs_a_version_that_is_there(self, rest):
        rest.post(f"{MODELS}/create", name="prod")
        for source in ("models:/staging/1", "models:/prod/7", f"models:/m-{'0' * 32}"):
            assert refused(rest.post, f"{VERSIONS}/create", name="prod", source=source)[:2] == (
                404,
                "RESOURCE_DOES_NOT_EXIST",
            )
        assert rest.get(f"{VERSIONS}/search") == {}

    def test_numbers_are_not_used_twice(self, rest, run):
        for _ in range(2):
            registered(rest, run["source"])
        rest.delete(f"{VERSIONS}/delete", name="fraud", version="2")
        assert refused(rest.get, f"{VERSIONS}/get", name="fraud", version="2")[:2] == (404, "RESOURCE_DOES_NOT_EXIST")
        assert registered(rest, run["source"])["version"] == "3"

    def test_a_version_in_use_is_not_deleted(self, rest, run):
        registered(rest, run["source"])
        move(rest, "1", "Production")
        assert refused(rest.delete, f"{VERSIONS}/delete", name="fraud", version="1")[:2] == (400, "INVALID_STATE")
        assert get(rest, "fraud", "1")["status"] == "READY"

    def test_a_deleted_version_takes_its_files_along(self, rest, run):
        registered(rest, run["source"])
        url = rest.get(f"{VERSIONS}/get-signed-download-uri", name="fraud", version="1", path="MLmodel")["signed_uri"]
        rest.delete(f"{VERSIONS}/delete", name="fraud", version="1")
        assert rest.call("GET", url[url.index("/_fakebricks") :]).status == 404

    def test_what_no_number_is(self, rest, run):
        registered(rest, run["source"])
        for version in ("x", "1.0", "", "१"):
            expected = (400, "INVALID_PARAMETER_VALUE", f"Parameter 'version' must be an integer, got '{version}'.")
            assert refused(rest.get, f"{VERSIONS}/get", name="fraud", version=version) == expected
        for version in ("0", "-1", "2"):
            assert refused(rest.get, f"{VERSIONS}/get", name="fraud", version=version)[0] == 404

    def test_description_and_tags_of_a_version(self, rest, run):
        registered(rest, run["source"], description="a", tags=[{"key": "k", "value": "v"}], run_link="https://x")
        changed = rest.patch(f"{VERSIONS}/update", name="fraud", version="1", description="b")["model_version"]
        assert (changed["description"], changed["run_link"]) == ("b", "https://x")
        rest.post(f"{VERSIONS}/set-tag", name="fraud", version="1", key="l", value="w")
        rest.delete(f"{VERSIONS}/delete-tag", name="fraud", version="1", key="k")
        assert get(rest, "fraud", "1")["tags"] == [{"key": "l", "value": "w"}]


class TestStages:
    def test_a_version_moves(self, rest, run):
        registered(rest, run["source"])
        assert move(rest, "1", "production")["current_stage"] == "Production"
        assert get(rest, "fraud", "1")["current_stage"] == "Production"
        stages = {"name": "fraud", "stages": ["PRODUCTION"]}
        assert [one["version"] for one in rest.post(f"{MODELS}/get-latest-versions", **stages)["model_versions"]] == [
            "1"
        ]
        found = rest.get(f"{MODELS}/get-latest-versions", **stages)["model_versions"]
        assert [one["version"] for one in found] == ["1"]

    def test_existing_versions_are_archived_on_demand(self, rest, run):
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

    def test_the_latest_versions_are_one_for_each_stage(self, rest, run):
        for _ in range(4):
            registered(rest, run["source"])
        move(rest, "1", "Production")
        move(rest, "2", "Production")
        latest = rest.post(f"{MODELS}/get-latest-versions", name="fraud")["model_versions"]
        assert {one["current_stage"]: one["version"] for one in latest} == {"None": "4", "Production": "2"}
        assert rest.get(f"{MODELS}/get", name="fraud")["registered_model"]["latest_versions"] == latest
        assert rest.post(f"{MODELS}/get-latest-versions", name="fraud", stages=["Staging"]) == {}

    def test_a_stage_that_does_not_exist(self, rest, run):
        registered(rest, run["source"])
        message = "Invalid Model Version stage: Live. Value must be one of None, Staging, Production, Archived."
        expected = (400, "INVALID_PARAMETER_VALUE", message)
        assert refused(move, rest, "1", "Live") == expected
        assert refused(rest.post, f"{MODELS}/get-latest-versions", name="fraud", stages=["Live"]) == expected

    def test_only_active_stages_archive(self, rest, run):
        registered(rest, run["source"])
        assert refused(move, rest, "1", "Archived", archive=True)[:2] == (400, "INVALID_PARAMETER_VALUE")
        assert get(rest, "fraud", "1")["current_stage"] == "None"

    def test_whether_to_archive_must_be_said(self, rest, run):
        registered(rest, run["source"])
        refusal = refused(rest.post, f"{VERSIONS}/transition-stage", name="fraud", version="1", stage="Staging")
        assert "archive_existing_versions" in refusal[2]

    def test_a_request_is_approved(self, rest, run):
        registered(rest, run["source"])
        registered(rest, run["source"])
        move(rest, "1", "Production")
        asked = {"name": "fraud", "version": "2", "stage": "Production"}
        created = rest.post(f"{MLFLOW}/transition-requests/create", **asked, comment="please")["request"]
        assert (created["to_stage"], created["user_id"]) == ("Production", rest.workspace.user_name)
        assert refused(rest.post, f"{MLFLOW}/transition-requests/create", **asked)[1] == "RESOURCE_ALREADY_EXISTS"
        listed = rest.get(f"{MLFLOW}/transition-requests/list", name="fraud", version="2")["requests"]
        assert listed == [created]
        body = {**asked, "archive_existing_versions": True}
        activity = rest.post(f"{MLFLOW}/transition-requests/approve", **body)["activity"]
        assert (activity["from_stage"], activity["to_stage"]) == ("None", "Production")
        assert [get(rest, "fraud", version)["current_stage"] for version in "12"] == ["Archived", "Production"]
        assert rest.get(f"{MLFLOW}/transition-requests/list", name="fraud", version="2") == {}
        assert refused(rest.post, f"{MLFLOW}/transition-requests/approve", **body)[0] == 404

    def test_a_request_is_rejected_or_taken_back(self, rest, run):
        registered(rest, run["source"])
        asked = {"name": "fraud", "version": "1", "stage": "Staging"}
        rest.post(f"{MLFLOW}/transition-requests/create", **asked)
        rejected = rest.post(f"{MLFLOW}/transition-requests/reject", **asked)["activity"]
        assert rejected["activity_type"] == "REJECTED_REQUEST"
        rest.post(f"{MLFLOW}/transition-requests/create", **asked)
        someone = {**asked, "creator": "someone@acme.test"}
        delete = f"{MLFLOW}/transition-requests/delete"
        with pytest.raises(RefusedError):
            rest.json("DELETE", delete, query=someone)
        taken_back = rest.json("DELETE", delete, query={**asked, "creator": rest.workspace.user_name})
        assert taken_back["activity"]["activity_type"] == "CANCELLED_REQUEST"
        assert get(rest, "fraud", "1")["current_stage"] == "None"

    def test_an_approval_that_cannot_be_leaves_the_request_open(self, rest, run):
        registered(rest, run["source"])
        asked = {"name": "fraud", "version": "1", "stage": "Archived"}
        rest.post(f"{MLFLOW}/transition-requests/create", **asked)
        with pytest.raises(RefusedError):
            rest.post(f"{MLFLOW}/transition-requests/approve", **asked, archive_existing_versions=True)
        assert rest.get(f"{MLFLOW}/transition-requests/list", name="fraud", version="1")["requests"]


class TestComments:
    def test_a_comment_is_edited_and_removed(self, rest, run):
        registered(rest, run["source"])
        comment = rest.post(f"{MLFLOW}/comments/create", name="fraud", version="1", comment="good")["comment"]
        assert (comment["comment"], comment["user_id"]) == ("good", rest.workspace.user_name)
        edited = rest.patch(f"{MLFLOW}/comments/update", id=comment["id"], comment="bad")["comment"]
        assert edited["comment"] == "bad"
        rest.json("DELETE", f"{MLFLOW}/comments/delete", query={"id": comment["id"]})
        assert refused(rest.patch, f"{MLFLOW}/comments/update", id=comment["id"], comment="x")[0] == 404

    def test_webhooks_are_refused_by_name(self, rest):
        assert refused(rest.post, f"{MLFLOW}/registry-webhooks/create", events=["MODEL_VERSION_CREATED"])[0] == 501
        assert "registry webhooks" in rest.workspace.unsupported[0]


class TestSearch:
    @pytest.fixture
    def models(self, rest: Rest, run: dict[str, str]) -> None:
        for name in ("fraud_a", "fraud_b", "churn"):
            registered(rest, run["source"], name=name, run_id=run["run_id"], tags=[{"key": "of", "value": name}])
        rest.post(f"{MODELS}/set-tag", name="churn", key="team", value="crm")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("", ["churn", "fraud_a", "fraud_b"]),
            ("name = 'churn'", ["churn"]),
            ("name != 'churn'", ["fraud_a", "fraud_b"]),
            ("name LIKE 'fraud%'", ["fraud_a", "fraud_b"]),
            ("name LIKE 'raud'", ["fraud_a", "fraud_b"]),
            ("name ILIKE 'FRAUD'", ["fraud_a", "fraud_b"]),
            ("name IN ('churn', 'x')", ["churn"]),
            ("tags.team = 'crm'", ["churn"]),
            ("tags.team = 'crm' AND name LIKE 'f%'", []),
            ("tag.`mlflow.prompt.is_prompt` != 'true'", ["churn", "fraud_a", "fraud_b"]),
        ],
    )
    def test_models_are_found(self, rest, models, text, expected):
        found = rest.get(f"{MODELS}/search", filter=text).get("registered_models", [])
        assert [one["name"] for one in found] == expected

    def test_models_are_ordered(self, rest, models):
        def names(*orders: str) -> list[str]:
            return [one["name"] for one in rest.get(f"{MODELS}/search", order_by=orders)["registered_models"]]

        assert names("name DESC") == ["fraud_b", "fraud_a", "churn"]
        assert names("last_updated_timestamp") == names("timestamp ASC") == ["fraud_a", "fraud_b", "churn"]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("name = 'churn'", ["churn"]),
            ("name = 'churn' AND version_number < 2", ["churn"]),
            ("version_number > 1", []),
            ("run_id = 'RUN'", ["churn", "fraud_b", "fraud_a"]),
            ("run_id = 'x'", []),
            ("source_path LIKE '%/model'", ["churn", "fraud_b", "fraud_a"]),
            ("tags.of = 'fraud_b'", ["fraud_b"]),
            ("name LIKE 'raud'", []),
        ],
    )
    def test_versions_are_found(self, rest, run, models, text, expected):
        found = rest.get(f"{VERSIONS}/search", filter=text.replace("RUN", run["run_id"])).get("model_versions", [])
        assert [one["name"] for one in found] == expected

    def test_pages(self, rest, models):
        for path, what in ((f"{MODELS}/search", "registered_models"), (f"{VERSIONS}/search", "model_versions")):
            first = rest.get(path, max_results=2)
            second = rest.get(path, max_results=2, page_token=first["next_page_token"])
            names = [one["name"] for page in (first, second) for one in page[what]]
            assert sorted(names) == ["churn", "fraud_a", "fraud_b"]
            assert "next_page_token" not in second
            question = {"filter": "name != 'x'", "page_token": first["next_page_token"]}
            assert refused(rest.get, path, **question)[1] == "INVALID_PARAMETER_VALUE"
        listed = rest.get(f"{MODELS}/list", max_results=1)
        again = rest.get(f"{MODELS}/list", max_results=1, page_token=listed["next_page_token"])
        assert [one["registered_models"][0]["name"] for one in (listed, again)] == ["churn", "fraud_a"]

    @pytest.mark.parametrize("path", [f"{MODELS}/search", f"{VERSIONS}/search"])
    @pytest.mark.parametrize(
        "question",
        [
            {"filter": "color = 'red'"},
            {"filter": "name = 'a' OR name = 'b'"},
            {"filter": "name > 'a'"},
            {"filter": "name = a"},
            {"order_by": "color"},
            {"order_by": ["name", "name DESC"]},
            {"max_results": 0},
            {"max_results": 10_001},
            {"page_token": "x"},
        ],
    )
    def test_questions_that_cannot_be(self, rest, path, question):
        assert refused(rest.get, path, **question)[:2] == (400, "INVALID_PARAMETER_VALUE")


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
