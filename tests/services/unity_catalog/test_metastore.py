"""The metastore over REST: what is told of it, and whose it is."""

from __future__ import annotations

import pytest
from catalog_calls import BOB, CATALOGS, UNITY_CATALOG, as_bob, refused
from conftest import Rest

from fakebricks import Workspace

METASTORES = f"{UNITY_CATALOG}/metastores"
SUMMARY = f"{UNITY_CATALOG}/metastore_summary"
CURRENT = f"{UNITY_CATALOG}/current-metastore-assignment"


def test_the_workspace_is_assigned_to_its_metastore(rest: Rest):
    summary = rest.get(SUMMARY)
    assigned = rest.get(CURRENT)
    assert assigned["metastore_id"] == summary["metastore_id"] == rest.get(f"{CATALOGS}/main")["metastore_id"]
    assert str(assigned["workspace_id"]) == rest.workspace.identity.workspace_id
    assert assigned["default_catalog_name"] == "main"
    assert summary["global_metastore_id"] == f"aws:us-east-1:{summary['metastore_id']}"


@pytest.mark.parametrize(("catalogs", "default"), [(("dev", "main"), "dev"), ((), None)])
def test_the_default_catalog_is_the_first_of_the_workspaces(catalogs: tuple[str, ...], default: str | None):
    assert Rest(Workspace(catalogs=catalogs)).get(CURRENT).get("default_catalog_name") == default


def test_it_is_told_and_listed(rest: Rest):
    summary = rest.get(SUMMARY)
    assert (summary["owner"], summary["name"]) == ("jane@acme.test", "fakebricks")
    assert rest.get(f"{METASTORES}/{summary['metastore_id']}") == summary
    assert rest.get(METASTORES) == {"metastores": [summary]}
    assert refused(lambda: rest.get(f"{METASTORES}/{'0' * 8}"))[:2] == (404, "METASTORE_DOES_NOT_EXIST")


def test_its_owner_is_its_admin(rest: Rest):
    bob = as_bob(rest)
    path = f"{METASTORES}/{rest.get(SUMMARY)['metastore_id']}"
    for ask in (lambda: bob.get(path), lambda: bob.get(METASTORES), lambda: bob.patch(path, owner=BOB)):
        assert refused(ask) == (403, "PERMISSION_DENIED", "User does not have MANAGE on Metastore 'fakebricks'.")
    rest.patch(f"{CATALOGS}/main", comment="x")
    assert rest.patch(path, owner=BOB, new_name="ours")["owner"] == BOB
    assert bob.get(path)["name"] == "ours"
    assert bob.get(f"{CATALOGS}/main")["owner"] == "jane@acme.test"
    assert refused(lambda: rest.get(path))[0] == 403


def test_an_empty_owner_is_the_system_user(rest: Rest):
    """Documented."""
    path = f"{METASTORES}/{rest.get(SUMMARY)['metastore_id']}"
    assert rest.patch(path, owner="")["owner"] == "System user"


def test_what_is_wrong_or_not_computed_changes_nothing(rest: Rest):
    metastore = rest.get(SUMMARY)["metastore_id"]
    path = f"{METASTORES}/{metastore}"
    before = rest.workspace.snapshot()
    assert refused(lambda: rest.patch(path, owner="nobody@acme.test"))[:2] == (404, "PRINCIPAL_DOES_NOT_EXIST")
    assert refused(lambda: rest.patch(path, new_name="a b"))[0] == 400
    assert refused(lambda: rest.get(METASTORES, page_token="x"))[0] == 400
    for ask in (
        lambda: rest.patch(path, delta_sharing_scope="INTERNAL"),
        lambda: rest.post(METASTORES, name="other"),
        lambda: rest.delete(path),
        lambda: rest.put(f"{UNITY_CATALOG}/workspaces/1/metastore", metastore_id="x", default_catalog_name="main"),
        lambda: rest.patch(f"{UNITY_CATALOG}/workspaces/1/metastore", default_catalog_name="main"),
        lambda: rest.post(f"{UNITY_CATALOG}/constraints", full_name_arg="main.default.t"),
    ):
        assert refused(ask)[0] == 501
    assert rest.workspace.snapshot() == before
