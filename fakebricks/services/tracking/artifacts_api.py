"""REST operations of artifacts, as MLflow's Databricks client speaks them.

Refused: uploads in parts, which the client uses above 500 MB.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from fakebricks.services.files.records import FileEntry
from fakebricks.services.search import PageTokens
from fakebricks.services.tracking.artifacts import Artifacts
from fakebricks.services.tracking.rate_limits import MLFLOW
from fakebricks.wire.errors import NotImplementedByFakebricks
from fakebricks.wire.operations import Answer, Call, Routes, Shape

routes = Routes(rate_limit=MLFLOW)

_PAGE = 1000
_SIGNED = "AWS_PRESIGNED_URL"
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


class ListArtifacts(Shape):
    run_id: str = ""
    run_uuid: str = ""
    path: str = ""
    page_token: str = ""


class ListLoggedModelArtifacts(Shape):
    model_id: str
    artifact_directory_path: str = ""
    page_token: str = ""


class FileInfo(Answer):
    path: str
    is_dir: bool
    file_size: int | None = None


class Credential(Answer):
    path: str
    signed_uri: str
    type: str = ""
    run_id: str = ""


@routes.post("/api/2.0/mlflow/artifacts/credentials-for-read")
def get_credentials_for_read(artifacts: Artifacts, call: Call, body: RunCredentials) -> dict[str, Any]:
    directory, _ = artifacts.of_run(body.run_id)
    urls = [(path, artifacts.read_url(directory, path, call.base_url)) for path in body.path]
    return {"credential_infos": [_credential(path, url, body.run_id) for path, url in urls]}


@routes.post("/api/2.0/mlflow/artifacts/credentials-for-write")
def get_credentials_for_write(artifacts: Artifacts, call: Call, body: RunCredentials) -> dict[str, Any]:
    directory, _ = artifacts.of_run(body.run_id)
    urls = [(path, artifacts.write_url(directory, path, call.base_url)) for path in body.path]
    return {"credential_infos": [_credential(path, url, body.run_id) for path, url in urls]}


@routes.get("/api/2.0/mlflow/artifacts/list")
def list_artifacts(artifacts: Artifacts, call: Call, body: ListArtifacts) -> dict[str, Any]:
    directory, uri = artifacts.of_run(body.run_id or body.run_uuid)
    return {"root_uri": uri, **_listed(artifacts, directory, body.path, body.page_token)}


@routes.post(f"{_LOGGED_MODEL}/credentials-for-download")
def get_credentials_for_logged_model_download(
    artifacts: Artifacts, call: Call, body: LoggedModelCredentials
) -> dict[str, Any]:
    directory, _ = artifacts.of_logged_model(body.model_id)
    urls = [(path, artifacts.read_url(directory, path, call.base_url)) for path in body.paths]
    return {"credentials": [{"model_id": body.model_id, "credential_info": _credential(*one)} for one in urls]}


@routes.post(f"{_LOGGED_MODEL}/credentials-for-upload")
def get_credentials_for_logged_model_upload(
    artifacts: Artifacts, call: Call, body: LoggedModelCredentials
) -> dict[str, Any]:
    directory, _ = artifacts.of_logged_model(body.model_id)
    urls = [(path, artifacts.write_url(directory, path, call.base_url)) for path in body.paths]
    return {"credentials": [{"model_id": body.model_id, "credential_info": _credential(*one)} for one in urls]}


@routes.get(f"{_LOGGED_MODEL}/directories")
def list_logged_model_artifacts(artifacts: Artifacts, call: Call, body: ListLoggedModelArtifacts) -> dict[str, Any]:
    directory, uri = artifacts.of_logged_model(body.model_id)
    return {"root_uri": uri, **_listed(artifacts, directory, body.artifact_directory_path, body.page_token)}


@routes.post(
    "/api/2.0/mlflow/artifacts/create-multipart-upload",
    "/api/2.0/mlflow/artifacts/complete-multipart-upload",
    raw=True,
)
def upload_artifact_in_parts(artifacts: Artifacts, call: Call) -> None:
    raise NotImplementedByFakebricks(
        f"fakebricks does not implement uploads of artifacts in parts ('POST {call.request.path}'). MLflow uploads in "
        "parts above MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE (500 MB): log a smaller file, or raise it."
    )


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
