"""REST operations of artifacts, as MLflow's Databricks client speaks them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from fakebricks.services.files.records import FileEntry
from fakebricks.services.search import PageTokens
from fakebricks.services.tracking.artifact_uploads import ArtifactUploads
from fakebricks.services.tracking.artifacts import Artifacts
from fakebricks.services.tracking.experiment_permissions import EDIT, VIEW
from fakebricks.services.tracking.privileges import of_logged_model, of_run, of_run_or_model
from fakebricks.services.tracking.rate_limits import MLFLOW
from fakebricks.services.tracking.shapes import RunOf
from fakebricks.wire.operations import Answer, Call, Routes, Shape

routes = Routes(rate_limit=MLFLOW)

_PAGE = 1000
_SIGNED = "AWS_PRESIGNED_URL"
_ARTIFACTS = "/api/2.0/mlflow/artifacts"
_LOGGED_MODEL = "/api/2.0/mlflow/logged-models/<model_id>/artifacts"

Paths = Annotated[list[str], msgspec.Meta(min_length=1, max_length=2000)]


class RunCredentials(Shape):
    run_id: str
    path: Paths
    page_token: str = ""


class LoggedModelCredentials(Shape):
    model_id: str
    paths: Paths
    page_token: str = ""


class ListArtifacts(RunOf, kw_only=True):
    path: str = ""
    page_token: str = ""


class ListLoggedModelArtifacts(Shape):
    model_id: str
    artifact_directory_path: str = ""
    page_token: str = ""


class CreateMultipartUpload(Shape):
    run_id: str
    path: str
    num_parts: int


class UploadPart(Shape):
    run_id: str
    path: str
    upload_id: str
    part_number: int


class PartEtag(Shape):
    part_number: int
    etag: str


class CompleteMultipartUpload(Shape):
    run_id: str
    path: str
    upload_id: str
    part_etags: Annotated[list[PartEtag], msgspec.Meta(min_length=1)]


class FileInfo(Answer):
    path: str
    is_dir: bool
    file_size: int | None = None


class Credential(Answer):
    path: str
    signed_uri: str
    type: str = ""
    run_id: str = ""


@routes.post("/api/2.0/mlflow/artifacts/credentials-for-read", privilege=of_run(VIEW))
def get_credentials_for_read(artifacts: Artifacts, call: Call, body: RunCredentials) -> dict[str, Any]:
    directory, _ = artifacts.of_run(body.run_id)
    urls = [(path, artifacts.read_url(directory, path, call.base_url)) for path in body.path]
    return {"credential_infos": [_credential(path, url, body.run_id) for path, url in urls]}


@routes.post("/api/2.0/mlflow/artifacts/credentials-for-write", privilege=of_run(EDIT))
def get_credentials_for_write(artifacts: Artifacts, call: Call, body: RunCredentials) -> dict[str, Any]:
    directory, _ = artifacts.of_run(body.run_id)
    urls = [(path, artifacts.write_url(directory, path, call.base_url)) for path in body.path]
    return {"credential_infos": [_credential(path, url, body.run_id) for path, url in urls]}


@routes.get("/api/2.0/mlflow/artifacts/list", privilege=of_run(VIEW))
def list_artifacts(artifacts: Artifacts, call: Call, body: ListArtifacts) -> dict[str, Any]:
    directory, uri = artifacts.of_run(body.id)
    return {"root_uri": uri, **_listed(artifacts, directory, body.path, body.page_token)}


@routes.post(f"{_LOGGED_MODEL}/credentials-for-download", privilege=of_logged_model(VIEW))
def get_credentials_for_logged_model_download(
    artifacts: Artifacts, call: Call, body: LoggedModelCredentials
) -> dict[str, Any]:
    directory, _ = artifacts.of_logged_model(body.model_id)
    urls = [(path, artifacts.read_url(directory, path, call.base_url)) for path in body.paths]
    return {"credentials": [{"model_id": body.model_id, "credential_info": _credential(*one)} for one in urls]}


@routes.post(f"{_LOGGED_MODEL}/credentials-for-upload", privilege=of_logged_model(EDIT))
def get_credentials_for_logged_model_upload(
    artifacts: Artifacts, call: Call, body: LoggedModelCredentials
) -> dict[str, Any]:
    directory, _ = artifacts.of_logged_model(body.model_id)
    urls = [(path, artifacts.write_url(directory, path, call.base_url)) for path in body.paths]
    return {"credentials": [{"model_id": body.model_id, "credential_info": _credential(*one)} for one in urls]}


@routes.get(f"{_LOGGED_MODEL}/directories", privilege=of_logged_model(VIEW))
def list_logged_model_artifacts(artifacts: Artifacts, call: Call, body: ListLoggedModelArtifacts) -> dict[str, Any]:
    directory, uri = artifacts.of_logged_model(body.model_id)
    return {"root_uri": uri, **_listed(artifacts, directory, body.artifact_directory_path, body.page_token)}


@routes.post(f"{_ARTIFACTS}/create-multipart-upload", privilege=of_run_or_model(EDIT))
def create_multipart_upload(uploads: ArtifactUploads, call: Call, body: CreateMultipartUpload) -> dict[str, Any]:
    begun = uploads.begin(body.run_id, body.path, body.num_parts, call.base_url)
    return {
        "upload_id": begun.upload_id,
        "upload_credential_infos": [_credential(body.path, url, body.run_id) for url in begun.part_urls],
        "abort_credential_info": _credential(body.path, begun.abort_url, body.run_id),
    }


@routes.get(f"{_ARTIFACTS}/get-presigned-upload-part-url", privilege=of_run_or_model(EDIT))
def get_presigned_upload_part_url(uploads: ArtifactUploads, call: Call, body: UploadPart) -> dict[str, Any]:
    url = uploads.part_url(body.run_id, body.path, body.upload_id, body.part_number, call.base_url)
    return {"upload_credential_info": _credential(body.path, url, body.run_id)}


@routes.post(f"{_ARTIFACTS}/complete-multipart-upload", privilege=of_run_or_model(EDIT))
def complete_multipart_upload(uploads: ArtifactUploads, call: Call, body: CompleteMultipartUpload) -> None:
    parts = [(part.part_number, part.etag) for part in body.part_etags]
    uploads.complete(body.run_id, body.path, body.upload_id, parts)


def _credential(path: str, url: str, run_id: str = "") -> Credential:
    return Credential(path=path, signed_uri=url, type=_SIGNED, run_id=run_id)


def _listed(artifacts: Artifacts, directory: str, path: str, page_token: str) -> dict[str, Any]:
    tokens = PageTokens("list_artifacts", directory, path)
    place = tokens.read(page_token)
    infos: list[FileInfo] = []
    for relative, entry in artifacts.list(directory, path, place[0] if place else None):
        if len(infos) == _PAGE:
            return {"files": infos, "next_page_token": tokens.write([infos[-1].path.rpartition("/")[2]])}
        infos.append(_info(relative, entry))
    return {"files": infos} if infos else {}


def _info(relative: str, entry: FileEntry) -> FileInfo:
    if entry.is_directory:
        return FileInfo(path=relative, is_dir=True)
    return FileInfo(path=relative, is_dir=False, file_size=entry.size)
