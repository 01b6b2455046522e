"""The Files API and its signed URLs over REST."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import RefusedError, Rest

from fakebricks.services.files.files import Files
from fakebricks.wire import Reply, Request

FILES = "/api/2.0/fs/files"
DIRECTORIES = "/api/2.0/fs/directories"


@pytest.fixture(params=["artifacts", "volume"])
def root(rest: Rest, request: pytest.FixtureRequest) -> str:
    """A directory that may be written and read, and is not there yet: of a run's artifacts, and in a volume."""
    if request.param == "volume":
        where = {"catalog_name": "main", "schema_name": "default"}
        rest.post("/api/2.1/unity-catalog/volumes", **where, name="v", volume_type="MANAGED")
        return "/Volumes/main/default/v/deep"
    experiment = rest.post("/api/2.0/mlflow/experiments/create", name="/Shared/files")["experiment_id"]
    run = rest.post("/api/2.0/mlflow/runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
    return f"/WorkspaceInternal/Mlflow/Artifacts/{experiment}/Runs/{run}/artifacts"


def put(rest: Rest, path: str, content: bytes = b"hello") -> Reply:
    return rest.call("PUT", f"{FILES}{path}?overwrite=true", content)


def get(rest: Rest, path: str, **headers: str) -> Reply:
    return rest.call("GET", f"{FILES}{path}", headers=headers)


def signed(rest: Rest, url: str, method: str, body: bytes = b"") -> Reply:
    """A call to a signed URL, without a token."""
    rest.headers = {}
    parts = urlsplit(url)
    return rest.call(method, f"{parts.path}?{parts.query}", body)


def test_what_is_uploaded_is_downloaded(rest: Rest, root: str):
    assert put(rest, f"{root}/a/b.txt").status == 204
    reply = get(rest, f"{root}/a/b.txt")
    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"hello", "5")
    assert put(rest, f"{root}/a/b.txt", b"").status == 204
    assert get(rest, f"{root}/a/b.txt").body == b""


def test_bytes_are_not_taken_for_json(rest: Rest, root: str):
    content = bytes(range(256))
    put(rest, f"{root}/b.bin", content)
    assert get(rest, f"{root}/b.bin").body == content


def test_a_file_is_overwritten_only_when_asked(rest: Rest, root: str):
    assert rest.call("PUT", f"{FILES}{root}/a", b"1").status == 204
    reply = rest.call("PUT", f"{FILES}{root}/a", b"2")
    assert (reply.status, reply.json()["error_code"]) == (409, "ALREADY_EXISTS")
    assert get(rest, f"{root}/a").body == b"1"


def test_metadata_tells_size_and_time(rest: Rest, root: str):
    put(rest, f"{root}/a", b"12345")
    reply = rest.call("HEAD", f"{FILES}{root}/a")
    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"", "5")
    assert reply.headers["last-modified"].endswith(" GMT")
    assert rest.call("HEAD", f"{FILES}{root}/nope").status == 404


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [
        ("bytes=0-1", 206, b"01"),
        ("bytes=7-", 206, b"789"),
        ("bytes=8-100", 206, b"89"),
        ("bytes=-3", 206, b"789"),
        ("bytes=-", 200, b"0123456789"),
        ("bytes=1-2,4-5", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
    ],
)
def test_a_part_of_a_file(rest: Rest, root: str, asked: str, status: int, content: bytes):
    put(rest, f"{root}/a", b"0123456789")
    reply = get(rest, f"{root}/a", range=asked)
    assert (reply.status, reply.body) == (status, content)
    if asked == "bytes=7-":
        assert reply.headers["content-range"] == "bytes 7-9/10"


def test_a_part_behind_the_end_is_refused(rest: Rest, root: str):
    put(rest, f"{root}/a", b"0123456789")
    assert get(rest, f"{root}/a", range="bytes=10-").status == 416


def test_a_file_that_has_changed_is_refused_to_who_wants_the_old_one(rest: Rest, root: str):
    put(rest, f"{root}/a")
    known = get(rest, f"{root}/a").headers["last-modified"]
    assert get(rest, f"{root}/a", **{"if-unmodified-since": known}).status == 200
    rest.workspace.clock.advance(minutes=1)
    put(rest, f"{root}/a", b"new")
    assert get(rest, f"{root}/a", **{"if-unmodified-since": known}).status == 412
    assert get(rest, f"{root}/a", **{"if-unmodified-since": "yesterday"}).status == 200


