"""Lineage over REST: what is told in a body or a header is kept, told, and goes with its version."""

from __future__ import annotations

import base64
import json
from contextlib import closing
from typing import Any

import msgspec
import pytest
from conftest import RefusedError, Rest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakebricks import Workspace
from fakebricks.services.files.files import Files
from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.model_registry.records import VersionLineage
from fakebricks.wire.errors import ResourceDoesNotExist

NATIVE = "/api/2.1/unity-catalog"
VERSIONS = "/api/2.0/mlflow/unity-catalog/model-versions"
NAME = "main.default.fraud"
HEADER = "X-Databricks-Lineage-Identifier"
TABLE = {"name": "main.default.t", "table_type": "TABLE", "table_id": "1-2-3"}
JOB = {"job": {"id": "12", "task_key": "train", "job_run_id": "120", "task_run_id": "121"}}
NOTEBOOK = {"notebook": {"id": "7", "command_id": "c", "notebook_run_id": "r"}}
PIPELINE = {"pipeline": {"pipeline_id": "p", "pipeline_update_id": "u"}}
BAD_ENTITIES = [{}, {"job": {}}, {**JOB, **NOTEBOOK}, {"cluster": {"id": "1"}}, {"job": {"id": "1", "x": "y"}}, 7, "x"]
BAD_HEADERS = [
    "",
    "not base64!",
    "e30",
    "ü",
    base64.b64encode(b"[]").decode(),
    base64.b64encode(b"{").decode(),
    base64.b64encode(b"\xff").decode(),
    base64.b64encode(b"[" * 100_000).decode(),
]


@pytest.fixture
def registered(rest: Rest) -> Rest:
    register(rest)
    return rest


def register(rest: Rest, name: str = NAME) -> None:
    """A model with a READY version."""
    registry, files = rest.workspace._services[ModelRegistry], rest.workspace._services[Files]
    registry.create_model(name, "jane@acme.test")
    version = registry.create_version(name, "jane@acme.test", source="x")
    files.put(f"{registry.files_directory(version)}/MLmodel", b"signature:\n  outputs: x\n")
    registry.finalize_version(name, "1")


def emit(rest: Rest, direction: str, *entities: Any, **more: Any) -> Any:
    info = {"direction": direction, "entities": list(entities)}
    return rest.post(f"{VERSIONS}/emit-lineage", name=NAME, version="1", model_version_lineage_info=info, **more)


def header(info: Any) -> dict[str, str]:
    return {HEADER: base64.b64encode(json.dumps(info).encode()).decode()}


def create(rest: Rest, headers: dict[str, str], dialect: str) -> Any:
    levels = {"catalog_name": "main", "schema_name": "default", "model_name": "fraud"}
    native = dialect == "native"
    path = f"{NATIVE}/models/versions" if native else f"{VERSIONS}/create"
    body = {**(levels if native else {"name": NAME}), "source": "x"}
    return rest.call("POST", path, json.dumps(body).encode(), headers)


def read_files(rest: Rest, headers: dict[str, str], dialect: str) -> Any:
    levels = {"catalog_name": "main", "schema_name": "default", "model_name": "fraud", "version": 1}
    if dialect == "native":
        body = {**levels, "operation": "READ_MODEL_VERSION"}
        path = f"{NATIVE}/temporary-model-version-credentials"
    else:
        body = {"name": NAME, "version": "1", "operation": "MODEL_VERSION_OPERATION_READ"}
        path = f"{VERSIONS}/generate-temporary-credentials"
    return rest.call("POST", path, json.dumps(body).encode(), headers)


def lineage(rest: Rest, version: int = 1) -> VersionLineage:
    return rest.workspace.lineage(NAME, version)


