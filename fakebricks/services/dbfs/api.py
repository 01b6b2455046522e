"""REST operations of DBFS, as databricks-sdk speaks them, and the route by which MLflow moves artifacts.

Real: JSON with base64 and posted files alike. `/dbfs/<path>` is not documented; MLflow's `DbfsRestArtifactRepository`
uses it (observed).
"""

from __future__ import annotations

import base64
from typing import Annotated, Any

import msgspec

from fakebricks.services.dbfs.dbfs import Dbfs, told
from fakebricks.services.dbfs.privileges import uses, uses_both
from fakebricks.services.dbfs.streams import Streams, check_block
from fakebricks.services.files.records import FileEntry
from fakebricks.wire.forms import is_form
from fakebricks.wire.messages import Reply
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes()

_DBFS = "/api/2.0/dbfs"
_DEFAULT_READ = 512 * 1024


class DbfsService:
    """What the operations of DBFS work on."""

    def __init__(self, dbfs: Dbfs, streams: Streams) -> None:
        self.dbfs = dbfs
        self.streams = streams


class AtPath(Shape):
    path: str


class Put(AtPath, kw_only=True):
    contents: bytes = b""
    overwrite: bool = False


class Create(AtPath, kw_only=True):
    overwrite: bool = False


class AddBlock(Shape):
    handle: int
    data: bytes


class Close(Shape):
    handle: int


class Read(AtPath, kw_only=True):
    offset: Annotated[int, msgspec.Meta(ge=0)] = 0
    length: Annotated[int, msgspec.Meta(ge=0)] = _DEFAULT_READ


class Delete(AtPath, kw_only=True):
    recursive: bool = False


class Move(Shape):
    source_path: str
    destination_path: str


class AtUrl(Shape):
    """A path as the URL says it, whose own slash ends the route's fixed part."""

    url_path: str

    @property
    def path(self) -> str:
        return f"/{self.url_path}"


@routes.get(f"{_DBFS}/get-status", privilege=uses)
def get_status(service: DbfsService, call: Call, body: AtPath) -> dict[str, Any]:
    return _info(service.dbfs.get_status(body.path))


@routes.get(f"{_DBFS}/list", privilege=uses)
def list_files(service: DbfsService, call: Call, body: AtPath) -> dict[str, Any]:
    """Without `files` where there are none (observed in MLflow's client)."""
    found = [_info(entry) for entry in service.dbfs.list(body.path)]
    return {"files": found} if found else {}


@routes.post(f"{_DBFS}/mkdirs", privilege=uses)
def mkdirs(service: DbfsService, call: Call, body: AtPath) -> None:
    service.dbfs.mkdirs(body.path)


@routes.post(f"{_DBFS}/put", form=True, privilege=uses)
def put(service: DbfsService, call: Call, body: Put) -> None:
    """What is in JSON must not be larger than a block; a posted file may (documented)."""
    if not is_form(call.request):
        check_block(body.contents)
    service.dbfs.put(body.path, body.contents, overwrite=body.overwrite)


@routes.get(f"{_DBFS}/read", privilege=uses)
def read(service: DbfsService, call: Call, body: Read) -> dict[str, Any]:
    data = service.dbfs.read(body.path, body.offset, body.length)
    return {"bytes_read": len(data), "data": base64.b64encode(data).decode()}


@routes.post(f"{_DBFS}/delete", privilege=uses)
def delete(service: DbfsService, call: Call, body: Delete) -> None:
    service.dbfs.delete(body.path, recursive=body.recursive)


@routes.post(f"{_DBFS}/move", privilege=uses_both)
def move(service: DbfsService, call: Call, body: Move) -> None:
    service.dbfs.move(body.source_path, body.destination_path)


@routes.post(f"{_DBFS}/create", privilege=uses)
def create(service: DbfsService, call: Call, body: Create) -> dict[str, Any]:
    return {"handle": service.streams.create(body.path, call.caller.user_name, overwrite=body.overwrite)}


@routes.post(f"{_DBFS}/add-block")
def add_block(service: DbfsService, call: Call, body: AddBlock) -> None:
    service.streams.add_block(body.handle, body.data, call.caller.user_name)


@routes.post(f"{_DBFS}/close")
def close(service: DbfsService, call: Call, body: Close) -> None:
    service.streams.close(body.handle, call.caller.user_name)


@routes.get("/dbfs/<path:url_path>", privilege=uses)
def download(service: DbfsService, call: Call, body: AtUrl) -> Reply:
    return Reply(200, service.dbfs.content(body.path), {"content-type": "application/octet-stream"})


@routes.post("/dbfs/<path:url_path>", raw=True, privilege=uses)
def upload(service: DbfsService, call: Call, body: AtUrl) -> None:
    service.dbfs.put(body.path, call.request.body, overwrite=True)


def _info(entry: FileEntry) -> dict[str, Any]:
    return {
        "path": told(entry),
        "is_dir": entry.is_directory,
        "file_size": entry.size,
        "modification_time": entry.modified,
    }
