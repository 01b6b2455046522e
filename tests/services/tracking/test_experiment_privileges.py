"""Every operation of tracking, asked by every kind of person: what the permissions on an experiment allow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pytest

from fakebricks import Workspace
from fakebricks.routes import router
from fakebricks.wire import Reply, Request
from fakebricks.wire.operations import Operation

LEVELS = {"stranger": 0, "reader": 1, "editor": 2, "creator": 3, "admin": 3}
VERBS = {1: "View", 2: "Edit", 3: "Manage"}

MANAGED = {
    "update_experiment",
    "delete_experiment",
    "restore_experiment",
}
EDITED = {
    "get_credentials_for_write",
    "get_credentials_for_logged_model_upload",
    "get_credentials_for_trace_data_upload",
    "get_presigned_upload_part_url",
}
VIEWING = ("get_", "search_", "list_", "start_trace_search", "download_", "create_download_url")

NOBODY_ASKED = {
    "search_experiments": "it finds what the caller may view, and nothing else; see the tests of search",
    "list_experiments": "likewise",
    "upload_to_signed_url": "a signed URL is for whoever has it",
    "download_from_signed_url": "likewise",
    "abort_upload_at_signed_url": "likewise",
    "create_resumable_upload_url": "it is refused, whoever asks",
    "describe_mlflow_server": "it says that a workspace is no server of MLflow's own",
}
"""The operations without a privilege, and why."""


def walked() -> list[Operation]:
    """The operations of tracking and files that are computed, once each; S3 asks for other credentials."""
    modules = ("fakebricks.services.tracking", "fakebricks.services.files.api")
    return [
        one
        for one in router().operations
        if one.function.__module__.startswith(modules) and not one.function.__module__.endswith("refused_api")
    ]


# Where an experiment may be made, its folder decides: see the tests of folders.
PRIVILEGED = [one for one in walked() if one.name not in {*NOBODY_ASKED, "create_experiment"}]


def needed(operation: Operation) -> int:
    """What it takes, said here apart from the declarations."""
    if operation.name in MANAGED:
        return 3
    return 1 if operation.name.startswith(VIEWING) and operation.name not in EDITED else 2


class World:
    """An experiment in its creator's home, with something of everything in it, and people of every kind."""

    def __init__(self) -> None:
        self.workspace = Workspace()
        self.people = {name: self.workspace.user(f"{name}@acme.test") for name in LEVELS if name != "admin"}
        self.people["admin"] = self.workspace.user(self.workspace.user_name)
        home = self.people["creator"].home
        self.name = f"{home}/e"
        self.experiment_id = self.made("experiments/create", name=self.name)["experiment_id"]
        of_this = {"experiment_id": self.experiment_id}
        run_id = self.made("runs/create", **of_this)["run"]["info"]["run_id"]
        self.made("runs/log-metric", run_id=run_id, key="loss", value=1, timestamp=1)
        self.made("runs/set-tag", run_id=run_id, key="key", value="v")
        self.made("experiments/set-experiment-tag", **of_this, key="key", value="v")
        model_id = self.made("logged-models", **of_this, tags=[{"key": "key", "value": "v"}])["model"]["info"][
            "model_id"
        ]
        location = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": of_this}
        info = {"trace_id": "tr-1", "trace_location": location, "request_time": "2026-01-01T00:00:00Z"}
        self.made("traces", 3, trace={"trace_info": {**info, "tags": {"key": "v"}}})
        assessment = {"assessment_name": "good", "feedback": {"value": True}, "source": {"source_type": "HUMAN"}}
        made = self.made("traces/tr-1/assessments", 3, assessment=assessment)["assessment"]
        path = f"/WorkspaceInternal/Mlflow/Artifacts/{self.experiment_id}/Runs/{run_id}/artifacts/a.txt"
        assert self.ask("creator", "PUT", f"/api/2.0/fs/files{path}", b"content").status == 204
        upload = self.made("artifacts/create-multipart-upload", run_id=run_id, path="b.txt", num_parts=1)
        part_url = upload["upload_credential_infos"][0]["signed_uri"].removeprefix(self.workspace.host)
        etag = self.ask("creator", "PUT", part_url, b"part").headers["etag"]
        permissions = [
            {"user_name": self.people[name].user_name, "permission_level": level}
            for name, level in (("creator", "CAN_MANAGE"), ("editor", "CAN_EDIT"), ("reader", "CAN_READ"))
        ]
        url = f"/api/2.0/permissions/experiments/{self.experiment_id}"
        body = json.dumps({"access_control_list": permissions}).encode()
        assert self.ask("creator", "PUT", url, body).status == 200
        self.values: dict[str, Any] = {
            **of_this,
            "experiment_name": self.name,
            "new_name": f"{home}/f",
            "run_id": run_id,
            "run_ids": [run_id],
            "model_id": model_id,
            "trace_id": "tr-1",
            "request_id": "tr-1",
            "assessment_id": made["assessment_id"],
            "assessment": assessment,
            "update_mask": "rationale",
            "experiment_ids": [self.experiment_id],
            "locations": [location],
            "trace_ids": ["tr-1"],
            "request_ids": ["tr-1"],
            "trace": {"trace_info": info},
            "max_timestamp_millis": 10**15,
            "min_timestamp_millis": 0,
            "key": "key",
            "tag_key": "key",
            "value": "1",
            "timestamp": 1,
            "timestamp_ms": 1,
            "metric_key": "loss",
            "status": "LOGGED_MODEL_READY",
            "model_json": '{"artifact_path": "m", "flavors": {}, "utc_time_created": "", "run_id": ""}',
            "paths": ["a.txt"],
            "num_parts": 1,
            "part_number": 1,
            "upload_id": upload["upload_id"],
            "part_etags": [{"part_number": 1, "etag": etag}],
            "action": "initiate-upload",
            "session_token": "none",
            "start_part_number": 1,
            "count": 1,
            "path": path,
        }

    def made(self, path: str, version: int = 2, /, **body: Any) -> Any:
        reply = self.ask("creator", "POST", f"/api/{version}.0/mlflow/{path}", json.dumps(body).encode())
        assert reply.status == 200, reply.body
        return reply.json() if reply.body else None

    def ask(self, who: str, method: str, url: str, body: bytes = b"") -> Reply:
        headers = {"authorization": f"Bearer {self.people[who].token}"}
        return self.workspace.handle(Request.of(method, url, headers, body))

    def perform(self, operation: Operation, who: str) -> Reply:
        """Ask for an operation on what there is; the state stays as it was."""
        assert operation.shape is not None, f"{operation.name} names nothing that a privilege could be about"
        fields = {
            one.encode_name: self._value(operation, one.encode_name)
            for one in msgspec.structs.fields(operation.shape)
            if one.required or one.encode_name in {"run_id", "experiment_ids", "locations", "new_name"}
        }
        if operation.name == "delete_traces":
            fields["request_ids"] = self.values["request_ids"]
        places = {name: fields.pop(name) for name in operation.path_parameters}
        url = operation.path
        for name, value in places.items():
            text = quote(str(value).removeprefix("/") if operation.path.startswith("/api/2.0/fs") else str(value))
            url = url.replace(f"<path:{name}>", text).replace(f"<{name}>", text)
        in_query = operation.method in {"GET", "HEAD", "DELETE"} or operation.raw
        snapshot = self.workspace.snapshot()
        try:
            if in_query:
                return self.ask(who, operation.method, f"{url}?{urlencode(fields, doseq=True)}")
            return self.ask(who, operation.method, url, json.dumps(fields).encode())
        finally:
            self.workspace.restore(snapshot)

    def _value(self, operation: Operation, name: str) -> Any:
        """A value for a field; what some fields mean depends on the operation."""
        if name == "path" and "/mlflow/artifacts/credentials" in operation.path:
            return ["a.txt"]
        if name == "path" and "/mlflow/" in operation.path:
            return "b.txt"
        if operation.name == "create_directory":
            return self.values["path"].replace("a.txt", "folder")
        if name == "run_id" and operation.name == "get_history_bulk":
            return self.values["run_ids"]
        return self.values[name]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World()
    yield world
    world.workspace.close()


