"""DBFS over REST."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from conftest import RefusedError, Rest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fakebricks import Workspace
from fakebricks.services.files.files import Files

DBFS = "/api/2.0/dbfs"
MEGABYTE = 1024 * 1024


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def put(rest: Rest, path: str, content: bytes = b"hello", **more: object) -> None:
    rest.post(f"{DBFS}/put", path=path, contents=encoded(content), **more)


def read(rest: Rest, path: str, **query: int) -> bytes:
    answer = rest.get(f"{DBFS}/read", path=path, **query)
    content = base64.b64decode(answer["data"])
    assert answer["bytes_read"] == len(content)
    return content


def listed(rest: Rest, path: str) -> list[tuple[str, bool, int]]:
    found = rest.get(f"{DBFS}/list", path=path).get("files", [])
    return [(one["path"], one["is_dir"], one["file_size"]) for one in found]


def refusal(ask: Any, *args: object, **kwargs: object) -> tuple[int, str, str]:
    with pytest.raises(RefusedError) as error:
        ask(*args, **kwargs)
    return error.value.status, error.value.error_code, error.value.message


def test_a_file_is_put_read_and_listed_with_the_directories_that_it_needs(rest: Rest):
    before = rest.workspace.clock.millis()
    put(rest, "/a/b.txt")
    after = rest.workspace.clock.millis()
    put(rest, "dbfs:/a/c/d.txt", b"")
    assert read(rest, "/a/b.txt") == b"hello"
    assert read(rest, "dbfs:/a/c/d.txt") == b""
    assert listed(rest, "/") == [("/a", True, 0)]
    assert listed(rest, "/a") == [("/a/b.txt", False, 5), ("/a/c", True, 0)]
    assert listed(rest, "/a/b.txt") == [("/a/b.txt", False, 5)]
    status = rest.get(f"{DBFS}/get-status", path="/a/b.txt")
    assert before <= status["modification_time"] <= after


def test_a_new_workspace_has_an_empty_root(rest: Rest):
    assert rest.get(f"{DBFS}/list", path="/") == {}
    assert rest.get(f"{DBFS}/get-status", path="/")["is_dir"] is True


def test_a_file_is_posted_as_a_form(rest: Rest):
    content = bytes(range(256)) * 8192
    form = {"path": b"/posted", "overwrite": b"True"}
    parts = [f'--xyz\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + form[name] for name in form]
    parts.append(b'--xyz\r\nContent-Disposition: form-data; name="contents"; filename="f"\r\n\r\n' + content)
    body = b"\r\n".join([*parts, b"--xyz--\r\n"])
    kind = {"content-type": "multipart/form-data; boundary=xyz"}
    assert rest.call("POST", f"{DBFS}/put", body, kind).status == 200
    assert rest.call("GET", "/dbfs/posted").body == content
    for broken, headers in [(body, {"content-type": "multipart/form-data"}), (body[:40], kind), (b"", kind)]:
        assert rest.call("POST", f"{DBFS}/put", broken, headers).status == 400


def test_a_part_of_a_file_is_read(rest: Rest):
    put(rest, "/x", b"0123456789")
    assert read(rest, "/x", offset=3, length=4) == b"3456"
    assert read(rest, "/x", offset=8, length=40) == b"89"
    assert read(rest, "/x", offset=99) == b""
    put(rest, "/big", b"x" * MEGABYTE)
    assert len(read(rest, "/big")) == MEGABYTE // 2
    assert len(read(rest, "/big", length=MEGABYTE)) == MEGABYTE
    assert refusal(read, rest, "/big", length=MEGABYTE + 1)[:2] == (400, "MAX_READ_SIZE_EXCEEDED")
    for wrong in ({"offset": -1}, {"length": -1}):
        assert refusal(read, rest, "/big", **wrong)[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_what_is_too_large_for_a_block_is_refused(rest: Rest):
    assert refusal(put, rest, "/x", b"x" * (MEGABYTE + 1))[:2] == (400, "MAX_BLOCK_SIZE_EXCEEDED")
    handle = rest.post(f"{DBFS}/create", path="/x")["handle"]
    block = encoded(b"x" * (MEGABYTE + 1))
    assert refusal(rest.post, f"{DBFS}/add-block", handle=handle, data=block)[1] == "MAX_BLOCK_SIZE_EXCEEDED"
    assert listed(rest, "/") == []


def test_what_is_missing_is_named_as_it_was_asked_for(rest: Rest):
    for path in ("/no", "dbfs:/no"):
        for operation in ("get-status", "list", "read"):
            missing = refusal(rest.get, f"{DBFS}/{operation}", path=path)
            assert missing == (404, "RESOURCE_DOES_NOT_EXIST", f"No file or directory exists on path {path}.")
    move = refusal(rest.post, f"{DBFS}/move", source_path="/no", destination_path="/x")
    assert move[1] == "RESOURCE_DOES_NOT_EXIST"
    assert rest.call("GET", "/dbfs/no").status == 404
    rest.post(f"{DBFS}/delete", path="/no")


def test_what_is_there_already_is_replaced_only_when_asked(rest: Rest):
    put(rest, "/a/b", b"1")
    text = "A file or directory already exists at the input path dbfs:/a/b."
    for ask in (
        lambda: put(rest, "/a/b"),
        lambda: put(rest, "/a/b/c"),
        lambda: rest.post(f"{DBFS}/create", path="/a/b"),
        lambda: rest.post(f"{DBFS}/mkdirs", path="/a/b"),
        lambda: rest.post(f"{DBFS}/mkdirs", path="/a/b/c"),
        lambda: rest.post(f"{DBFS}/move", source_path="/a", destination_path="/a/b"),
    ):
        assert refusal(ask) == (400, "RESOURCE_ALREADY_EXISTS", text)
    put(rest, "/a/b", b"2", overwrite=True)
    assert read(rest, "/a/b") == b"2"
    assert refusal(put, rest, "/a", overwrite=True) == (
        400,
        "INVALID_PARAMETER_VALUE",
        "The path /a is a directory.",
    )
    rest.post(f"{DBFS}/mkdirs", path="/a")
    assert refusal(read, rest, "/a")[1] == "INVALID_PARAMETER_VALUE"


def test_directories_are_deleted_when_they_are_empty_or_recursively(rest: Rest):
    put(rest, "/a/b/c")
    assert refusal(rest.post, f"{DBFS}/delete", path="/a")[:2] == (400, "IO_ERROR")
    assert listed(rest, "/a/b") == [("/a/b/c", False, 5)]
    rest.post(f"{DBFS}/delete", path="/a", recursive=True)
    assert listed(rest, "/") == []
    rest.post(f"{DBFS}/mkdirs", path="/a")
    rest.post(f"{DBFS}/delete", path="/a")
    assert listed(rest, "/") == []
    assert refusal(rest.post, f"{DBFS}/delete", path="/", recursive=True)[1] == "INVALID_PARAMETER_VALUE"


def test_files_and_directories_are_moved_with_all_that_is_in_them(rest: Rest):
    put(rest, "/a/b/c", b"deep")
    rest.post(f"{DBFS}/mkdirs", path="/a/empty")
    rest.post(f"{DBFS}/move", source_path="/a", destination_path="/x/y")
    assert listed(rest, "/x/y") == [("/x/y/b", True, 0), ("/x/y/empty", True, 0)]
    assert read(rest, "/x/y/b/c") == b"deep"
    rest.post(f"{DBFS}/move", source_path="/x/y/b/c", destination_path="/c")
    assert listed(rest, "/") == [("/c", False, 4), ("/x", True, 0)]
    for source, destination in [("/x", "/x/z"), ("/", "/z")]:
        wrong = refusal(rest.post, f"{DBFS}/move", source_path=source, destination_path=destination)
        assert wrong[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert refusal(rest.post, f"{DBFS}/move", source_path="/x", destination_path="/x")[1] == "RESOURCE_ALREADY_EXISTS"


def test_a_stream_becomes_a_file_when_it_is_closed(rest: Rest):
    handle = rest.post(f"{DBFS}/create", path="/x")["handle"]
    for block in (b"one ", b"two"):
        rest.post(f"{DBFS}/add-block", handle=handle, data=encoded(block))
    assert refusal(read, rest, "/x")[1] == "RESOURCE_DOES_NOT_EXIST"
    rest.post(f"{DBFS}/close", handle=handle)
    assert read(rest, "/x") == b"one two"
    for operation, more in [("add-block", {"data": ""}), ("close", {})]:
        assert refusal(rest.post, f"{DBFS}/{operation}", handle=handle, **more)[:2] == (404, "RESOURCE_DOES_NOT_EXIST")
    assert list(rest.workspace._services[Files].walk("/_DbfsStreams")) == []


def test_a_stream_that_is_idle_for_ten_minutes_is_gone(rest: Rest):
    handle = rest.post(f"{DBFS}/create", path="/x")["handle"]
    rest.workspace.clock.advance(minutes=9, seconds=30)
    rest.post(f"{DBFS}/add-block", handle=handle, data=encoded(b"in time"))
    rest.workspace.clock.advance(minutes=10, seconds=1)
    assert refusal(rest.post, f"{DBFS}/close", handle=handle)[1] == "RESOURCE_DOES_NOT_EXIST"


def test_a_stream_does_not_replace_what_was_put_meanwhile(rest: Rest):
    handle = rest.post(f"{DBFS}/create", path="/x")["handle"]
    put(rest, "/x", b"first")
    assert refusal(rest.post, f"{DBFS}/close", handle=handle)[1] == "RESOURCE_ALREADY_EXISTS"
    assert read(rest, "/x") == b"first"


def test_everybody_may_use_the_root_and_nobody_what_is_closed(rest: Rest):
    bob = Rest(rest.workspace)
    bob.headers = {"authorization": f"Bearer {rest.workspace.user('bob@acme.test').token}"}
    put(bob, "/shared/x", b"bob's")
    assert read(rest, "/shared/x") == b"bob's"
    handle = rest.post(f"{DBFS}/create", path="/y")["handle"]
    assert refusal(bob.post, f"{DBFS}/close", handle=handle)[1] == "RESOURCE_DOES_NOT_EXIST"
    for path in ("/Volumes/main/default/v", "dbfs:/databricks/mlflow-tracking/1/x", "/databricks/mlflow-registry"):
        closed = (403, "PERMISSION_DENIED", "No operations allowed on this path.")
        assert refusal(read, rest, path) == closed
        assert refusal(put, rest, path) == closed
        assert refusal(rest.post, f"{DBFS}/move", source_path="/shared", destination_path=path) == closed
        assert rest.call("GET", f"/dbfs{path.removeprefix('dbfs:')}").status == 403


def test_mlflows_route_carries_files_up_and_down(rest: Rest):
    content = bytes(range(256))
    assert rest.call("POST", "/dbfs/a/b%20c", content).status == 200
    assert rest.call("GET", "/dbfs/a/b%20c").body == content
    assert rest.call("POST", "/dbfs/a/b%20c", b"").status == 200
    assert listed(rest, "/a") == [("/a/b c", False, 0)]


@pytest.mark.parametrize(
    "path", ["relative", "/a/../../x", "/a//b", "/.", "/a\x00", "/a\n", "/" + "x" * 2000, "dbfs:x"]
)
def test_a_path_that_breaks_a_rule_is_refused(rest: Rest, path: str):
    assert refusal(put, rest, path)[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert refusal(rest.get, f"{DBFS}/read", path=path)[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert listed(rest, "/") == []


PATHS = st.sampled_from(["/", "/a", "/b", "/a/b", "/a/b/c", "/b/a", "/.."])


class DbfsAsATree(RuleBasedStateMachine):
    """DBFS behaves as a dictionary of paths, whatever is asked in whichever order."""

    def __init__(self) -> None:
        super().__init__()
        self.workspace = Workspace()
        self.rest = Rest(self.workspace)
        self.tree: dict[str, bytes | None] = {"/": None}

    def teardown(self) -> None:
        self.workspace.close()

    def asked(self, operation: str, **body: object) -> bool:
        before = self.workspace.snapshot()
        reply = self.rest.call("POST", f"{DBFS}/{operation}", json.dumps(body).encode())
        assert reply.status in (200, 400, 404)
        assert reply.status == 200 or self.workspace.snapshot() == before
        return reply.status == 200

    def with_parents(self, path: str) -> None:
        for end in range(1, path.count("/") + 1):
            self.tree.setdefault(path.rsplit("/", end)[0] or "/", None)

    def below(self, path: str) -> list[str]:
        return [one for one in self.tree if one == path or one.startswith(f"{path.rstrip('/')}/")]

    @rule(path=PATHS, content=st.binary(max_size=3), overwrite=st.booleans())
    def put(self, path: str, content: bytes, overwrite: bool) -> None:
        if self.asked("put", path=path, contents=encoded(content), overwrite=overwrite):
            assert self.tree.get(path) is None or overwrite
            self.tree[path] = content
            self.with_parents(path)

    @rule(path=PATHS)
    def mkdirs(self, path: str) -> None:
        if self.asked("mkdirs", path=path):
            self.tree.setdefault(path, None)
            self.with_parents(path)

    @rule(path=PATHS, recursive=st.booleans())
    def delete(self, path: str, recursive: bool) -> None:
        if self.asked("delete", path=path, recursive=recursive):
            gone = self.below(path)
            assert recursive or len(gone) <= 1
            for one in gone:
                del self.tree[one]

    @rule(source=PATHS, destination=PATHS)
    def move(self, source: str, destination: str) -> None:
        if self.asked("move", source_path=source, destination_path=destination):
            moved = {destination + one[len(source) :]: self.tree.pop(one) for one in self.below(source)}
            self.tree |= moved
            self.with_parents(destination)

    @invariant()
    def is_the_same(self) -> None:
        found: dict[str, bytes | None] = {"/": None}
        waiting = ["/"]
        while waiting:
            for path, is_dir, _ in listed(self.rest, waiting.pop()):
                found[path] = None if is_dir else read(self.rest, path)
                if is_dir:
                    waiting.append(path)
        assert found == self.tree


TestDbfsAsATree = DbfsAsATree.TestCase


@given(st.binary(max_size=60), st.sampled_from(["multipart/form-data; boundary=x", "multipart/form-data", "x/y"]))
def test_a_body_that_is_no_form_is_refused(noise: bytes, kind: str):
    workspace = Workspace()
    rest = Rest(workspace)
    before = workspace.snapshot()
    for body in (noise, b"--x\r\n" + noise, b'--x\r\nContent-Disposition: form-data; name="path"\r\n\r\n' + noise):
        reply = rest.call("POST", f"{DBFS}/put", body, {"content-type": kind})
        assert reply.status == 400
    assert workspace.snapshot() == before
    workspace.close()
