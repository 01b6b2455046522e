"""Notebooks and files in the workspace tree, over REST."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from conftest import RefusedError, Rest
from hypothesis import given
from hypothesis import strategies as st

from fakebricks import Workspace
from fakebricks.services.files.files import Files

WORKSPACE = "/api/2.0/workspace"
IMPORT_FILE = "/api/2.0/workspace-files/import-file"
LIMIT = 10 * 1024 * 1024
HEADER = b"# Databricks notebook source\n"


def put(rest: Rest, path: str, content: bytes = b"print(1)", **more: object) -> None:
    rest.post(f"{WORKSPACE}/import", path=path, content=base64.b64encode(content).decode(), **more)


def export(rest: Rest, path: str, **query: object) -> dict[str, str]:
    return rest.get(f"{WORKSPACE}/export", path=path, **query)


def content(rest: Rest, path: str, **query: object) -> bytes:
    return base64.b64decode(export(rest, path, **query)["content"])


def status(rest: Rest, path: str, **query: object) -> dict[str, Any]:
    return rest.get(f"{WORKSPACE}/get-status", path=path, **query)


def names(rest: Rest, path: str, **query: object) -> list[str]:
    return [one["path"] for one in rest.get(f"{WORKSPACE}/list", path=path, **query).get("objects", [])]


def refusal(ask: Any, *args: object, **kwargs: object) -> tuple[int, str, str]:
    with pytest.raises(RefusedError) as error:
        ask(*args, **kwargs)
    return error.value.status, error.value.error_code, error.value.message


def test_source_makes_a_notebook(rest: Rest):
    put(rest, "/Shared/nb.py", language="PYTHON")
    told = status(rest, "/Workspace/Shared/nb.py", return_export_info="true")
    assert (told["object_type"], told["language"], told["repos_export_format"]) == ("NOTEBOOK", "PYTHON", "SOURCE")
    assert content(rest, "/Shared/nb.py") == HEADER + b"print(1)"
    assert export(rest, "/Shared/nb.py")["file_type"] == "py"
    put(rest, "/Shared/again", content(rest, "/Shared/nb.py"), language="PYTHON")
    assert content(rest, "/Shared/again", format="AUTO") == HEADER + b"print(1)"


@pytest.mark.parametrize(
    ("name", "first_line", "language"),
    [
        ("a.py", b"# Databricks notebook source", "PYTHON"),
        ("a.r", b"# Databricks notebook source\r", "R"),
        ("a.R", b"# Databricks notebook source", "R"),
        ("a.scala", b"// Databricks notebook source", "SCALA"),
        ("a.sql", b"-- Databricks notebook source", "SQL"),
    ],
)
def test_auto_recognises_a_notebook_and_takes_its_extension_away(
    rest: Rest, name: str, first_line: bytes, language: str
):
    put(rest, f"/Shared/{name}", first_line + b"\nx", format="AUTO")
    assert names(rest, "/Shared") == ["/Shared/a"]
    assert (status(rest, "/Shared/a")["object_type"], status(rest, "/Shared/a")["language"]) == ("NOTEBOOK", language)
    assert content(rest, "/Shared/a") == first_line + b"\nx"


@pytest.mark.parametrize("name", ["a.py", "a.sql", "a.txt", "a", "model.pkl", ".py", "a.b/c"])
def test_auto_makes_a_file_of_everything_else(rest: Rest, name: str):
    rest.post(f"{WORKSPACE}/mkdirs", path="/Shared/a.b")
    body = bytes(range(256)) if name == "model.pkl" else b"print(1)" if name != ".py" else HEADER
    put(rest, f"/Shared/{name}", body, format="AUTO")
    told = status(rest, f"/Shared/{name}")
    assert (told["object_type"], told["size"]) == ("FILE", len(body))
    assert "language" not in told
    for kind in ("AUTO", "SOURCE", "RAW"):
        assert content(rest, f"/Shared/{name}", format=kind) == body


def test_raw_makes_a_file_whatever_is_in_it(rest: Rest):
    put(rest, "/Shared/a.py", HEADER, format="RAW")
    assert status(rest, "/Shared/a.py")["object_type"] == "FILE"


def test_a_posted_file_and_a_direct_download(rest: Rest):
    body = bytes(range(256))
    parts = [
        b'--xyz\r\nContent-Disposition: form-data; name="path"\r\n\r\n/Shared/x.bin',
        b'--xyz\r\nContent-Disposition: form-data; name="format"\r\n\r\nAUTO',
        b'--xyz\r\nContent-Disposition: form-data; name="content"; filename="content"\r\n\r\n' + body,
        b"--xyz--\r\n",
    ]
    kind = {"content-type": "multipart/form-data; boundary=xyz"}
    assert rest.call("POST", f"{WORKSPACE}/import", b"\r\n".join(parts), kind).status == 200
    reply = rest.call("GET", f"{WORKSPACE}/export?path=/Shared/x.bin&direct_download=true")
    assert (reply.body, reply.headers["content-type"]) == (body, "application/octet-stream")


def test_what_is_there_is_replaced_only_when_asked_and_by_its_own_type(rest: Rest):
    put(rest, "/Shared/f.txt", b"1", format="AUTO")
    put(rest, "/Shared/nb", language="PYTHON")
    before = status(rest, "/Shared/f.txt")
    assert refusal(put, rest, "/Shared/f.txt", format="AUTO") == (
        400,
        "RESOURCE_ALREADY_EXISTS",
        "Node named 'f.txt' already exists",
    )
    assert refusal(put, rest, "/Shared/nb", language="SQL") == (
        400,
        "RESOURCE_ALREADY_EXISTS",
        "Path (/Shared/nb) already exists.",
    )
    assert refusal(put, rest, "/Shared/nb", format="AUTO", overwrite=True) == (
        400,
        "INVALID_PARAMETER_VALUE",
        "Requested node type [FILE] is different from the existing node type [NOTEBOOK]",
    )
    assert refusal(put, rest, "/Shared", format="AUTO", overwrite=True)[1] == "INVALID_PARAMETER_VALUE"
    assert refusal(put, rest, "/", format="AUTO")[1] == "RESOURCE_ALREADY_EXISTS"
    rest.workspace.clock.advance(minutes=1)
    put(rest, "/Shared/f.txt", b"22", format="AUTO", overwrite=True)
    after = status(rest, "/Shared/f.txt")
    assert content(rest, "/Shared/f.txt") == b"22"
    assert (after["object_id"], after["created_at"], after["size"]) == (before["object_id"], before["created_at"], 2)
    assert after["modified_at"] > before["modified_at"]
    put(rest, "/Shared/nb", b"select 1", language="SQL", overwrite=True)
    assert status(rest, "/Shared/nb")["language"] == "SQL"
    assert content(rest, "/Shared/nb") == b"-- Databricks notebook source\nselect 1"


def test_a_folder_must_exist_and_a_file_is_none(rest: Rest):
    put(rest, "/Shared/f", format="AUTO")
    for path in ("/Shared/no/x", "/Shared/f/x"):
        assert refusal(put, rest, path, format="AUTO")[:2] == (404, "RESOURCE_DOES_NOT_EXIST")
    assert refusal(rest.post, f"{WORKSPACE}/mkdirs", path="/Shared/f")[1] == "RESOURCE_ALREADY_EXISTS"
    assert refusal(export, rest, "/Shared/no")[:2] == (404, "RESOURCE_DOES_NOT_EXIST")


def test_files_are_listed_and_deleted_with_their_folder(rest: Rest):
    rest.post(f"{WORKSPACE}/mkdirs", path="/Shared/a")
    put(rest, "/Shared/a/f", format="AUTO")
    put(rest, "/Shared/a/nb", language="R")
    assert names(rest, "/Shared/a") == ["/Shared/a/f", "/Shared/a/nb"]
    assert names(rest, "/Shared/a/f") == ["/Shared/a/f"]
    assert refusal(rest.post, f"{WORKSPACE}/delete", path="/Shared/a")[:2] == (400, "DIRECTORY_NOT_EMPTY")
    rest.post(f"{WORKSPACE}/delete", path="/Shared/a/f")
    assert names(rest, "/Shared/a") == ["/Shared/a/nb"]
    rest.post(f"{WORKSPACE}/delete", path="/Shared/a", recursive=True)
    assert names(rest, "/Shared") == []
    assert list(rest.workspace._services[Files].walk("/_Workspace")) == []


def test_only_notebooks_are_left_out_that_were_not_modified_since(rest: Rest):
    put(rest, "/Shared/f", format="AUTO")
    put(rest, "/Shared/old", language="R")
    since = status(rest, "/Shared/old")["modified_at"]
    rest.workspace.clock.advance(minutes=1)
    put(rest, "/Shared/new", language="R")
    assert names(rest, "/Shared", notebooks_modified_after=since) == ["/Shared/f", "/Shared/new"]


def test_ten_megabytes_go_in_and_out_and_not_more(rest: Rest):
    put(rest, "/Shared/most", b"x" * LIMIT, format="AUTO")
    assert len(content(rest, "/Shared/most")) == LIMIT
    too_large = (
        400,
        "MAX_NOTEBOOK_SIZE_EXCEEDED",
        f"File size imported is ({LIMIT + 1} bytes), exceeded max size ({LIMIT} bytes)",
    )
    assert refusal(put, rest, "/Shared/more", b"x" * (LIMIT + 1), format="AUTO") == too_large
    assert rest.call("POST", f"{IMPORT_FILE}/Shared/more", b"x" * (LIMIT + 1)).status == 200
    assert refusal(export, rest, "/Shared/more") == too_large


@pytest.mark.parametrize("kind", ["DBC", "HTML", "JUPYTER", "R_MARKDOWN"])
def test_conversions_are_refused_by_name(rest: Rest, kind: str):
    put(rest, "/Shared/nb", language="PYTHON")
    for ask in (
        lambda: put(rest, "/Shared/x", format=kind, language="PYTHON"),
        lambda: export(rest, "/Shared/nb", format=kind),
    ):
        code, error, message = refusal(ask)
        assert (code, error) == (501, "NOT_IMPLEMENTED")
        assert kind in message


def test_what_else_cannot_be_imported_or_exported(rest: Rest):
    rest.post("/api/2.0/mlflow/experiments/create", name="/Shared/experiment")
    for ask, code in [
        (lambda: put(rest, "/Shared/x.ipynb", format="AUTO"), "NOT_IMPLEMENTED"),
        (lambda: put(rest, "/Shared/x.txt"), "INVALID_PARAMETER_VALUE"),
        (lambda: put(rest, "/Shared/x", b"\xff", language="PYTHON"), "INVALID_PARAMETER_VALUE"),
        (lambda: put(rest, "/Shared/x.py", HEADER, format="AUTO", language="SQL"), "INVALID_PARAMETER_VALUE"),
        (lambda: put(rest, "/Shared/x", format="TXT"), "INVALID_PARAMETER_VALUE"),
        (lambda: put(rest, "/Shared/x", language="COBOL"), "INVALID_PARAMETER_VALUE"),
        (lambda: put(rest, "/Shared/../x", format="AUTO"), "INVALID_PARAMETER_VALUE"),
        (lambda: rest.post(f"{WORKSPACE}/import", path="/Shared/x", content="#"), "INVALID_PARAMETER_VALUE"),
        (lambda: export(rest, "/Shared"), "NOT_IMPLEMENTED"),
        (lambda: export(rest, "/Shared/experiment"), "INVALID_PARAMETER_VALUE"),
    ]:
        assert refusal(ask)[1] == code
    assert names(rest, "/Shared") == ["/Shared/experiment"]


def test_the_route_of_the_databricks_cli(rest: Rest):
    assert rest.call("POST", f"{IMPORT_FILE}/Shared%2Fa%20b.txt", b"\x00\xff").status == 200
    assert content(rest, "/Shared/a b.txt") == b"\x00\xff"
    assert rest.call("POST", f"{IMPORT_FILE}/Shared%2Fa%20b.txt?overwrite=false", b"").status == 409
    assert rest.call("POST", f"{IMPORT_FILE}/Shared%2Fa%20b.txt?overwrite=true", b"new").status == 200
    assert rest.call("POST", f"{IMPORT_FILE}/Shared/nb.py", HEADER).status == 200
    assert status(rest, "/Shared/nb")["object_type"] == "NOTEBOOK"
    taken = rest.call("POST", f"{IMPORT_FILE}/Shared/nb.py", HEADER)
    assert (taken.status, taken.json()["message"]) == (400, "Path (/Shared/nb) already exists.")
    assert rest.call("POST", f"{IMPORT_FILE}/Shared/no/x", b"").status == 404


def test_files_are_for_those_who_may_use_the_folder(rest: Rest):
    put(rest, "/Users/jane@acme.test/f", b"mine", format="AUTO")
    put(rest, "/Shared/f", b"everybody's", format="AUTO")
    bob = Rest(rest.workspace)
    bob.headers = {"authorization": f"Bearer {rest.workspace.user('bob@acme.test').token}"}
    for ask in (
        lambda: export(bob, "/Users/jane@acme.test/f"),
        lambda: status(bob, "/Users/jane@acme.test/f"),
        lambda: put(bob, "/Users/jane@acme.test/f", format="AUTO", overwrite=True),
        lambda: put(bob, "/Users/bob@acme.test/../jane@acme.test/f", format="AUTO", overwrite=True),
        lambda: bob.post(f"{WORKSPACE}/delete", path="/Users/jane@acme.test/f"),
        lambda: put(bob, "/f", format="AUTO"),
    ):
        assert refusal(ask)[0] in (400, 403)
    assert bob.call("POST", f"{IMPORT_FILE}/Users/jane@acme.test/f?overwrite=true", b"").status == 403
    assert content(rest, "/Users/jane@acme.test/f") == b"mine"
    assert content(bob, "/Shared/f") == b"everybody's"
    put(bob, "/Users/bob@acme.test/f", format="AUTO")


def test_nobody_reaches_the_contents_by_the_files_api(rest: Rest):
    put(rest, "/Shared/f", format="AUTO")
    path = f"/api/2.0/fs/files/_Workspace/{status(rest, '/Shared/f')['object_id']}"
    assert rest.call("GET", path).status == 403


texts = st.sampled_from(["/Shared/a", "/Shared/a.py", "/Shared", "/Shared/a/b", "/", "", "/Shared/x.ipynb", "\x00"])
formats = st.sampled_from(["AUTO", "RAW", "SOURCE", "DBC", "JUPYTER", ""]) | st.none()
languages = st.sampled_from(["PYTHON", "SQL", "x"]) | st.none()


@given(st.lists(st.tuples(texts, st.binary(max_size=4) | st.just(HEADER), formats, languages, st.booleans())))
def test_whatever_is_imported_is_given_back_or_refused_with_nothing_changed(imports: list[Any]):
    workspace = Workspace()
    rest = Rest(workspace)
    for path, body, kind, language, overwrite in imports:
        before = workspace.snapshot()
        asked = {"format": kind, "language": language, "overwrite": overwrite}
        try:
            put(rest, path, body, **{name: value for name, value in asked.items() if value is not None})
        except RefusedError as error:
            assert error.status < 500 or error.status == 501
            assert workspace.snapshot() == before
        else:
            where = {path, path.removesuffix(".py")} & set(names(rest, "/Shared"))
            assert any(content(rest, one).endswith(body) for one in where)
    workspace.close()
