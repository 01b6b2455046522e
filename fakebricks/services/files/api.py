"""REST operations of the Files API, and the signed URLs that it hands out.

Refused: resumable uploads, which databricks-sdk uses on Google's cloud.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec

from fakebricks.services.files.content import head_of, reply_with
from fakebricks.services.files.privileges import reads, writes
from fakebricks.services.files.records import FileEntry
from fakebricks.services.files.signed_urls import STORAGE_PATH, Operation, SignedUrls
from fakebricks.services.files.storage import Storage
from fakebricks.services.files.uploads import Uploads
from fakebricks.services.search import PageTokens
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks
from fakebricks.wire.messages import Reply
from fakebricks.wire.operations import Answer, Call, Routes, Shape

routes = Routes()

_FILES = "/api/2.0/fs/files/<path:path>"
_DIRECTORIES = "/api/2.0/fs/directories/<path:path>"
_SIGNED = f"{STORAGE_PATH}/<path:path>"
_PAGE = 1000
_MOST_URLS = 1000


class FilesService:
    """What the Files API needs: the storage, and who signs."""

    def __init__(self, storage: Storage, signed_urls: SignedUrls, uploads: Uploads) -> None:
        self.storage = storage
        self.signed_urls = signed_urls
        self.uploads = uploads


class AtPath(Shape):
    path: str

    @property
    def absolute(self) -> str:
        """The path as the URL says it, whose own slash ends the route's fixed part."""
        return f"/{self.path}"


class UploadFile(AtPath):
    overwrite: bool = False


class UploadedPart(Shape):
    part_number: int
    etag: str


class UploadInParts(AtPath, kw_only=True):
    action: Literal["initiate-upload", "complete-upload"]
    overwrite: bool = False
    upload_type: Literal["multipart"] = "multipart"
    session_token: str = ""
    parts: tuple[UploadedPart, ...] = ()


class CreatePartUrls(Shape):
    path: str
    session_token: str
    start_part_number: int
    count: Annotated[int, msgspec.Meta(ge=1, le=_MOST_URLS)]
    expire_time: str = ""


class CreateAbortUrl(Shape):
    path: str
    session_token: str
    expire_time: str = ""


class ListDirectory(AtPath):
    page_size: Annotated[int, msgspec.Meta(ge=0)] = _PAGE
    page_token: str = ""


class CreateUrl(Shape):
    path: str
    expire_time: str = ""


class SignedPath(AtPath):
    operation: str = ""
    expires: Annotated[int, msgspec.Meta(ge=0, lt=10**18)] = 0
    signature: str = ""


class DirectoryEntry(Answer):
    path: str
    name: str
    last_modified: int
    is_directory: bool
    file_size: int | None = None


class SignedUrl(Answer):
    url: str


@routes.put(_FILES, raw=True, privilege=writes)
def upload_file(service: FilesService, call: Call, body: UploadFile) -> Reply:
    service.storage.write(body.absolute, call.request.body, overwrite=body.overwrite)
    return Reply(204)


@routes.get(_FILES, privilege=reads)
def download_file(service: FilesService, call: Call, body: AtPath) -> Reply:
    entry = service.storage.file(body.absolute)
    return reply_with(entry, lambda: service.storage.content(entry), call.request)


@routes.head(_FILES, privilege=reads)
def get_file_metadata(service: FilesService, call: Call, body: AtPath) -> Reply:
    return head_of(service.storage.file(body.absolute))


@routes.delete(_FILES, privilege=writes)
def delete_file(service: FilesService, call: Call, body: AtPath) -> Reply:
    service.storage.delete(body.absolute)
    return Reply(204)


@routes.put(_DIRECTORIES, privilege=writes)
def create_directory(service: FilesService, call: Call, body: AtPath) -> Reply:
    service.storage.make_directory(body.absolute)
    return Reply(204)


@routes.get(_DIRECTORIES, privilege=reads)
def list_directory_contents(service: FilesService, call: Call, body: ListDirectory) -> dict[str, Any]:
    directory = body.absolute.removesuffix("/")
    tokens = PageTokens("list_directory_contents", directory)
    place = tokens.read(body.page_token)
    size = min(body.page_size or _PAGE, _PAGE)
    contents: list[DirectoryEntry] = []
    for entry in service.storage.list(body.absolute, place[0] if place else None):
        if len(contents) == size:
            return {"contents": contents, "next_page_token": tokens.write([contents[-1].name])}
        contents.append(_told(entry, directory))
    return {"contents": contents} if contents else {}


