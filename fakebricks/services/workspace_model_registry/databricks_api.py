"""REST operations of the workspace model registry that MLflow's own service does not have.

What databricks-sdk's `ModelRegistryAPI` offers beyond it, and the two routes by which MLflow's client fetches the files
of `models:/` URIs. Real: all of it but webhooks, which are refused: nothing leaves this machine.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fakebricks.services.search import PageTokens
from fakebricks.services.tracking.rate_limits import MLFLOW
from fakebricks.services.workspace_model_registry.discussion import Comments, TransitionRequests
from fakebricks.services.workspace_model_registry.legacy import LegacyRoutes
from fakebricks.services.workspace_model_registry.model_permissions import READ
from fakebricks.services.workspace_model_registry.privileges import of_comment, of_model, of_own_request, of_transition
from fakebricks.services.workspace_model_registry.records import Comment, TransitionRequest
from fakebricks.services.workspace_model_registry.search import RegistrySearch
from fakebricks.services.workspace_model_registry.shapes import (
    ModelName,
    ModelVersion,
    RegisteredModel,
    VersionName,
    model_answer,
    version_answer,
)
from fakebricks.services.workspace_model_registry.version_files import VersionFiles
from fakebricks.services.workspace_model_registry.workspace_model_registry import WorkspaceModelRegistry
from fakebricks.wire.errors import NotImplementedByFakebricks
from fakebricks.wire.operations import Answer, Call, Shape

routes = LegacyRoutes(rate_limit=MLFLOW)

_MLFLOW = "/api/2.0/mlflow"
_REQUESTS = f"{_MLFLOW}/transition-requests"
_PAGE = 100
_FILES = 1000


class ListModels(Shape):
    max_results: int = _PAGE
    page_token: str = ""


class TransitionStage(VersionName):
    stage: str
    archive_existing_versions: bool
    comment: str = ""


class AskForTransition(VersionName):
    stage: str
    comment: str = ""


class DeleteTransitionRequest(AskForTransition, kw_only=True):
    creator: str


class CreateComment(VersionName):
    comment: str


class UpdateComment(Shape):
    id: str
    comment: str


class CommentId(Shape):
    id: str


class ListFiles(VersionName):
    path: str = ""
    page_token: str = ""


class FileName(VersionName):
    path: str = ""


class ModelDatabricks(RegisteredModel, kw_only=True):
    id: str
    permission_level: str | None


class Activity(Answer):
    id: str
    activity_type: str
    user_id: str
    creation_timestamp: int
    last_updated_timestamp: int
    from_stage: str = ""
    to_stage: str = ""
    comment: str = ""


class ModelVersionDatabricks(ModelVersion, kw_only=True):
    permission_level: str | None
    open_requests: tuple[Activity, ...] = ()


class FileInfo(Answer):
    path: str
    is_dir: bool
    file_size: int | None = None


@routes.get(f"{_MLFLOW}/databricks/registered-models/get", privilege=of_model(READ))
def get_model(search: RegistrySearch, call: Call, body: ModelName) -> dict[str, Any]:
    record = search.registry.get_model(body.name)
    told = msgspec.structs.asdict(model_answer(search.registry, record))
    level = search.permissions.level(record, call.caller)
    return {"registered_model_databricks": ModelDatabricks(**told, id=record.id, permission_level=level)}


@routes.get(f"{_MLFLOW}/registered-models/list")
def list_models(search: RegistrySearch, call: Call, body: ListModels) -> dict[str, Any]:
    found, token = search.models(
        call.caller, filter_string="", max_results=body.max_results, order_by=(), page_token=body.page_token
    )
    page = {"registered_models": [model_answer(search.registry, one) for one in found]} if found else {}
    return {**page, "next_page_token": token} if token else page


@routes.post(f"{_MLFLOW}/databricks/model-versions/transition-stage", privilege=of_transition)
def transition_stage(requests: TransitionRequests, call: Call, body: TransitionStage) -> dict[str, Any]:
    """The comment is for the activity log of the platform's pages, which no operation reads.

    Older databricks-sdks look for the version under `model_version`, newer ones under the longer name (observed).
    """
    registry = requests.registry
    moved = registry.transition(
        body.name, body.version, body.stage, archive_existing_versions=body.archive_existing_versions
    )
    told = msgspec.structs.asdict(version_answer(registry, moved))
    level = requests.permissions.level(registry.get_model(moved.name), call.caller)
    opened = tuple(_requested(one) for one in requests.open(moved))
    answer = ModelVersionDatabricks(**told, permission_level=level, open_requests=opened)
    return {"model_version_databricks": answer, "model_version": answer}


@routes.post(f"{_REQUESTS}/create", privilege=of_model(READ))
def create_transition_request(requests: TransitionRequests, call: Call, body: AskForTransition) -> dict[str, Any]:
    user = call.caller.user_name
    return {"request": _requested(requests.create(body.name, body.version, body.stage, user, body.comment))}


@routes.get(f"{_REQUESTS}/list", privilege=of_model(READ))
def list_transition_requests(requests: TransitionRequests, call: Call, body: VersionName) -> dict[str, Any]:
    found = requests.open(requests.registry.get_version(body.name, body.version))
    return {"requests": [_requested(one) for one in found]} if found else {}


@routes.post(f"{_REQUESTS}/approve", privilege=of_transition)
def approve_transition_request(requests: TransitionRequests, call: Call, body: TransitionStage) -> dict[str, Any]:
    before = requests.close(body.name, body.version, body.stage)
    moved = requests.registry.transition(
        body.name, body.version, body.stage, archive_existing_versions=body.archive_existing_versions
    )
    return {"activity": _activity(call, "APPROVED_REQUEST", before.stage, moved.stage, body.comment)}


@routes.post(f"{_REQUESTS}/reject", privilege=of_transition)
def reject_transition_request(requests: TransitionRequests, call: Call, body: AskForTransition) -> dict[str, Any]:
    version = requests.close(body.name, body.version, body.stage)
    return {"activity": _activity(call, "REJECTED_REQUEST", version.stage, body.stage, body.comment)}


@routes.delete(f"{_REQUESTS}/delete", privilege=of_own_request)
def delete_transition_request(
    requests: TransitionRequests, call: Call, body: DeleteTransitionRequest
) -> dict[str, Any]:
    version = requests.close(body.name, body.version, body.stage, body.creator)
    return {"activity": _activity(call, "CANCELLED_REQUEST", version.stage, body.stage, body.comment)}


@routes.post(f"{_MLFLOW}/comments/create", privilege=of_model(READ))
def create_comment(comments: Comments, call: Call, body: CreateComment) -> dict[str, Any]:
    created = comments.create(body.name, body.version, body.comment, call.caller.user_name)
    return {"comment": _comment(created)}


@routes.patch(f"{_MLFLOW}/comments/update", privilege=of_comment)
def update_comment(comments: Comments, call: Call, body: UpdateComment) -> dict[str, Any]:
    return {"comment": _comment(comments.update(body.id, body.comment))}


@routes.delete(f"{_MLFLOW}/comments/delete", privilege=of_comment)
def delete_comment(comments: Comments, call: Call, body: CommentId) -> None:
    comments.delete(body.id)


@routes.get(f"{_MLFLOW}/model-versions/list-artifacts", privilege=of_model(READ))
def list_model_version_artifacts(files: VersionFiles, call: Call, body: ListFiles) -> dict[str, Any]:
    tokens = PageTokens("list_model_version_artifacts", body.name, body.version, body.path)
    place = tokens.read(body.page_token)
    found: list[FileInfo] = []
    for path, entry in files.list(body.name, body.version, body.path, place[0] if place else None):
        if len(found) == _FILES:
            return {"files": found, "next_page_token": tokens.write([found[-1].path.rpartition("/")[2]])}
        size = None if entry.is_directory else entry.size
        found.append(FileInfo(path=path, is_dir=entry.is_directory, file_size=size))
    return {"files": found} if found else {}


@routes.get(f"{_MLFLOW}/model-versions/get-signed-download-uri", privilege=of_model(READ))
def get_signed_download_uri(files: VersionFiles, call: Call, body: FileName) -> dict[str, Any]:
    return {"signed_uri": files.signed_uri(body.name, body.version, body.path, call.base_url)}


@routes.post(f"{_MLFLOW}/registry-webhooks/create", f"{_MLFLOW}/registry-webhooks/test", raw=True)
@routes.get(f"{_MLFLOW}/registry-webhooks/list", raw=True)
@routes.patch(f"{_MLFLOW}/registry-webhooks/update", raw=True)
@routes.delete(f"{_MLFLOW}/registry-webhooks/delete", raw=True)
def use_registry_webhooks(registry: WorkspaceModelRegistry, call: Call) -> None:
    raise NotImplementedByFakebricks(
        f"fakebricks does not implement registry webhooks ('{call.request.method} {call.request.path}'): nothing "
        "leaves this machine. Assert on `workspace.calls` that the registry was used as expected."
    )


def _requested(request: TransitionRequest) -> Activity:
    return Activity(
        id=request.id,
        activity_type="REQUESTED_TRANSITION",
        user_id=request.user_id,
        creation_timestamp=request.creation_timestamp,
        last_updated_timestamp=request.creation_timestamp,
        to_stage=request.to_stage,
        comment=request.comment,
    )


def _activity(call: Call, kind: str, before: str, after: str, comment: str) -> Activity:
    return Activity(
        id=call.request_id,
        activity_type=kind,
        user_id=call.caller.user_name,
        creation_timestamp=call.millis,
        last_updated_timestamp=call.millis,
        from_stage=before,
        to_stage=after,
        comment=comment,
    )


def _comment(comment: Comment) -> dict[str, Any]:
    told = msgspec.structs.asdict(comment)
    del told["model"], told["number"]
    return {**told, "available_actions": ["EDIT_COMMENT", "DELETE_COMMENT"]}
