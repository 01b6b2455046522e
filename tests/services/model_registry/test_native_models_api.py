"""Registered models and their versions in the native dialect, over REST."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from conftest import RefusedError, Rest

from fakebricks.services.model_registry.model_registry import ModelRegistry

NATIVE = "/api/2.1/unity-catalog"
MODELS = f"{NATIVE}/models"
PERMISSIONS = f"{NATIVE}/permissions"
MLFLOW = "/api/2.0/mlflow/unity-catalog"
NAME = "main.default.fraud"
LEVELS = {"catalog_name": "main", "schema_name": "default"}
JANE = "jane@acme.test"
MLMODEL = b"flavors: {}\nsignature:\n  inputs: '[]'\n  outputs: '[]'\n  params: null\n"
MISSING = (404, "RESOURCE_DOES_NOT_EXIST", "Routine or Model 'main.default.nope' does not exist.")


@pytest.fixture
def model(rest: Rest) -> Rest:
    rest.post(MODELS, name="fraud", **LEVELS)
    return rest


def refused(call: Callable[..., Any], *args: Any, **fields: Any) -> tuple[int, str, str]:
    with pytest.raises(RefusedError) as error:
        call(*args, **fields)
    return error.value.status, error.value.error_code, error.value.message


def create_version(rest: Rest, name: str = "fraud", **fields: Any) -> dict[str, Any]:
    return rest.post(f"{MODELS}/versions", model_name=name, source="dbfs:/a", **LEVELS, **fields)


def ready_version(rest: Rest, **fields: Any) -> dict[str, Any]:
    version = create_version(rest, **fields)["version"]
    place = f"/api/2.0/fs/files/Models/{NAME.replace('.', '/')}/{version}/MLmodel?overwrite=true"
    assert rest.call("PUT", place, MLMODEL).status == 204
    return rest.patch(f"{MODELS}/{NAME}/versions/{version}/finalize", full_name=NAME, version=version)


@contextmanager
def acting_as(rest: Rest, name: str) -> Iterator[None]:
    before = rest.headers
    rest.headers = {"authorization": f"Bearer {rest.workspace.user(name).token}"}
    try:
        yield
    finally:
        rest.headers = before


def grant(rest: Rest, kind: str, full_name: str, *privileges: str, to: str = "bob@acme.test") -> None:
    rest.workspace.user(to)
    rest.patch(f"{PERMISSIONS}/{kind}/{full_name}", changes=[{"principal": to, "add": list(privileges)}])


def grant_use(rest: Rest) -> None:
    grant(rest, "CATALOG", "main", "USE_CATALOG")
    grant(rest, "SCHEMA", "main.default", "USE_SCHEMA")


def test_what_is_told_of_a_model(rest: Rest):
    told = rest.post(
        MODELS, name="Fraud", catalog_name="Main", schema_name="Default", comment="c", tags=[{"key": "k", "value": "v"}]
    )
    now = told["created_at"]
    assert 0 <= rest.workspace.clock.millis() - now < 60_000
    metastore = rest.get(f"{NATIVE}/current-metastore-assignment")["metastore_id"]
    location = told.pop("storage_location")
    identity = told.pop("id")
    assert location.endswith(f"/{identity}")
    assert told == {
        "name": "fraud",
        "catalog_name": "main",
        "schema_name": "default",
        "full_name": NAME,
        "owner": JANE,
        "metastore_id": metastore,
        "created_at": now,
        "created_by": JANE,
        "updated_at": now,
        "updated_by": JANE,
        "comment": "c",
        "tags": [{"key": "k", "value": "v"}],
    }


def test_what_is_told_of_a_version(model: Rest):
    experiment = model.post("/api/2.0/mlflow/experiments/create", name="/Shared/e")["experiment_id"]
    run = model.post("/api/2.0/mlflow/runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
    told = create_version(model, run_id=run, comment="c", run_tracking_server_id="77")
    now = told["created_at"]
    assert 0 <= model.workspace.clock.millis() - now < 60_000
    assert told.pop("storage_location").endswith(f"/versions/{told['id']}")
    assert told.pop("id")
    assert told.pop("metastore_id") == model.get(f"{MODELS}/{NAME}")["metastore_id"]
    assert told == {
        "model_name": "fraud",
        "catalog_name": "main",
        "schema_name": "default",
        "version": 1,
        "status": "PENDING_REGISTRATION",
        "source": "dbfs:/a",
        "created_at": now,
        "created_by": JANE,
        "updated_at": now,
        "updated_by": JANE,
        "comment": "c",
        "run_id": run,
        "run_workspace_id": 77,
    }
    assert ready_version(model)["status"] == "READY"


def test_aliases_are_told_only_where_they_are_asked_for(model: Rest):
    ready_version(model)
    told = {"alias_name": "champion", "version_num": 1, "model_name": "fraud", **LEVELS}
    assert model.put(f"{MODELS}/{NAME}/aliases/champion", version_num=1) == told
    for path in (f"{MODELS}/{NAME}", f"{MODELS}/{NAME}/versions/1", f"{MODELS}/{NAME}/aliases/champion"):
        assert "aliases" not in model.get(path)
        assert model.get(path, include_aliases="true")["aliases"] == [told]
    assert model.get(f"{MODELS}/{NAME}/aliases/champion")["version"] == 1
    model.delete(f"{MODELS}/{NAME}/aliases/champion")
    assert "aliases" not in model.get(f"{MODELS}/{NAME}", include_aliases="true")
    status, code, message = refused(model.get, f"{MODELS}/{NAME}/aliases/champion")
    assert (status, code) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert "'champion'" in message


def test_lists_tell_neither_aliases_nor_tags(model: Rest):
    ready_version(model, tags=[{"key": "k", "value": "v"}])
    model.put(f"{MODELS}/{NAME}/aliases/champion", version_num=1)
    model.patch(f"{NATIVE}/securable-tags/FUNCTION/{NAME}", changes={"add_tags": [{"key": "k", "value": "v"}]})
    (listed,) = model.get(MODELS)["registered_models"]
    (version,) = model.get(f"{MODELS}/{NAME}/versions")["model_versions"]
    assert not {"aliases", "tags"} & (listed.keys() | version.keys())
    assert model.get(f"{MODELS}/{NAME}")["tags"] == model.get(f"{MODELS}/{NAME}/versions/1")["tags"]


def test_tags_are_added_and_removed_at_once(model: Rest):
    create_version(model)
    for path, of in [
        (f"{NATIVE}/securable-tags/FUNCTION/{NAME}", f"{MODELS}/{NAME}"),
        (f"{NATIVE}/subentity-tags/function/{NAME}/1", f"{MODELS}/{NAME}/versions/1"),
    ]:
        model.patch(path, changes={"add_tags": [{"key": "a", "value": "1"}, {"key": "b"}]})
        assert model.get(of)["tags"] == [{"key": "a", "value": "1"}, {"key": "b", "value": ""}]
        model.patch(path, changes={"remove": ["a", "nope"], "add_tags": [{"key": "c", "value": "3"}]})
        assert [one["key"] for one in model.get(of)["tags"]] == ["b", "c"]
        before = model.workspace.snapshot()
        changes = {"remove": ["b"], "add_tags": [{"key": "d"}, {"key": ""}]}
        assert refused(model.patch, path, changes=changes)[:2] == (400, "INVALID_PARAMETER_VALUE")
        assert model.workspace.snapshot() == before


def test_tags_of_other_securables_are_refused(model: Rest):
    changes = {"add_tags": [{"key": "k", "value": "v"}]}
    assert refused(model.patch, f"{NATIVE}/securable-tags/TABLE/main.default.t", changes=changes)[0] == 501
    status, code, message = refused(model.patch, f"{NATIVE}/securable-tags/MODEL/{NAME}", changes=changes)
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert "'FUNCTION'" in message


def test_pages_of_models(rest: Rest):
    names = [f"m{number:02}" for number in range(5)]
    for name in names:
        rest.post(MODELS, name=name, **LEVELS)
    rest.post(f"{NATIVE}/schemas", catalog_name="main", name="other")
    rest.post(MODELS, name="elsewhere", catalog_name="main", schema_name="other")

    def listed(**query: Any) -> list[str]:
        found, token = [], ""
        while True:
            told = rest.get(MODELS, **query, page_token=token)
            assert len(told["registered_models"]) <= (query.get("max_results") or 10_000)
            found += [one["name"] for one in told["registered_models"]]
            token = told.get("next_page_token", "")
            if not token:
                return found

    assert listed(max_results=2, catalog_name="MAIN", schema_name="Default") == names
    assert listed(max_results=0, **LEVELS) == names
    assert listed(max_results=3) == [*names, "elsewhere"]
    token = rest.get(MODELS, max_results=1)["next_page_token"]
    for query in ({"page_token": "x"}, {"page_token": token, **LEVELS}, {"max_results": -1}, {"catalog_name": "main"}):
        assert refused(rest.get, MODELS, **query)[:2] == (400, "INVALID_PARAMETER_VALUE"), query
    assert refused(rest.get, f"{MODELS}/main.default.m00/versions", page_token=token)[0] == 400


@pytest.mark.parametrize(("query", "size"), [({}, 100), ({"max_results": 5000}, 1000), (LEVELS, 1100)])
def test_the_sizes_of_pages(workspace, query: dict[str, Any], size: int):
    rest = Rest(workspace)
    registry = workspace._services[ModelRegistry]
    for number in range(1100):
        registry.create_model(f"main.default.m{number}", JANE)
    assert len(rest.get(MODELS, **query)["registered_models"]) == size


def test_pages_of_versions(model: Rest):
    for _ in range(5):
        create_version(model)
    first = model.get(f"{MODELS}/{NAME}/versions", max_results=3)
    second = model.get(f"{MODELS}/{NAME}/versions", max_results=3, page_token=first["next_page_token"])
    assert [one["version"] for one in first["model_versions"] + second["model_versions"]] == [5, 4, 3, 2, 1]
    assert "next_page_token" not in second
    assert refused(model.get, f"{MODELS}/{NAME}/versions", max_results=-1)[0] == 400
    assert refused(model.get, f"{MODELS}/main.default.nope/versions") == MISSING


def test_comment_owner_and_name_are_updated(model: Rest):
    bob = model.workspace.user("bob@acme.test").user_name
    create_version(model)
    model.workspace.clock.advance(minutes=1)
    before = model.get(f"{MODELS}/{NAME}")
    told = model.patch(f"{MODELS}/{NAME}", comment="c", owner=bob, new_name="renamed")
    assert (told["comment"], told["owner"], told["full_name"]) == ("c", bob, "main.default.renamed")
    assert (told["id"], told["created_by"], told["created_at"]) == (before["id"], JANE, before["created_at"])
    assert told["updated_at"] >= before["updated_at"] + 60_000
    assert model.get(f"{MODELS}/main.default.renamed/versions/1")["model_name"] == "renamed"
    assert refused(model.get, f"{MODELS}/{NAME}")[0] == 404
    version = model.patch(f"{MODELS}/main.default.renamed/versions/1", comment="first")
    assert version["comment"] == "first"
    assert model.patch(f"{MODELS}/main.default.renamed", comment="").get("comment") is None


def test_who_updated_it_last(model: Rest):
    ready_version(model)
    grant_use(model)
    grant(model, "FUNCTION", NAME, "MANAGE")
    with acting_as(model, "bob@acme.test"):
        told = [model.patch(f"{MODELS}/{NAME}", comment="b"), model.patch(f"{MODELS}/{NAME}/versions/1", comment="b")]
    assert [(one["created_by"], one["updated_by"]) for one in told] == [(JANE, "bob@acme.test")] * 2


def test_what_cannot_be_updated_may_be_sent_as_it_is(model: Rest):
    ready_version(model)
    model.put(f"{MODELS}/{NAME}/aliases/champion", version_num=1)
    told = model.get(f"{MODELS}/{NAME}", include_aliases="true")
    assert model.patch(f"{MODELS}/{NAME}", **{**told, "comment": "new"})["comment"] == "new"
    version = model.get(f"{MODELS}/{NAME}/versions/1", include_aliases="true")
    assert model.patch(f"{MODELS}/{NAME}/versions/1", **{**version, "comment": "new"})["comment"] == "new"
    before = model.workspace.snapshot()
    for field, value in [("catalog_name", "dev"), ("name", "other"), ("created_at", 5), ("aliases", [{"a": "b"}])]:
        answer = refused(model.patch, f"{MODELS}/{NAME}", comment="x", **{field: value})
        text = f"Only comment, owner, new_name are updatable, not '{field}'."
        assert answer == (400, "INVALID_PARAMETER_VALUE", text)
    for field, value in [("status", "FAILED_REGISTRATION"), ("source", "x"), ("run_workspace_id", 3)]:
        answer = refused(model.patch, f"{MODELS}/{NAME}/versions/1", **{field: value})
        assert answer == (400, "INVALID_PARAMETER_VALUE", f"Only comment are updatable, not '{field}'.")
    assert model.workspace.snapshot() == before


def test_an_update_is_done_whole_or_not_at_all(model: Rest):
    model.post(MODELS, name="other", **LEVELS)
    before = model.workspace.snapshot()
    for fields, status, code in [
        ({"owner": "nobody@acme.test"}, 404, "PRINCIPAL_DOES_NOT_EXIST"),
        ({"comment": "x", "owner": ""}, 404, "PRINCIPAL_DOES_NOT_EXIST"),
        ({"comment": "x", "new_name": "a b"}, 400, "INVALID_PARAMETER_VALUE"),
        ({"comment": "x", "new_name": "other"}, 400, "RESOURCE_ALREADY_EXISTS"),
        ({"comment": "x", "new_name": "main.other.fraud"}, 501, "NOT_IMPLEMENTED"),
        ({"comment": "x" * 65_537}, 400, "INVALID_PARAMETER_VALUE"),
        ({"comment": "x", "deployment_job_id": "7"}, 501, "NOT_IMPLEMENTED"),
    ]:
        assert refused(model.patch, f"{MODELS}/{NAME}", **fields)[:2] == (status, code), fields
        assert model.workspace.snapshot() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [("owner", "x"), ("storage_location", "s3://x"), ("aliases", [{"alias_name": "a"}]), ("deployment_job_id", "7")],
)
def test_what_the_platform_decides_cannot_be_given_to_a_new_model(rest: Rest, field: str, value: Any):
    status, code, message = refused(rest.post, MODELS, name="fraud", **LEVELS, **{field: value})
    assert (status, code) == (501, "NOT_IMPLEMENTED")
    assert f"'{field}'" in message


def test_names_of_new_models(rest: Rest):
    field = "RPC CreateRegisteredModel Field managedcatalog.RegisteredModelInfo.name"
    rules = "Valid names cannot contain spaces, periods, forward slashes, or control characters."
    before = rest.workspace.snapshot()
    for name in ("", "a.b", "a b", "a/b", "a\x7f"):
        text = f'Invalid input: {field}: name "{name}" is not a valid name. {rules}'
        assert refused(rest.post, MODELS, name=name, **LEVELS) == (400, "INVALID_PARAMETER_VALUE", text)
    for catalog, schema in [("main.default", ""), ("main.default", "x"), ("", "default"), ("", "")]:
        answer = refused(rest.post, MODELS, name="m", catalog_name=catalog, schema_name=schema)
        assert answer[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert rest.workspace.snapshot() == before
    missing = refused(rest.post, MODELS, name="m", catalog_name="main", schema_name="nope")
    assert missing == (404, "SCHEMA_DOES_NOT_EXIST", "Schema 'main.nope' does not exist.")
    rest.post(MODELS, name="m", **LEVELS)
    exists = (400, "RESOURCE_ALREADY_EXISTS", "Routine or Model 'main.default.m' already exists")
    assert refused(rest.post, MODELS, name="M", **LEVELS) == exists


def test_a_model_that_is_missing(model: Rest):
    nope = f"{MODELS}/main.default.nope"
    assert refused(model.get, nope) == MISSING
    assert refused(model.patch, nope, comment="x") == MISSING
    assert refused(model.delete, nope) == MISSING
    assert refused(model.put, f"{nope}/aliases/a", version_num=1) == MISSING
    assert refused(model.delete, f"{nope}/aliases/a") == MISSING
    assert refused(model.get, f"{nope}/versions/1") == MISSING
    assert refused(create_version, model, name="nope") == MISSING
    one = {"add_tags": [{"key": "k"}]}
    assert refused(model.patch, f"{NATIVE}/securable-tags/FUNCTION/main.default.nope", changes=one) == MISSING


@pytest.mark.parametrize("version", ["0", "-1", "x", "1.5", "9" * 40])
def test_versions_that_cannot_be(model: Rest, version: str):
    create_version(model)
    assert refused(model.get, f"{MODELS}/{NAME}/versions/{version}")[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert refused(model.put, f"{MODELS}/{NAME}/aliases/a", version_num=version)[0] == 400
    asked = {"model_name": "fraud", "version": version, "operation": "READ_MODEL_VERSION", **LEVELS}
    assert refused(model.post, f"{NATIVE}/temporary-model-version-credentials", **asked)[0] == 400


@pytest.mark.parametrize("alias", ["v1", "V22", "latest", "LATEST", "a b", "a.b", "x" * 256])
def test_aliases_that_cannot_be(model: Rest, alias: str):
    create_version(model)
    before = model.workspace.snapshot()
    answer = refused(model.put, f"{MODELS}/{NAME}/aliases/{alias}", version_num=1)
    assert answer[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert model.workspace.snapshot() == before


def test_numbers_are_not_used_twice_and_aliases_go_with_their_version(model: Rest):
    ready_version(model)
    create_version(model)
    model.put(f"{MODELS}/{NAME}/aliases/champion", version_num=2)
    model.delete(f"{MODELS}/{NAME}/versions/2")
    assert refused(model.get, f"{MODELS}/{NAME}/aliases/champion")[0] == 404
    assert create_version(model)["version"] == 3
    model.delete(f"{MODELS}/{NAME}", force=True)
    assert refused(model.get, f"{MODELS}/{NAME}")[0] == 404


def test_credentials_are_for_pending_versions_to_write_and_for_ready_ones_to_read(model: Rest):
    asked = {"model_name": "fraud", "version": 1, **LEVELS}
    path = f"{NATIVE}/temporary-model-version-credentials"
    create_version(model)
    told = model.post(path, operation="READ_WRITE_MODEL_VERSION", **asked)
    assert told["storage_mode"] == "DEFAULT_STORAGE"
    assert 0 <= model.workspace.clock.millis() + 3_600_000 - told["expiration_time"] < 60_000
    assert refused(model.post, path, operation="READ_MODEL_VERSION", **asked)[1] == "INVALID_STATE"
    assert refused(model.post, path, operation="UNKNOWN_MODEL_VERSION_OPERATION", **asked)[0] == 400
    ready = {**asked, "version": ready_version(model)["version"]}
    assert model.post(path, operation="READ_MODEL_VERSION", **ready)["storage_mode"] == "DEFAULT_STORAGE"
    assert refused(model.post, path, operation="READ_WRITE_MODEL_VERSION", **ready)[1] == "INVALID_STATE"


def test_dependencies_are_told_in_the_terms_of_the_dialect(model: Rest):
    sent = [
        {"table": {"table_full_name": "main.default.t"}},
        {"function": {"function_full_name": "main.default.f"}},
        {"connection": {"connection_name": "c"}},
    ]
    create_version(model, model_version_dependencies={"dependencies": sent}, feature_deps="f")
    assert model.get(f"{MODELS}/{NAME}/versions/1")["model_version_dependencies"] == {"dependencies": sent}
    lineage = model.workspace.lineage(NAME, 1)
    assert [(one.type, one.name) for one in lineage.dependencies] == [
        ("DATABRICKS_TABLE", "main.default.t"),
        ("DATABRICKS_UC_FUNCTION", "main.default.f"),
        ("DATABRICKS_UC_CONNECTION", "c"),
    ]
    assert lineage.feature_deps == "f"
    before = model.workspace.snapshot()
    for bad in ({}, {"table": {}}, {**sent[0], **sent[1]}, {"credential": {"credential_name": "x"}}):
        answer = refused(create_version, model, model_version_dependencies={"dependencies": [bad]})
        assert answer[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert model.workspace.snapshot() == before


def test_what_mlflows_dialect_says_of_dependencies_is_told_natively(model: Rest):
    types = ["VECTOR_INDEX", "MODEL_ENDPOINT", "UC_FUNCTION", "UC_CONNECTION", "TABLE", "UC_MODEL_SERVICE"]
    sent = [{"type": f"DATABRICKS_{one}", "name": one.lower()} for one in types]
    model.post(f"{MLFLOW}/model-versions/create", name=NAME, source="x", model_version_dependencies=sent)
    assert model.get(f"{MODELS}/{NAME}/versions/1")["model_version_dependencies"]["dependencies"] == [
        {"table": {"table_full_name": "vector_index"}},
        {"function": {"function_full_name": "uc_function"}},
        {"connection": {"connection_name": "uc_connection"}},
        {"table": {"table_full_name": "table"}},
    ]
    assert [one.name for one in model.workspace.lineage(NAME, 1).dependencies] == [one.lower() for one in types]


def test_who_may_do_what(model: Rest):
    ready_version(model)
    changes = {"add_tags": [{"key": "k", "value": "v"}]}
    asked = {"model_name": "fraud", "version": 1, "operation": "READ_MODEL_VERSION", **LEVELS}
    steps = [
        ("EXECUTE", lambda: model.get(f"{MODELS}/{NAME}/versions/1")),
        ("EXECUTE", lambda: model.post(f"{NATIVE}/temporary-model-version-credentials", **asked)),
        ("APPLY_TAG", lambda: model.patch(f"{NATIVE}/securable-tags/FUNCTION/{NAME}", changes=changes)),
        ("APPLY_TAG", lambda: model.patch(f"{NATIVE}/subentity-tags/FUNCTION/{NAME}/1", changes=changes)),
        ("MANAGE", lambda: create_version(model)),
        ("MANAGE", lambda: model.put(f"{MODELS}/{NAME}/aliases/champion", version_num=1)),
        ("MANAGE", lambda: model.patch(f"{MODELS}/{NAME}", comment="x")),
        ("MANAGE", lambda: model.patch(f"{MODELS}/{NAME}/versions/1", comment="x")),
        ("MANAGE", lambda: model.delete(f"{MODELS}/{NAME}/versions/1")),
        ("MANAGE", lambda: model.delete(f"{MODELS}/{NAME}")),
    ]
    for privilege, step in steps:
        with acting_as(model, "bob@acme.test"):
            assert refused(step) == (403, "PERMISSION_DENIED", "User does not have USE CATALOG on Catalog 'main'.")
        before = model.workspace.snapshot()
        grant_use(model)
        with acting_as(model, "bob@acme.test"):
            text = f"User does not have {privilege.replace('_', ' ')} on Routine or Model '{NAME}'."
            assert refused(step) == (403, "PERMISSION_DENIED", text)
        grant(model, "FUNCTION", NAME, privilege)
        with acting_as(model, "bob@acme.test"):
            step()
        model.workspace.restore(before)


def test_a_new_name_takes_the_privilege_to_create_a_model(model: Rest):
    grant_use(model)
    grant(model, "FUNCTION", NAME, "MANAGE")
    with acting_as(model, "bob@acme.test"):
        answer = refused(model.patch, f"{MODELS}/{NAME}", new_name="renamed")
    assert answer[2] == "User does not have CREATE MODEL on Schema 'main.default'."
    grant(model, "SCHEMA", "main.default", "CREATE_MODEL")
    with acting_as(model, "bob@acme.test"):
        assert model.patch(f"{MODELS}/{NAME}", new_name="renamed")["name"] == "renamed"
        model.post(MODELS, name="bobs", **LEVELS)


def test_the_schema_whose_models_are_listed_must_be_there_and_be_seen(model: Rest):
    missing = refused(model.get, MODELS, catalog_name="main", schema_name="nope")
    assert missing == (404, "SCHEMA_DOES_NOT_EXIST", "Schema 'main.nope' does not exist.")
    with acting_as(model, "bob@acme.test"):
        assert refused(model.get, MODELS, **LEVELS)[2] == "User does not have USE CATALOG on Catalog 'main'."
        assert model.get(MODELS) == {}


def test_lists_hold_what_the_caller_may_see(model: Rest):
    model.post(MODELS, name="browsed", **LEVELS)
    model.post(MODELS, name="hidden", catalog_name="main", schema_name="default")
    model.post(f"{NATIVE}/schemas", catalog_name="main", name="open")
    model.post(MODELS, name="browsed", catalog_name="main", schema_name="open")
    grant_use(model)
    grant(model, "FUNCTION", NAME, "EXECUTE")
    grant(model, "SCHEMA", "main.open", "BROWSE")
    with acting_as(model, "bob@acme.test"):
        assert [one["full_name"] for one in model.get(MODELS)["registered_models"]] == [NAME]
        told = model.get(MODELS, include_browse="true")["registered_models"]
        one = model.get(f"{MODELS}/main.open.browsed", include_browse="true")
    assert [(one["full_name"], one["browse_only"]) for one in told] == [(NAME, False), ("main.open.browsed", True)]
    assert one["browse_only"] is True