@routes.head(_DIRECTORIES, privilege=reads)
def get_directory_metadata(service: FilesService, call: Call, body: AtPath) -> Reply:
    service.storage.directory(body.absolute)
    return Reply(200)


@routes.delete(_DIRECTORIES, privilege=writes)
def delete_directory(service: FilesService, call: Call, body: AtPath) -> Reply:
    service.storage.delete_directory(body.absolute)
    return Reply(204)


@routes.post("/api/2.0/fs/create-upload-url", privilege=writes)
def create_upload_url(service: FilesService, call: Call, body: CreateUrl) -> SignedUrl:
    return _signed(service, call, "PUT", service.storage.writable(body.path), body.expire_time)


@routes.post("/api/2.0/fs/create-download-url", privilege=reads)
def create_download_url(service: FilesService, call: Call, body: CreateUrl) -> SignedUrl:
    """Its path comes in the body from MLflow and in the query from databricks-sdk (observed)."""
    return _signed(service, call, "GET", service.storage.file(body.path).path, body.expire_time)


@routes.post(_FILES, privilege=writes)
def upload_in_parts(service: FilesService, call: Call, body: UploadInParts) -> dict[str, Any]:
    path = service.storage.writable(body.absolute)
    if body.action == "initiate-upload":
        return {"multipart_upload": {"session_token": service.uploads.begin(path, overwrite=body.overwrite)}}
    service.uploads.complete(body.session_token, path, [(part.part_number, part.etag) for part in body.parts])
    return {}


@routes.post("/api/2.0/fs/create-upload-part-urls", privilege=writes)
def create_upload_part_urls(service: FilesService, call: Call, body: CreatePartUrls) -> dict[str, Any]:
    path = service.storage.writable(body.path)
    urls = []
    for number in range(body.start_part_number, body.start_part_number + body.count):
        place = service.uploads.part_path(body.session_token, path, number)
        urls.append({"part_number": number, "url": _signed(service, call, "PUT", place, body.expire_time).url})
    return {"upload_part_urls": urls}


@routes.post("/api/2.0/fs/create-abort-upload-url", privilege=writes)
def create_abort_upload_url(service: FilesService, call: Call, body: CreateAbortUrl) -> dict[str, Any]:
    place = service.uploads.directory(body.session_token, service.storage.writable(body.path))
    return {"abort_upload_url": _signed(service, call, "DELETE", place, body.expire_time)}


@routes.post("/api/2.0/fs/create-resumable-upload-url", raw=True)
def create_resumable_upload_url(service: FilesService, call: Call) -> None:
    raise NotImplementedByFakebricks(
        "fakebricks does not implement resumable uploads ('POST /api/2.0/fs/create-resumable-upload-url'); "
        "upload in parts, or at once."
    )


@routes.put(_SIGNED, public=True, raw=True)
def upload_to_signed_url(service: FilesService, call: Call, body: SignedPath) -> Reply:
    service.signed_urls.check("PUT", body.absolute, body.operation, body.expires, body.signature)
    entry = service.storage.write(body.absolute, call.request.body, overwrite=True)
    return Reply(200, b"", {"etag": f'"{entry.digest}"'})


@routes.delete(_SIGNED, public=True, raw=True)
def abort_upload_at_signed_url(service: FilesService, call: Call, body: SignedPath) -> Reply:
    service.signed_urls.check("DELETE", body.absolute, body.operation, body.expires, body.signature)
    service.uploads.abort_at(body.absolute)
    return Reply(204)


@routes.get(_SIGNED, public=True, raw=True)
def download_from_signed_url(service: FilesService, call: Call, body: SignedPath) -> Reply:
    service.signed_urls.check("GET", body.absolute, body.operation, body.expires, body.signature)
    entry = service.storage.file(body.absolute)
    return reply_with(entry, lambda: service.storage.content(entry), call.request)


def _told(entry: FileEntry, directory: str) -> DirectoryEntry:
    """An entry under the path that was asked for, whichever it is stored under."""
    return DirectoryEntry(
        path=f"{directory}/{entry.name}",
        name=entry.name,
        last_modified=entry.modified,
        is_directory=entry.is_directory,
        file_size=None if entry.is_directory else entry.size,
    )


def _signed(service: FilesService, call: Call, operation: Operation, path: str, expire_time: str) -> SignedUrl:
    expires = _seconds(expire_time) if expire_time else None
    return SignedUrl(url=service.signed_urls.sign(operation, path, call.base_url, expires=expires))


def _seconds(expire_time: str) -> float:
    try:
        moment = datetime.fromisoformat(expire_time)
    except ValueError:
        raise InvalidParameterValue(
            f"Invalid value for parameter 'expire_time': {expire_time!r} is not a time."
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
