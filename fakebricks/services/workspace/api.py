"""REST operations of the workspace tree."""

from __future__ import annotations

from typing import Any

from fakebricks.services.workspace.objects import Objects
from fakebricks.services.workspace.privileges import changes, deletes, views
from fakebricks.services.workspace.records import DIRECTORY, FILE, NOTEBOOK, Node
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes()


class AtPath(Shape):
    path: str


class ListObjects(Shape):
    path: str
    notebooks_modified_after: int = 0


class GetStatus(AtPath, kw_only=True):
    """`return_export_info` is what the Databricks CLI asks (observed)."""

    return_export_info: bool = False


class DeleteObject(Shape):
    path: str
    recursive: bool = False


@routes.post("/api/2.0/workspace/mkdirs", privilege=changes)
def mkdirs(objects: Objects, call: Call, body: AtPath) -> None:
    objects.mkdirs(body.path, call.caller, call.millis)


@routes.get("/api/2.0/workspace/get-status", privilege=views)
def get_object_status(objects: Objects, call: Call, body: GetStatus) -> dict[str, Any]:
    node = objects.get_status(body.path)
    told = _answer(node)
    if body.return_export_info and node.object_type == NOTEBOOK:
        told["repos_export_format"] = "SOURCE"
    return told


@routes.get("/api/2.0/workspace/list", privilege=views)
def list_objects(objects: Objects, call: Call, body: ListObjects) -> dict[str, Any]:
    """`notebooks_modified_after` filters notebooks only (documented: notebooks)."""
    since = body.notebooks_modified_after
    found = [
        _answer(node)
        for node in objects.list(body.path, call.caller)
        if node.object_type != NOTEBOOK or node.modified_at > since
    ]
    return {"objects": found} if found else {}


@routes.post("/api/2.0/workspace/delete", privilege=deletes)
def delete_object(objects: Objects, call: Call, body: DeleteObject) -> None:
    objects.delete(body.path, body.recursive, call.millis)


def _answer(node: Node) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "object_type": node.object_type,
        "path": node.path,
        "object_id": int(node.object_id),
        "resource_id": node.object_id,
    }
    if node.object_type != DIRECTORY:
        answer |= {"created_at": node.created_at, "modified_at": node.modified_at}
    if node.object_type == NOTEBOOK:
        answer["language"] = node.language
    if node.object_type == FILE:
        answer["size"] = node.size
    return answer
