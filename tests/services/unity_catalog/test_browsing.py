"""BROWSE: what one may see of objects that one may not use, where `include_browse` asks for it."""

from __future__ import annotations

import pytest
from acting import As
from catalog_calls import (
    CATALOGS,
    FUNCTIONS,
    SCHEMAS,
    TABLES,
    UNITY_CATALOG,
    add_table,
    as_bob,
    create_function,
    grant,
    names,
    refused,
)
from conftest import Rest

BROWSE = {"include_browse": "true"}
IN_DEFAULT = {"catalog_name": "main", "schema_name": "default"}


@pytest.fixture
def bob(rest: Rest) -> As:
    """Who may browse all of `main`, and nothing else."""
    bob = as_bob(rest)
    add_table(rest.workspace, "main.default.t")
    create_function(rest, "main.default.f")
    grant(rest, "catalog", "main", "BROWSE")
    return bob


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        (f"{CATALOGS}/main", "USE CATALOG on Catalog 'main'"),
        (f"{SCHEMAS}/main.default", "USE CATALOG on Catalog 'main'"),
        (f"{TABLES}/main.default.t", "USE CATALOG on Catalog 'main'"),
        (f"{FUNCTIONS}/main.default.f", "USE CATALOG on Catalog 'main'"),
    ],
)
def test_an_object_is_told_only_where_browsing_is_asked_for(rest: Rest, bob: As, path: str, missing: str):
    assert refused(lambda: bob.get(path)) == (403, "PERMISSION_DENIED", f"User does not have {missing}.")
    assert bob.get(path, **BROWSE)["browse_only"] is True
    assert rest.get(path, **BROWSE)["browse_only"] is False
    assert rest.get(path)["browse_only"] is False


@pytest.mark.parametrize(
    ("kind", "query", "found"),
    [
        ("schemas", {"catalog_name": "main"}, ["default", "information_schema"]),
        ("tables", IN_DEFAULT, ["t"]),
        ("functions", IN_DEFAULT, ["f"]),
    ],
)
def test_lists_have_what_is_browsed_only_where_it_is_asked_for(
    rest: Rest, bob: As, kind: str, query: dict[str, str], found: list[str]
):
    path = f"{UNITY_CATALOG}/{kind}"
    assert refused(lambda: bob.get(path, **query))[:2] == (403, "PERMISSION_DENIED")
    listed = bob.get(path, **query, **BROWSE)[kind]
    assert [(one["name"], one["browse_only"]) for one in listed] == [(name, True) for name in found]
    grant(rest, "catalog", "main", "USE_CATALOG", "USE_SCHEMA")
    told = names(bob, path, kind, **query)
    assert told == (found if kind == "schemas" else [])


def test_catalogs_are_listed_by_what_one_may_see(rest: Rest, bob: As):
    rest.post(CATALOGS, name="hidden")
    assert bob.get(CATALOGS) == {}
    assert names(bob, CATALOGS, "catalogs", **BROWSE) == ["main"]


def test_whether_a_table_exists_may_be_known_by_browsing(rest: Rest, bob: As):
    """It has no include_browse, and BROWSE is enough (documented)."""
    assert bob.get(f"{TABLES}/main.default.t/exists") == {"table_exists": True}
    rest.patch(
        f"{UNITY_CATALOG}/permissions/catalog/main",
        changes=[{"principal": "bob@acme.test", "remove": ["BROWSE"]}],
    )
    assert refused(lambda: bob.get(f"{TABLES}/main.default.t/exists"))[:2] == (403, "PERMISSION_DENIED")


def test_summaries_of_tables_leave_out_what_is_only_browsed(rest: Rest, bob: As):
    summaries = f"{UNITY_CATALOG}/table-summaries"
    assert bob.get(summaries, catalog_name="main") == {}
    grant(rest, "catalog", "main", "USE_CATALOG", "USE_SCHEMA", "SELECT")
    assert bob.get(summaries, catalog_name="main") == {
        "tables": [{"full_name": "main.default.t", "table_type": "MANAGED"}]
    }


def test_who_gives_an_object_away_is_not_said_to_browse_it(rest: Rest):
    bob = as_bob(rest)
    grant(rest, "metastore", rest.get(f"{UNITY_CATALOG}/metastore_summary")["metastore_id"], "CREATE_CATALOG")
    bob.post(CATALOGS, name="his")
    assert bob.patch(f"{CATALOGS}/his", owner="jane@acme.test")["browse_only"] is False
