"""Notebooks and files of the workspace through unmodified databricks-sdk."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, DatabricksError, NotFound
from databricks.sdk.errors import ResourceAlreadyExists as AlreadyThere
from databricks.sdk.service.workspace import ExportFormat, ImportFormat, Language, ObjectType

HOME = "/Users/jane@acme.test"


@pytest.fixture
def client(entered) -> Iterator[WorkspaceClient]:
    with entered():
        yield WorkspaceClient()


def test_notebooks_and_files_are_uploaded_and_downloaded(client: WorkspaceClient):
    workspace = client.workspace
    workspace.upload(f"{HOME}/nb.py", io.BytesIO(b"print(1)"))
    workspace.upload(f"{HOME}/f.py", io.BytesIO(b"print(1)"), format=ImportFormat.AUTO)
    with workspace.download(f"{HOME}/nb.py") as content:
        assert content.read() == b"# Databricks notebook source\nprint(1)"
    with workspace.download(f"{HOME}/f.py") as content:
        assert content.read() == b"print(1)"
    notebook, file = workspace.get_status(f"{HOME}/nb.py"), workspace.get_status(f"{HOME}/f.py")
    assert (notebook.object_type, notebook.language) == (ObjectType.NOTEBOOK, Language.PYTHON)
    assert (file.object_type, file.language, file.size) == (ObjectType.FILE, None, 8)
    with pytest.raises(AlreadyThere, match="already exists"):
        workspace.upload(f"{HOME}/f.py", b"2", format=ImportFormat.AUTO)
    workspace.upload(f"{HOME}/f.py", b"2", format=ImportFormat.AUTO, overwrite=True)
    with pytest.raises(DatabricksError, match=r"format=ImportFormat\.AUTO"):
        workspace.upload(f"{HOME}/f.txt", b"2")


def test_objects_are_imported_exported_listed_and_deleted(client: WorkspaceClient):
    workspace = client.workspace
    workspace.mkdirs(f"{HOME}/deep/er")
    source = base64.b64encode(b"select 1").decode()
    workspace.import_(f"{HOME}/deep/er/q", content=source, format=ImportFormat.SOURCE, language=Language.SQL)
    exported = workspace.export(f"{HOME}/deep/er/q", format=ExportFormat.SOURCE)
    assert base64.b64decode(exported.content) == b"-- Databricks notebook source\nselect 1"
    assert [one.path for one in workspace.list(HOME, recursive=True)] == [f"{HOME}/deep/er/q"]
    with pytest.raises(BadRequest, match="not empty"):
        workspace.delete(f"{HOME}/deep")
    workspace.delete(f"{HOME}/deep", recursive=True)
    with pytest.raises(NotFound):
        workspace.get_status(f"{HOME}/deep/er/q")
