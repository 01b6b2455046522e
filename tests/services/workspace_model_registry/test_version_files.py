"""Files of versions: they are copies of the registry's own, and nobody writes them."""

from __future__ import annotations

import pytest
from conftest import Rest
from registry_calls import FILES, MLFLOW, VERSIONS, download, logged, refused, registered, upload


@pytest.fixture
def run(rest: Rest) -> dict[str, str]:
    return logged(rest)


def test_the_files_are_the_registrys_own(rest, run):
    registered(rest, run["source"])
    upload(rest, run["run_id"], "model/MLmodel", b"changed")
    rest.post(f"{MLFLOW}/runs/delete", run_id=run["run_id"])
    assert download(rest, "fraud", "1", "MLmodel") == FILES["MLmodel"]
    assert download(rest, "fraud", "1", "data/model.pkl") == FILES["data/model.pkl"]
    uri = rest.get(f"{VERSIONS}/get-download-uri", name="fraud", version="1")["artifact_uri"]
    assert uri.startswith("dbfs:/databricks/mlflow-registry/")
    assert uri.endswith("/models/model")


def test_files_are_listed(rest, run):
    registered(rest, run["source"])
    asked = {"name": "fraud", "version": "1"}
    listed = rest.get(f"{VERSIONS}/list-artifacts", **asked, path="")["files"]
    assert listed == [
        {"path": "MLmodel", "is_dir": False, "file_size": len(FILES["MLmodel"])},
        {"path": "data", "is_dir": True},
    ]
    below = rest.get(f"{VERSIONS}/list-artifacts", **asked, path="data")["files"]
    assert [one["path"] for one in below] == ["data/model.pkl"]
    assert rest.get(f"{VERSIONS}/list-artifacts", **asked, path="nothing") == {}


@pytest.mark.parametrize("path", ["../x", "/etc", "a/../../b", "a\x00", "data", "nothing", ""])
def test_a_path_that_is_no_file(rest, run, path):
    registered(rest, run["source"])
    asked = {"name": "fraud", "version": "1", "path": path}
    assert refused(rest.get, f"{VERSIONS}/get-signed-download-uri", **asked)[0] in (400, 404)


def test_no_one_writes_a_registered_file(rest, run):
    registered(rest, run["source"])
    url = rest.get(f"{VERSIONS}/get-signed-download-uri", name="fraud", version="1", path="MLmodel")["signed_uri"]
    stored = url[url.index("/_fakebricks") :]
    assert rest.call("PUT", stored, b"x").status == 403
    path = stored.removeprefix("/_fakebricks/storage").partition("?")[0]
    assert rest.call("PUT", f"/api/2.0/fs/files{path}?overwrite=true", b"x").status == 403


def test_a_deleted_version_takes_its_files_along(rest, run):
    registered(rest, run["source"])
    url = rest.get(f"{VERSIONS}/get-signed-download-uri", name="fraud", version="1", path="MLmodel")["signed_uri"]
    rest.delete(f"{VERSIONS}/delete", name="fraud", version="1")
    assert rest.call("GET", url[url.index("/_fakebricks") :]).status == 404