@pytest.mark.parametrize(("who", "status"), [("stranger", 403), ("reader", 403), ("editor", 200)])
def test_a_logged_model_s_upload_in_parts_names_it_as_a_run(world: World, who: str, status: int) -> None:
    body = {"run_id": world.values["model_id"], "path": "b.bin", "num_parts": 1}
    url = "/api/2.0/mlflow/artifacts/create-multipart-upload"
    assert world.ask(who, "POST", url, json.dumps(body).encode()).status == status


def test_every_operation_declares_who_may_do_it_or_why_everybody_may() -> None:
    undeclared = {one.name for one in walked() if one.privilege is None}
    assert undeclared == {one.name for one in walked() if one.name in NOBODY_ASKED}
    assert len(PRIVILEGED) > 60


@pytest.mark.parametrize("operation", PRIVILEGED, ids=lambda one: f"{one.method}-{one.path}")
def test_only_those_may_who_have_the_permission(world: World, operation: Operation) -> None:
    for who, level in LEVELS.items():
        reply = world.perform(operation, who)
        if level >= needed(operation):
            assert reply.status not in {400, 403}, (who, reply.body)
            continue
        assert reply.status == 403, (who, reply.status, reply.body)
        verb, user = VERBS[needed(operation)], world.people[who].user_name
        assert reply.json()["error_code"] == "PERMISSION_DENIED"
        assert reply.json()["message"] == (
            f"User {user} does not have permission to '{verb}' experiment with id {world.experiment_id}"
        )