def as_json(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


def test_what_is_emitted_is_kept_as_it_was_sent(registered: Rest):
    assert emit(registered, "UPSTREAM", JOB, NOTEBOOK, PIPELINE, securable={"table": TABLE}) == {}
    assert emit(registered, "DOWNSTREAM", JOB, securable={"table": TABLE}) == {}
    told = lineage(registered)
    (upstream,), (downstream,) = told.upstream, told.downstream
    assert as_json(upstream.entities) == [JOB, NOTEBOOK, PIPELINE]
    assert (as_json(upstream.sources), upstream.targets) == ([TABLE], ())
    assert (downstream.sources, as_json(downstream.targets)) == ((), [TABLE])
    assert [one.task_key for one in upstream.jobs] == ["train"]
    assert [one.command_id for one in upstream.notebooks] == ["c"]
    assert [one.pipeline_update_id for one in upstream.pipelines] == ["u"]
    assert upstream.emitted_by == "jane@acme.test"
    assert 0 <= registered.workspace.clock.millis() - upstream.emitted_at < 60_000


@pytest.mark.parametrize("dialect", ["mlflow", "native"])
def test_the_header_tells_it_where_a_version_is_made_and_read(registered: Rest, dialect: str):
    sent = header({"entities": [JOB], "lineages": [{"source_securables": [{"table": TABLE}]}]})
    assert create(registered, sent, dialect).status == 200
    (told,) = lineage(registered, 2).upstream
    assert (as_json(told.entities), as_json(told.sources)) == ([JOB], [TABLE])
    written = {"entities": [NOTEBOOK], "lineages": [{"target_securable": {"table": TABLE}}]}
    assert read_files(registered, header(written), dialect).status == 200
    (told,) = lineage(registered).downstream
    assert (as_json(told.entities), as_json(told.targets)) == ([NOTEBOOK], [TABLE])
    assert read_files(registered, {}, dialect).status == 200
    assert len(lineage(registered).downstream) == 1


def test_the_admin_plane_tells_the_same(registered: Rest):
    emit(registered, "UPSTREAM", JOB, securable={"table": TABLE})
    emit(registered, "DOWNSTREAM", NOTEBOOK)
    told = registered.get(f"/_fakebricks/lineage/{NAME}/1")
    assert told == as_json(lineage(registered))
    assert (told["upstream"][0]["entities"], told["upstream"][0]["sources"]) == ([JOB], [TABLE])
    for path, status in [(f"{NAME}/7", 404), ("main.default.nope/1", 404), ("x/1", 400), (f"{NAME}/x", 400)]:
        with pytest.raises(RefusedError) as error:
            registered.get(f"/_fakebricks/lineage/{path}")
        assert error.value.status == status
    with pytest.raises(ResourceDoesNotExist):
        registered.workspace.lineage(NAME, 7)


def test_lineage_follows_a_model_to_another_name_and_goes_with_its_version(registered: Rest):
    emit(registered, "DOWNSTREAM", JOB)
    registered.patch(f"{NATIVE}/models/{NAME}", new_name="renamed")
    assert len(registered.workspace.lineage("main.default.renamed", 1).downstream) == 1
    registered.delete(f"{NATIVE}/models/main.default.renamed")
    register(registered)
    assert lineage(registered) == VersionLineage(upstream=(), downstream=(), dependencies=(), feature_deps="")


def test_feature_dependencies_are_kept(registered: Rest):
    registered.post(f"{VERSIONS}/create", name=NAME, source="x", feature_deps='{"tables": []}')
    assert lineage(registered, 2).feature_deps == '{"tables": []}'


@pytest.mark.parametrize("entity", BAD_ENTITIES, ids=str)
def test_malformed_lineage_is_refused(registered: Rest, entity: Any):
    before = registered.workspace.snapshot()
    for ask in (
        lambda: emit(registered, "UPSTREAM", entity),
        lambda: emit(registered, "SIDEWAYS", JOB),
        lambda: emit(registered, "UPSTREAM", securable={"table": {}}),
        lambda: emit(registered, "UPSTREAM", securable={}),
        lambda: registered.post(f"{VERSIONS}/emit-lineage", name=NAME, version="1"),
    ):
        with pytest.raises(RefusedError) as error:
            ask()
        assert (error.value.status, error.value.error_code) == (400, "INVALID_PARAMETER_VALUE")
    for dialect in ("mlflow", "native"):
        for call in (create, read_files):
            reply = call(registered, header({"entities": [entity]}), dialect)
            assert (reply.status, reply.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert registered.workspace.snapshot() == before


@pytest.mark.parametrize("dialect", ["mlflow", "native"])
def test_a_header_that_cannot_be_read_is_refused_and_nothing_is_made(workspace: Workspace, dialect: str):
    rest = Rest(workspace)
    register(rest)
    before = workspace.snapshot()
    for value in BAD_HEADERS:
        for call in (create, read_files):
            reply = call(rest, {HEADER: value}, dialect)
            assert (reply.status, reply.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE"), value
            assert HEADER in reply.json()["message"]
    assert workspace.snapshot() == before


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["job", "notebook", "table", "id", "entities", "lineages", "source_securables", "x"]), inner
        )
    ),
    max_leaves=8,
)


@settings(max_examples=100)
@given(info=anything)
def test_whatever_a_header_holds_is_kept_or_refused(info: Any):
    with closing(Workspace()) as workspace:
        rest = Rest(workspace)
        register(rest)
        before = workspace.snapshot()
        reply = read_files(rest, header(info), "mlflow")
        assert reply.status in (200, 400)
        assert (workspace.snapshot() == before) == (reply.status == 400)


def test_telling_where_a_version_comes_from_takes_making_one_and_using_it_takes_execute(registered: Rest):
    bob = registered.workspace.user("bob@acme.test")

    def grant(kind: str, full_name: str, *privileges: str) -> None:
        changes = [{"principal": bob.user_name, "add": list(privileges)}]
        registered.patch(f"{NATIVE}/permissions/{kind}/{full_name}", changes=changes)

    grant("CATALOG", "main", "USE_CATALOG", "USE_SCHEMA")
    grant("FUNCTION", NAME, "EXECUTE")
    janes = registered.headers
    registered.headers = {"authorization": f"Bearer {bob.token}"}
    emit(registered, "DOWNSTREAM", JOB)
    with pytest.raises(RefusedError, match=f"User does not have MANAGE on Routine or Model '{NAME}'"):
        emit(registered, "UPSTREAM", JOB)
    registered.headers = janes
    grant("FUNCTION", NAME, "CREATE_MODEL_VERSION")
    registered.patch(
        f"{NATIVE}/permissions/FUNCTION/{NAME}", changes=[{"principal": bob.user_name, "remove": ["EXECUTE"]}]
    )
    registered.headers = {"authorization": f"Bearer {bob.token}"}
    emit(registered, "UPSTREAM", JOB)
    with pytest.raises(RefusedError, match=f"User does not have EXECUTE on Routine or Model '{NAME}'"):
        emit(registered, "DOWNSTREAM", JOB)
    assert {one.emitted_by for one in lineage(registered).downstream} == {bob.user_name}
