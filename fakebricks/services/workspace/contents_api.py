"""REST operations that move notebooks and files into the workspace and out of it.

Real: JSON with base64, posted files and direct downloads alike. `workspace-files/import-file` is not documented; the
Databricks CLI uses it, also for files of more than 10 MB (observed).
"""

from __future__ import annotations

import base64
from typing import Any

from fakebricks.services.workspace.contents import Contents, check_size
from fakebricks.services.workspace.formats import Format, Language, file_type, imported, require_as_it_is
from fakebricks.services.workspace.privileges import changes, views
from fakebricks.services.workspace.records import FILE
from fakebricks.wire.errors import AlreadyExists
from fakebricks.wire.messages import Reply
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes()


class ImportObject(Shape):
    path: str
    content: bytes = b""
    format: Format = "SOURCE"
    language: Language | None = None
    overwrite: bool = False


class ExportObject(Shape):
    path: str
    format: Format = "SOURCE"
    direct_download: bool = False


class ImportFile(Shape):
    """A path as the URL says it, whose own slash ends the route's fixed part."""

    url_path: str
    overwrite: bool = False

    @property
    def path(self) -> str:
        return f"/{self.url_path.removeprefix('/')}"


@routes.post("/api/2.0/workspace/import", form=True, privilege=changes)
def import_object(contents: Contents, call: Call, body: ImportObject) -> None:
    check_size(len(body.content))
    what = imported(body.path, body.content, body.format, body.language)
    contents.store(what, call.millis, overwrite=body.overwrite)


@routes.get("/api/2.0/workspace/export", privilege=views)
def export_object(contents: Contents, call: Call, body: ExportObject) -> Reply | dict[str, Any]:
    node, content = contents.load(body.path)
    require_as_it_is(body.format)
    if body.direct_download:
        return Reply(200, content, {"content-type": "application/octet-stream"})
    return {"content": base64.b64encode(content).decode(), "file_type": file_type(node.path, node.language)}


@routes.post("/api/2.0/workspace-files/import-file/<path:url_path>", raw=True, privilege=changes)
def import_file(contents: Contents, call: Call, body: ImportFile) -> None:
    """Answers 409 where there is such a file (observed in the Databricks CLI; the error code is inferred)."""
    what = imported(body.path, call.request.body, "AUTO", None)
    if what.object_type == FILE and not body.overwrite and contents.is_file(what.path):
        raise AlreadyExists(f"Path ({what.path}) already exists.")
    contents.store(what, call.millis, overwrite=body.overwrite)
