"""Tags of catalogs, schemas and tables over REST."""

from __future__ import annotations

import pytest
from catalog_calls import BOB, SCHEMAS, TABLES, TAGS, add_table, as_bob, grant, refused
from conftest import Rest

ENTITIES = [
    ("catalogs", "main"),
    ("schemas", "main.default"),
    ("tables", "main.default.t"),
    ("volumes", "main.default.v"),
]


@pytest.fixture(autouse=True)
def table_and_volume(rest: Rest) -> None:
    add_table(rest.workspace, "main.default.t")
    volume = {"name": "v", "catalog_name": "main", "schema_name": "default", "volume_type": "MANAGED"}
    rest.post("/api/2.1/unity-catalog/volumes", **volume)


def tag(rest: Rest, kind: str, name: str, key: str, value: str = "") -> dict[str, str]:
    told: dict[str, str] = rest.post(TAGS, entity_type=kind, entity_name=name, tag_key=key, tag_value=value)
    return told


@pytest.mark.parametrize(("kind", "name"), ENTITIES)
def test_a_tag_is_put_told_changed_and_removed(rest: Rest, kind: str, name: str):
    created = tag(rest, kind, name.upper(), "cost center", "7")
    assert (created["entity_type"], created["entity_name"]) == (kind, name)
    assert (created["tag_key"], created["tag_value"], created["updated_by"]) == ("cost center", "7", "jane@acme.test")
    path = f"{TAGS}/{kind}/{name}/tags"
    assert rest.get(f"{path}/cost center") == created
    changed = rest.json(
        "PATCH",
        f"{path}/cost center",
        query={"update_mask": "tag_value"},
        body={"entity_type": kind, "entity_name": name, "tag_key": "cost center", "tag_value": "8"},
    )
    assert changed["tag_value"] == "8"
    assert rest.get(path) == {"tag_assignments": [changed]}
    rest.delete(f"{path}/cost center")
    assert rest.get(path) == {}
    assert refused(lambda: rest.get(f"{path}/cost center"))[:2] == (404, "RESOURCE_DOES_NOT_EXIST")


def test_keys_are_case_sensitive_and_values_may_be_empty(rest: Rest):
    tag(rest, "catalogs", "main", "Sales")
    tag(rest, "catalogs", "main", "sales")
    listed = rest.get(f"{TAGS}/catalogs/main/tags", max_results=1)
    assert [one["tag_key"] for one in listed["tag_assignments"]] == ["Sales"]
    rest_of_it = rest.get(f"{TAGS}/catalogs/main/tags", page_token=listed["next_page_token"])
    assert [one["tag_key"] for one in rest_of_it["tag_assignments"]] == ["sales"]


@pytest.mark.parametrize(
    ("entity", "key", "value", "status"),
    [
        *(("catalogs main", key, "", 400) for key in ("", "a.b", "a,b", "a-b", "a=b", "a/b", "a:b", " a", "x" * 256)),
        ("catalogs main", "a", "x" * 1001, 400),
        ("catalogs main", "a", " x", 400),
        ("catalogs main", "there", "", 400),
        ("catalog main", "a", "", 400),
        ("tables main.default", "a", "", 400),
        ("catalogs nope", "a", "", 404),
        ("tables main.default.nope", "a", "", 404),
        ("columns main.default.t.c", "a", "", 501),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(rest: Rest, entity: str, key: str, value: str, status: int):
    kind, name = entity.split(" ")
    tag(rest, "catalogs", "main", "there")
    before = rest.workspace.snapshot()
    assert refused(lambda: tag(rest, kind, name, key, value))[0] == status
    assert rest.workspace.snapshot() == before


def test_an_object_has_fifty_tags_at_most(rest: Rest):
    for number in range(50):
        tag(rest, "schemas", "main.default", f"k{number}")
    assert refused(lambda: tag(rest, "schemas", "main.default", "one more"))[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_a_mask_names_the_value(rest: Rest):
    tag(rest, "catalogs", "main", "a", "1")
    body = {"tag_key": "a", "tag_value": "2"}
    path = f"{TAGS}/catalogs/main/tags/a"
    assert refused(lambda: rest.json("PATCH", path, query={"update_mask": "tag_key"}, body=body))[0] == 400
    assert rest.json("PATCH", path, query={"update_mask": "*"}, body=body)["tag_value"] == "2"


def test_tags_go_away_with_their_object(rest: Rest):
    tag(rest, "tables", "main.default.t", "a")
    rest.delete(f"{TABLES}/main.default.t")
    add_table(rest.workspace, "main.default.t")
    assert rest.get(f"{TAGS}/tables/main.default.t/tags") == {}
    tag(rest, "tables", "main.default.t", "a")
    rest.json("DELETE", f"{SCHEMAS}/main.default", query={"force": "true"})
    assert len(rest.workspace._state.table("entity_tags", object)) == 0


@pytest.mark.parametrize(("kind", "name"), ENTITIES)
def test_tagging_takes_apply_tag_and_seeing_no_more_than_seeing(rest: Rest, kind: str, name: str):
    bob = as_bob(rest)
    grant(rest, "catalog", "main", "USE_CATALOG", "USE_SCHEMA", "SELECT", "READ_VOLUME")
    path = f"{TAGS}/{kind}/{name}/tags"
    singular = kind.removesuffix("s")
    assert refused(lambda: tag(bob, kind, name, "a")) == (
        403,
        "PERMISSION_DENIED",
        f"User does not have APPLY TAG on {singular.title()} '{name}'.",
    )
    tag(rest, kind, name, "a")
    assert bob.get(path)["tag_assignments"][0]["tag_key"] == "a"
    assert refused(lambda: bob.delete(f"{path}/a"))[0] == 403
    grant(rest, singular, name, "APPLY_TAG")
    bob.delete(f"{path}/a")
    assert tag(bob, kind, name, "b")["updated_by"] == BOB