def test_directories_come_with_their_files_and_are_listed(rest: Rest, root: str):
    for path in ("b.txt", "a/1.txt", "a/deep/2.txt"):
        put(rest, f"{root}/{path}", path.encode())
    contents = rest.get(f"{DIRECTORIES}{root}/")["contents"]
    assert [(one["name"], one["is_directory"], one.get("file_size")) for one in contents] == [
        ("a", True, None),
        ("b.txt", False, 5),
    ]
    assert contents[1]["path"] == f"{root}/b.txt"
    assert [one["name"] for one in rest.get(f"{DIRECTORIES}{root}/a")["contents"]] == ["1.txt", "deep"]
    assert rest.call("HEAD", f"{DIRECTORIES}{root}/a/deep").status == 200
    assert rest.call("HEAD", f"{DIRECTORIES}{root}/a/1.txt").status == 404
    with pytest.raises(RefusedError) as error:
        rest.get(f"{DIRECTORIES}{root}/b.txt")
    assert (error.value.status, error.value.error_code) == (404, "NOT_FOUND")


def test_a_listing_comes_in_pages(rest: Rest, root: str):
    for name in "cab":
        put(rest, f"{root}/{name}")
    first = rest.get(f"{DIRECTORIES}{root}", page_size=2)
    second = rest.get(f"{DIRECTORIES}{root}", page_size=2, page_token=first["next_page_token"])
    assert [one["name"] for one in first["contents"] + second["contents"]] == ["a", "b", "c"]
    assert "next_page_token" not in second


