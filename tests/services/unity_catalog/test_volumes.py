"""Volumes over REST: as objects, and what becomes of their files."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from conftest import RefusedError, Rest
from hypothesis import given
from hypothesis import strategies as st

from fakebricks import Workspace
from fakebricks.services.files.files import Files
from fakebricks.services.unity_catalog.volumes import Volumes
from fakebricks.wire import Reply, Request

VOLUMES = "/api/2.1/unity-catalog/volumes"
SCHEMAS = "/api/2.1/unity-catalog/schemas"
GRANTS = "/api/2.1/unity-catalog/permissions"
FILES = "/api/2.0/fs/files"
DIRECTORIES = "/api/2.0/fs/directories"
BOB = "bob@acme.test"


def create(rest: Rest, name: str = "v", **changed: object) -> dict[str, object]:
    asked = {"catalog_name": "main", "schema_name": "default", "name": name, "volume_type": "MANAGED"}
    return rest.post(VOLUMES, **{**asked, **changed})


def listed(rest: Rest, **query: object) -> list[str]:
    found = rest.get(VOLUMES, catalog_name="main", schema_name="default", **query)
    return [one["name"] for one in found.get("volumes", [])]


def put(rest: Rest, path: str, content: bytes = b"hello") -> Reply:
    return rest.call("PUT", f"{FILES}{path}", content)


def as_bob(rest: Rest) -> Rest:
    bob = Rest(rest.workspace)
    bob.headers = {"authorization": f"Bearer {rest.workspace.user(BOB).token}"}
    return bob


def grant(rest: Rest, kind: str, name: str, *privileges: str) -> None:
    rest.patch(f"{GRANTS}/{kind}/{name}", changes=[{"principal": BOB, "add": list(privileges)}])


def test_a_volume_is_created_read_changed_and_deleted(rest: Rest):
    created = create(rest, "Raw", comment="as it came", schema_name="DEFAULT")
    assert (created["full_name"], created["volume_type"], created["owner"]) == (
        "main.default.raw",
        "MANAGED",
        "jane@acme.test",
    )
    assert created["storage_location"].endswith(created["volume_id"])
    assert rest.get(f"{VOLUMES}/main.default.RAW") == created
    rest.workspace.user(BOB)
    changed = rest.patch(f"{VOLUMES}/main.default.raw", comment="new", owner=BOB, new_name="Cooked")
    assert (changed["name"], changed["comment"], changed["owner"]) == ("cooked", "new", BOB)
    assert changed["volume_id"] == created["volume_id"]
    assert listed(rest) == ["cooked"]
    rest.delete(f"{VOLUMES}/main.default.cooked")
    assert listed(rest) == []


def test_volumes_are_listed_in_pages(rest: Rest):
    for name in "cab":
        create(rest, name)
    query = {"catalog_name": "main", "schema_name": "default", "max_results": 2}
    first = rest.get(VOLUMES, **query)
    assert [one["name"] for one in first["volumes"]] == ["a", "b"]
    rest_of_it = rest.get(VOLUMES, **query, page_token=first["next_page_token"])
    assert [one["name"] for one in rest_of_it["volumes"]] == ["c"]
    assert "next_page_token" not in rest_of_it


@pytest.mark.parametrize(
    ("changed", "status", "code", "message"),
    [
        ({"catalog_name": "no"}, 404, "CATALOG_DOES_NOT_EXIST", "Catalog 'no' does not exist."),
        ({"schema_name": "no"}, 404, "SCHEMA_DOES_NOT_EXIST", "Schema 'main.no' does not exist."),
        ({"name": "V"}, 400, "RESOURCE_ALREADY_EXISTS", "Volume 'main.default.v' already exists"),
        ({"name": "a/b"}, 400, "INVALID_PARAMETER_VALUE", 'name "a/b" is not a valid name'),
        ({"volume_type": "X"}, 400, "INVALID_PARAMETER_VALUE", "volume_type"),
        (
            {"name": "w", "storage_location": "s3://b/w"},
            400,
            "INVALID_PARAMETER_VALUE",
            "CreateVolume storage_location can not be provided.",
        ),
        ({"volume_type": "EXTERNAL", "storage_location": "s3://b"}, 501, "NOT_IMPLEMENTED", "external locations"),
    ],
)
def test_a_volume_that_cannot_be(rest: Rest, changed: dict[str, object], status: int, code: str, message: str):
    create(rest)
    with pytest.raises(RefusedError) as error:
        create(rest, **changed)
    assert (error.value.status, error.value.error_code) == (status, code)
    assert message in error.value.message
    assert listed(rest) == ["v"]


def test_a_volume_that_is_missing_or_whose_new_name_is_taken(rest: Rest):
    create(rest, "a")
    create(rest, "b")
    for ask, code in [
        (lambda: rest.get(f"{VOLUMES}/main.default.no"), "RESOURCE_DOES_NOT_EXIST"),
        (lambda: rest.patch(f"{VOLUMES}/main.default.no", comment="x"), "RESOURCE_DOES_NOT_EXIST"),
        (lambda: rest.delete(f"{VOLUMES}/main.default.no"), "RESOURCE_DOES_NOT_EXIST"),
        (lambda: rest.get(f"{VOLUMES}/main.default"), "INVALID_PARAMETER_VALUE"),
        (lambda: rest.patch(f"{VOLUMES}/main.default.a", new_name="B"), "RESOURCE_ALREADY_EXISTS"),
        (lambda: rest.patch(f"{VOLUMES}/main.default.a", new_name="b.c"), "INVALID_PARAMETER_VALUE"),
        (lambda: rest.patch(f"{VOLUMES}/main.default.a", owner="no"), "PRINCIPAL_DOES_NOT_EXIST"),
    ]:
        with pytest.raises(RefusedError) as error:
            ask()
        assert error.value.error_code == code
    with pytest.raises(RefusedError, match=r"Volume 'main\.default\.no' does not exist\."):
        rest.get(f"{VOLUMES}/main.default.no")


def test_a_schema_is_not_empty_while_it_has_a_volume_and_takes_it_along_when_forced(rest: Rest):
    create(rest)
    put(rest, "/Volumes/main/default/v/x")
    with pytest.raises(RefusedError) as error:
        rest.delete(f"{SCHEMAS}/main.default")
    assert error.value.message.endswith("The schema has 0 tables(s), 0 functions(s), 1 volumes(s)")
    rest.call("DELETE", f"{SCHEMAS}/main.default?force=true")
    assert list(rest.workspace._services[Files].walk("/_Volumes")) == []


def test_files_follow_their_volume_to_another_name_and_go_away_with_it(rest: Rest):
    create(rest)
    put(rest, "/Volumes/main/default/v/a/b", b"mine")
    rest.patch(f"{VOLUMES}/main.default.v", new_name="w")
    assert rest.call("GET", f"{FILES}/Volumes/main/default/w/a/b").body == b"mine"
    assert rest.call("GET", f"{FILES}/Volumes/main/default/v/a/b").json()["message"] == (
        "Volume 'main.default.v' does not exist."
    )
    rest.delete(f"{VOLUMES}/main.default.w")
    create(rest, "w")
    assert rest.call("GET", f"{FILES}/Volumes/main/default/w/a/b").status == 404


def test_files_follow_their_volume_to_another_schema(rest: Rest):
    create(rest)
    put(rest, "/Volumes/main/default/v/a", b"mine")
    rest.post(SCHEMAS, name="other", catalog_name="main")
    rest.workspace._services[Volumes].move(("main", "default"), ("main", "other"))
    assert rest.call("GET", f"{FILES}/Volumes/main/other/v/a").body == b"mine"
    assert rest.get(f"{DIRECTORIES}/Volumes/main/other/v")["contents"][0]["path"] == "/Volumes/main/other/v/a"
    assert "/Volumes/main/other/v/no" in rest.call("GET", f"{FILES}/Volumes/main/other/v/no").json()["message"]
    assert rest.call("GET", f"{FILES}/Volumes/main/default/v/a").status == 404


def test_the_root_directory_of_a_volume_is_there_and_stays(rest: Rest):
    create(rest)
    root = f"{DIRECTORIES}/Volumes/main/default/v"
    assert rest.call("HEAD", root).status == 200
    assert rest.get(root) == {}
    assert rest.call("PUT", root).status == 204
    refused = rest.call("DELETE", root)
    assert (refused.status, refused.json()["message"]) == (
        400,
        "The directory cannot be deleted: /Volumes/main/default/v",
    )
    assert put(rest, "/Volumes/main/default/v").status == 400
    assert rest.call("HEAD", root).status == 200


def test_above_the_volumes_nothing_is_written_or_read(rest: Rest):
    create(rest)
    for path in ("/Volumes", "/Volumes/main", "/Volumes/main/default"):
        for method, kind in [("PUT", FILES), ("GET", FILES), ("PUT", DIRECTORIES), ("GET", DIRECTORIES)]:
            assert rest.call(method, f"{kind}{path}").status == 400


def test_refusals_and_listings_know_files_by_their_volumes_name(rest: Rest):
    create(rest)
    put(rest, "/Volumes/main/default/v/a/b")
    entry = rest.get(f"{DIRECTORIES}/Volumes/main/default/v/a/")["contents"][0]
    assert (entry["path"], entry["file_size"]) == ("/Volumes/main/default/v/a/b", 5)
    for method, kind, path in [
        ("GET", FILES, "no"),
        ("GET", DIRECTORIES, "no"),
        ("PUT", FILES, "a"),
        ("PUT", FILES, "a/b"),
        ("PUT", DIRECTORIES, "a/b"),
        ("DELETE", DIRECTORIES, "a"),
    ]:
        message = rest.call(method, f"{kind}/Volumes/main/default/v/{path}").json()["message"]
        assert f"/Volumes/main/default/v/{path}" in message


def test_privileges_on_a_volume_say_who_reads_and_writes_its_files(rest: Rest):
    create(rest)
    path = "/Volumes/main/default/v/x"
    put(rest, path)
    bob = as_bob(rest)
    refused = bob.call("GET", f"{FILES}{path}")
    assert (refused.status, refused.json()["message"]) == (403, "User does not have USE CATALOG on Catalog 'main'.")
    grant(rest, "catalog", "main", "USE_CATALOG", "USE_SCHEMA")
    refused = bob.call("GET", f"{FILES}{path}")
    assert refused.json()["message"] == "User does not have READ VOLUME on Volume 'main.default.v'."
    assert bob.call("GET", f"{VOLUMES}/main.default.v").status == 403
    assert listed(bob) == []
    with pytest.raises(RefusedError, match="READ VOLUME"):
        bob.post("/api/2.0/fs/create-download-url", path=path)
    grant(rest, "volume", "main.default.v", "READ_VOLUME")
    assert bob.call("GET", f"{FILES}{path}").body == b"hello"
    assert listed(bob) == ["v"]
    refused = put(bob, "/Volumes/main/default/v/y")
    assert refused.json()["message"] == "User does not have WRITE VOLUME on Volume 'main.default.v'."
    with pytest.raises(RefusedError, match="WRITE VOLUME"):
        bob.post("/api/2.0/fs/create-upload-url", path="/Volumes/main/default/v/y")
    grant(rest, "schema", "main.default", "WRITE_VOLUME")
    assert put(bob, "/Volumes/main/default/v/y").status == 204
    with pytest.raises(RefusedError, match="MANAGE on Volume"):
        bob.delete(f"{VOLUMES}/main.default.v")
    with pytest.raises(RefusedError, match="CREATE VOLUME on Schema"):
        create(bob, "w")


def test_grants_follow_a_volume_and_go_away_with_it(rest: Rest):
    create(rest)
    rest.workspace.user(BOB)
    grant(rest, "volume", "main.default.v", "READ_VOLUME")
    rest.patch(f"{VOLUMES}/main.default.v", new_name="w")
    assert rest.get(f"{GRANTS}/volume/main.default.w")["privilege_assignments"][0]["principal"] == BOB
    rest.delete(f"{VOLUMES}/main.default.w")
    create(rest, "w")
    assert rest.get(f"{GRANTS}/volume/main.default.w") == {}


def test_only_signed_urls_lead_to_where_files_are_stored(rest: Rest):
    volume_id = create(rest)["volume_id"]
    put(rest, "/Volumes/main/default/v/x")
    for method, path in [("GET", FILES), ("PUT", FILES), ("GET", DIRECTORIES), ("DELETE", DIRECTORIES)]:
        assert rest.call(method, f"{path}/_Volumes/{volume_id}/x").status == 403
    with pytest.raises(RefusedError, match="only be reached by signed URLs"):
        rest.post("/api/2.0/fs/create-download-url", path=f"/_Volumes/{volume_id}/x")


def test_a_signed_url_stays_with_its_volume(rest: Rest):
    create(rest)
    put(rest, "/Volumes/main/default/v/x", b"secret")
    parts = urlsplit(rest.post("/api/2.0/fs/create-download-url", path="/Volumes/main/default/v/x")["url"])
    target = f"{parts.path}?{parts.query}"
    rest.patch(f"{VOLUMES}/main.default.v", new_name="w")
    create(rest, "v")
    assert rest.call("GET", target).body == b"secret"
    rest.delete(f"{VOLUMES}/main.default.w")
    assert rest.call("GET", target).status == 404


TRICKS = ["..", ".", "", "%2e%2e", "a", "\x00", "\n", "\x7f", "_Volumes", "v", "other", "main", "\ud800", "x" * 300]


@given(st.lists(st.sampled_from(TRICKS) | st.text(max_size=4), max_size=6))
def test_no_path_leads_out_of_its_volume(parts: list[str]):
    workspace = Workspace()
    volumes, files = workspace._services[Volumes], workspace._services[Files]
    volumes.create("main", "default", "v", "jane@acme.test")
    files.put(f"/_Volumes/{volumes.create('main', 'default', 'other', 'x').id}/kept", b"kept")
    workspace.user(BOB)
    rest = as_bob(Rest(workspace))
    grant(Rest(workspace), "catalog", "main", "USE_CATALOG", "USE_SCHEMA")
    grant(Rest(workspace), "volume", "main.default.v", "READ_VOLUME", "WRITE_VOLUME")
    path = "/".join(["/Volumes/main/default/v", *parts])
    before = workspace.snapshot()
    request = Request("PUT", f"{FILES}{path}", headers=rest.headers, body=b"mine")
    reply = workspace.handle(request)
    assert reply.status in (204, 400, 403, 404)
    assert reply.status == 204 or workspace.snapshot() == before
    own = f"/_Volumes/{volumes.require('main.default.v').id}"
    everything = {entry.path for _, entry in files.walk("/")}
    assert all(one.startswith(f"{own}/") or one.endswith("/kept") for one in everything)
    workspace.close()