def test_directories_are_made_and_removed_when_empty(rest: Rest, root: str):
    assert rest.call("PUT", f"{DIRECTORIES}{root}/a/b").status == 204
    assert rest.call("PUT", f"{DIRECTORIES}{root}/a/b").status == 204
    reply = rest.call("DELETE", f"{DIRECTORIES}{root}/a")
    assert (reply.status, reply.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert rest.call("DELETE", f"{DIRECTORIES}{root}/a/b").status == 204
    assert rest.call("HEAD", f"{DIRECTORIES}{root}/a/b").status == 404
    assert rest.call("HEAD", f"{DIRECTORIES}{root}/a").status == 200


def test_a_file_and_a_directory_cannot_stand_at_one_place(rest: Rest, root: str):
    put(rest, f"{root}/a")
    assert put(rest, f"{root}/a/b").json()["error_code"] == "INVALID_PARAMETER_VALUE"
    put(rest, f"{root}/d/x")
    assert put(rest, f"{root}/d").json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert rest.call("PUT", f"{DIRECTORIES}{root}/a").json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert get(rest, f"{root}/a").body == b"hello"


def test_a_deleted_file_is_gone(rest: Rest, root: str):
    put(rest, f"{root}/a")
    assert rest.call("DELETE", f"{FILES}{root}/a").status == 204
    assert get(rest, f"{root}/a").status == 404
    assert rest.call("DELETE", f"{FILES}{root}/a").json()["error_code"] == "NOT_FOUND"


@pytest.mark.parametrize("path", ["../x", "a/../../x", "a//b", "./a", "a/.", "a%00b", "a%0Ab", "a%7Fb", "x" * 1100])
def test_a_path_that_breaks_a_rule_is_refused(rest: Rest, root: str, path: str):
    reply = put(rest, f"{root}/{path}")
    assert (reply.status, reply.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert rest.call("HEAD", f"{DIRECTORIES}{root}").status == 404, "nothing was stored"


def test_paths_lie_below_what_exists(rest: Rest):
    for path, status, code in [
        ("/Volumes/main/default", 400, "INVALID_PARAMETER_VALUE"),
        ("/Volumes/main/default/v/x", 404, "RESOURCE_DOES_NOT_EXIST"),
        ("/Volumes/main/nope/v/x", 404, "SCHEMA_DOES_NOT_EXIST"),
        ("/Volumes/nope/default/v/x", 404, "CATALOG_DOES_NOT_EXIST"),
        ("/Volumes/main.default/v/x/y", 400, "INVALID_PARAMETER_VALUE"),
        ("/tmp/x", 400, "INVALID_PARAMETER_VALUE"),
        ("/Models/main/default", 400, "INVALID_PARAMETER_VALUE"),
        ("/Models/main/default/nope/1/MLmodel", 404, "RESOURCE_DOES_NOT_EXIST"),
        ("/Models/nope/ml/m/1/MLmodel", 404, "CATALOG_DOES_NOT_EXIST"),
        (f"/WorkspaceInternal/Mlflow/Artifacts/1/Runs/{'0' * 32}/artifacts/x", 404, "RESOURCE_DOES_NOT_EXIST"),
        ("/WorkspaceInternal/Mlflow/Artifacts/1/LoggedModels/m-0/artifacts/x", 404, "RESOURCE_DOES_NOT_EXIST"),
        ("/WorkspaceInternal/Else", 400, "INVALID_PARAMETER_VALUE"),
    ]:
        reply = put(rest, path)
        assert (reply.status, reply.json()["error_code"]) == (status, code), path


@pytest.mark.parametrize("root", ["artifacts"], indirect=True)
def test_artifacts_lie_below_their_own_experiment(rest: Rest, root: str):
    reply = put(rest, root.replace("/Runs/", "0/Runs/") + "/x")
    assert (reply.status, reply.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_resumable_uploads_are_refused_by_name(rest: Rest):
    reply = rest.call("POST", "/api/2.0/fs/create-resumable-upload-url")
    assert reply.status == 501
    assert "resumable uploads" in reply.json()["message"]


def begin(rest: Rest, path: str) -> str:
    query = {"action": "initiate-upload", "overwrite": "true"}
    return rest.json("POST", f"{FILES}{path}", query=query)["multipart_upload"]["session_token"]


def upload_parts(rest: Rest, path: str, token: str, *contents: bytes) -> list[dict[str, object]]:
    ask = {"session_token": token, "start_part_number": 1, "count": len(contents)}
    urls = rest.post("/api/2.0/fs/create-upload-part-urls", **{"path": path, **ask})["upload_part_urls"]
    headers, parts = rest.headers, []
    for url, content in zip(urls, contents, strict=True):
        etag = signed(rest, url["url"], "PUT", content).headers["etag"]
        parts.append({"part_number": url["part_number"], "etag": etag})
    rest.headers = headers
    return parts


def complete(rest: Rest, path: str, token: str, parts: list[dict[str, object]]) -> object:
    query = {"action": "complete-upload", "upload_type": "multipart", "session_token": token}
    return rest.json("POST", f"{FILES}{path}", query=query, body={"parts": parts})


def test_a_file_goes_up_in_parts(rest: Rest, root: str):
    path = f"{root}/big"
    token = begin(rest, path)
    parts = upload_parts(rest, path, token, b"one ", b"two ", b"three")
    assert get(rest, path).status == 404
    complete(rest, path, token, parts[::-1])
    assert get(rest, path).body == b"one two three"
    with pytest.raises(RefusedError) as error:
        complete(rest, path, token, parts)
    assert error.value.error_code == "NOT_FOUND"
    assert list(rest.workspace._services[Files].walk("/_Uploads")) == []


def test_an_upload_in_parts_is_completed_with_all_its_parts_or_not_at_all(rest: Rest, root: str):
    path = f"{root}/big"
    token = begin(rest, path)
    parts = upload_parts(rest, path, token, b"one", b"two")
    for wrong in ([*parts, {"part_number": 3, "etag": "x"}], [{**parts[0], "etag": "x"}]):
        with pytest.raises(RefusedError) as error:
            complete(rest, path, token, wrong)
        assert error.value.error_code == "INVALID_PARAMETER_VALUE"
    with pytest.raises(RefusedError) as error:
        complete(rest, f"{root}/other", token, parts)
    assert error.value.error_code == "NOT_FOUND"
    assert get(rest, f"/_Uploads/{token}/1").status == 403
    assert get(rest, path).status == 404


def test_an_upload_in_parts_is_aborted(rest: Rest, root: str):
    path = f"{root}/big"
    token = begin(rest, path)
    parts = upload_parts(rest, path, token, b"one")
    url = rest.post("/api/2.0/fs/create-abort-upload-url", path=path, session_token=token)
    headers = rest.headers
    assert signed(rest, url["abort_upload_url"]["url"], "DELETE").status == 204
    rest.headers = headers
    with pytest.raises(RefusedError) as error:
        complete(rest, path, token, parts)
    assert error.value.error_code == "NOT_FOUND"


def test_a_signed_url_carries_a_file_up_and_down_without_a_token(rest: Rest, root: str):
    up = rest.post("/api/2.0/fs/create-upload-url", path=f"{root}/a b#?.txt")["url"]
    headers = rest.headers
    assert signed(rest, up, "PUT", b"hello").status == 200
    rest.headers = headers
    down = rest.post("/api/2.0/fs/create-download-url", path=f"{root}/a b#?.txt")["url"]
    reply = signed(rest, down, "GET")
    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"hello", "5")


def test_a_signed_url_leads_to_where_the_client_reached_the_workspace(rest: Rest, root: str):
    url = rest.post("/api/2.0/fs/create-upload-url", path=f"{root}/a")["url"]
    over_http = "127.0.0.1" in url
    assert over_http or url.startswith(f"{rest.workspace.host}/_fakebricks/storage/")


def test_the_path_of_a_download_url_may_come_in_the_query(rest: Rest, root: str):
    put(rest, f"{root}/a")
    expire = (rest.workspace.clock.now() + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    query = {"path": f"{root}/a", "expire_time": expire}
    url = rest.json("POST", "/api/2.0/fs/create-download-url", query=query)["url"]
    expires = int(parse_qs(urlsplit(url).query)["expires"][0]) / 1000
    assert datetime.fromtimestamp(expires, UTC) == pytest.approx(
        datetime.fromisoformat(expire), abs=timedelta(seconds=1)
    )
    assert signed(rest, url, "GET").body == b"hello"


def test_a_signed_url_expires_on_the_workspaces_clock(rest: Rest, root: str):
    put(rest, f"{root}/a")
    url = rest.post("/api/2.0/fs/create-download-url", path=f"{root}/a")["url"]
    rest.workspace.clock.advance(minutes=14)
    assert signed(rest, url, "GET").status == 200
    rest.workspace.clock.advance(minutes=2)
    reply = signed(rest, url, "GET")
    assert (reply.status, reply.json()["error_code"]) == (403, "PERMISSION_DENIED")
    assert "expired" in reply.json()["message"]


def test_a_signed_url_that_was_changed_is_refused(rest: Rest, root: str):
    put(rest, f"{root}/a")
    put(rest, f"{root}/secret", b"secret")
    url = rest.post("/api/2.0/fs/create-download-url", path=f"{root}/a")["url"]
    headers = rest.headers
    expires = parse_qs(urlsplit(url).query)["expires"][0]
    for changed in [
        url.replace("/a?", "/secret?"),
        url.replace(expires, str(int(expires) + 60_000)),
        url[:-4] + "0000",
        url.split("&signature")[0],
        url.split("?")[0],
        url.replace("&signature=", "&signature=%C3%A9"),
    ]:
        reply = signed(rest, changed, "GET")
        assert (reply.status, reply.json()["error_code"]) == (403, "PERMISSION_DENIED"), changed
    for changed in (url, url.replace("operation=GET", "operation=PUT")):
        assert signed(rest, changed, "PUT", b"overwritten").status == 403
    rest.headers = headers
    assert get(rest, f"{root}/a").body == b"hello"


def test_another_workspaces_signed_url_is_refused(rest: Rest, root: str):
    from fakebricks import Workspace

    put(rest, f"{root}/a")
    url = rest.post("/api/2.0/fs/create-download-url", path=f"{root}/a")["url"]
    other = Workspace(seed=1)
    assert other.handle(Request.of("GET", url)).status == 403
    other.close()


def test_no_url_is_signed_for_what_is_not_there(rest: Rest, root: str):
    for path, code in [(f"{root}/nope", "NOT_FOUND"), ("relative", "INVALID_PARAMETER_VALUE")]:
        with pytest.raises(RefusedError) as error:
            rest.post("/api/2.0/fs/create-download-url", path=path)
        assert error.value.error_code == code
    with pytest.raises(RefusedError) as error:
        rest.post("/api/2.0/fs/create-upload-url", path=f"{root}/a", expire_time="soon")
    assert "'expire_time'" in error.value.message
