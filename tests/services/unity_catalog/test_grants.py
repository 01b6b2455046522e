"""Grants over REST: what is granted, revoked, inherited, told and refused."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import RefusedError, Rest
from hypothesis import given
from hypothesis import strategies as st

from fakebricks import Workspace
from fakebricks.services.iam.people import People
from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.privileges import APPLICABLE, NOT_IN_ALL, Privilege
from fakebricks.services.unity_catalog.securables import Kind
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog

UC = "/api/2.1/unity-catalog"
BOB, SUE = "bob@acme.test", "sue@acme.test"
MODEL = "main.default.fraud"


@pytest.fixture(autouse=True)
def people_and_a_model(request: pytest.FixtureRequest) -> None:
    if "workspace" not in request.fixturenames:
        return
    workspace: Workspace = request.getfixturevalue("workspace")
    workspace.user(BOB)
    workspace.user(SUE)
    Rest(workspace).post("/api/2.0/mlflow/unity-catalog/registered-models/create", name=MODEL)


def grant(rest: Rest, kind: str, name: str, principal: str, *add: str, remove: tuple[str, ...] = ()) -> Any:
    changes = [{"principal": principal, "add": add, "remove": remove}]
    return rest.patch(f"{UC}/permissions/{kind}/{name}", changes=changes).get("privilege_assignments", [])


def grants(rest: Rest, kind: str, name: str, **query: Any) -> dict[str, list[str]]:
    told = rest.get(f"{UC}/permissions/{kind}/{name}", **query).get("privilege_assignments", [])
    return {one["principal"]: one["privileges"] for one in told}


def refusal(ask: Any) -> tuple[int, str, str]:
    with pytest.raises(RefusedError) as error:
        ask()
    return error.value.status, error.value.error_code, error.value.message


def as_person(rest: Rest, name: str) -> None:
    rest.headers = {"authorization": f"Bearer {rest.workspace.user(name).token}"}


def test_what_is_granted_is_told_sorted_and_revoked_again(rest: Rest):
    told = grant(rest, "catalog", "main", BOB, "USE_SCHEMA", "use catalog")
    assert told == [{"principal": BOB, "privileges": ["USE_CATALOG", "USE_SCHEMA"]}]
    grant(rest, "CATALOG", "MAIN", SUE, "BROWSE")
    assert grants(rest, "catalog", "main") == {BOB: ["USE_CATALOG", "USE_SCHEMA"], SUE: ["BROWSE"]}
    assert grants(rest, "catalog", "main", principal=SUE) == {SUE: ["BROWSE"]}
    assert grant(rest, "catalog", "main", BOB, remove=("USE_SCHEMA", "USE_CATALOG")) == []
    assert grants(rest, "catalog", "main") == {SUE: ["BROWSE"]}


def test_all_privileges_stand_for_what_they_include_and_take_it_along(rest: Rest):
    grant(rest, "schema", "main.default", BOB, "EXECUTE", "MANAGE")
    grant(rest, "schema", "main.default", BOB, "ALL_PRIVILEGES")
    assert grants(rest, "schema", "main.default") == {BOB: ["ALL_PRIVILEGES", "MANAGE"]}
    grant(rest, "schema", "main.default", BOB, remove=("ALL_PRIVILEGES",))
    assert grants(rest, "schema", "main.default") == {BOB: ["MANAGE"]}


def test_effective_grants_say_where_they_come_from(rest: Rest):
    grant(rest, "catalog", "main", BOB, "USE_CATALOG")
    grant(rest, "schema", "main.default", BOB, "EXECUTE")
    grant(rest, "function", MODEL, BOB, "APPLY_TAG")
    [assigned] = rest.get(f"{UC}/effective-permissions/function/{MODEL}")["privilege_assignments"]
    assert assigned == {
        "principal": BOB,
        "privileges": [
            {"privilege": "APPLY_TAG"},
            {"privilege": "EXECUTE", "inherited_from_type": "SCHEMA", "inherited_from_name": "main.default"},
            {"privilege": "USE_CATALOG", "inherited_from_type": "CATALOG", "inherited_from_name": "main"},
        ],
    }
    assert grants(rest, "function", MODEL) == {BOB: ["APPLY_TAG"]}


def test_what_is_granted_on_the_metastore_is_not_inherited(rest: Rest):
    metastore = rest.get(f"{UC}/metastore_summary")["metastore_id"]
    grant(rest, "metastore", metastore, BOB, "CREATE_CATALOG")
    assert rest.get(f"{UC}/effective-permissions/catalog/main") == {}
    as_person(rest, BOB)
    assert rest.post(f"{UC}/catalogs", name="bobs")["owner"] == BOB
    as_person(rest, SUE)
    assert refusal(lambda: rest.post(f"{UC}/catalogs", name="sues")) == (
        403,
        "PERMISSION_DENIED",
        "User does not have CREATE CATALOG on Metastore 'fakebricks'.",
    )


@pytest.mark.parametrize(
    ("kind", "name", "privilege"),
    [
        ("catalog", "main", "CREATE_CATALOG"),
        ("schema", "main.default", "USE_CATALOG"),
        ("function", MODEL, "SELECT"),
        ("function", MODEL, "USE_SCHEMA"),
        ("catalog", "main", "FLY"),
        ("catalog", "main", ""),
    ],
)
def test_a_privilege_that_does_not_apply_is_refused_and_nothing_is_granted(
    rest: Rest, kind: str, name: str, privilege: str
):
    code, message = "INVALID_PARAMETER_VALUE", f"Privilege {privilege} is not applicable to this entity"
    status, error_code, text = refusal(lambda: grant(rest, kind, name, BOB, "MANAGE", privilege))
    assert (status, error_code) == (400, code)
    assert text.startswith(message)
    assert grants(rest, kind, name) == {}


def test_one_change_that_is_refused_undoes_the_others(rest: Rest):
    changes = [{"principal": BOB, "add": ["EXECUTE"]}, {"principal": "nobody@acme.test", "add": ["EXECUTE"]}]
    assert refusal(lambda: rest.patch(f"{UC}/permissions/function/{MODEL}", changes=changes)) == (
        404,
        "PRINCIPAL_DOES_NOT_EXIST",
        "Could not find principal with name nobody@acme.test",
    )
    assert grants(rest, "function", MODEL) == {}


@pytest.mark.parametrize("group", ["users", "admins", "nobody@acme.test", ""])
def test_the_groups_of_a_workspace_are_no_principals_of_the_account(rest: Rest, group: str):
    assert refusal(lambda: grant(rest, "catalog", "main", group, "BROWSE"))[1] == "PRINCIPAL_DOES_NOT_EXIST"
    assert refusal(lambda: rest.patch(f"{UC}/catalogs/main", owner=group))[1] == "PRINCIPAL_DOES_NOT_EXIST"
    assert rest.get(f"{UC}/catalogs/main")["owner"] == rest.workspace.user_name


def test_what_is_granted_to_all_account_users_is_everybodys(rest: Rest):
    grant(rest, "catalog", "main", "account users", "USE_CATALOG", "USE_SCHEMA", "EXECUTE")
    as_person(rest, BOB)
    assert rest.get("/api/2.0/mlflow/unity-catalog/registered-models/get", name=MODEL)


def test_a_privilege_cannot_be_added_and_removed_at_once(rest: Rest):
    assert refusal(lambda: grant(rest, "catalog", "main", BOB, "BROWSE", remove=("BROWSE",))) == (
        400,
        "INVALID_PARAMETER_VALUE",
        f"Duplicate privileges to add and delete for principal {BOB}.",
    )


@pytest.mark.parametrize(
    ("kind", "name", "status", "code"),
    [
        ("catalog", "nope", 404, "CATALOG_DOES_NOT_EXIST"),
        ("schema", "nope.ml", 404, "CATALOG_DOES_NOT_EXIST"),
        ("schema", "main.nope", 404, "SCHEMA_DOES_NOT_EXIST"),
        ("table", "main.default.nope", 404, "TABLE_DOES_NOT_EXIST"),
        ("function", "main.default.nope", 404, "RESOURCE_DOES_NOT_EXIST"),
        ("metastore", "nope", 404, "METASTORE_DOES_NOT_EXIST"),
        ("catalog", "main.default", 400, "INVALID_PARAMETER_VALUE"),
        ("schema", "main", 400, "INVALID_PARAMETER_VALUE"),
        ("function", "main..fraud", 400, "INVALID_PARAMETER_VALUE"),
        ("model", MODEL, 400, "INVALID_PARAMETER_VALUE"),
        ("bicycle", "main", 400, "INVALID_PARAMETER_VALUE"),
        ("external_location", "main", 501, "NOT_IMPLEMENTED"),
    ],
)
def test_what_is_no_securable_or_missing_is_refused(rest: Rest, kind: str, name: str, status: int, code: str):
    for ask in (lambda: grants(rest, kind, name), lambda: grant(rest, kind, name, BOB, "MANAGE")):
        assert refusal(ask)[:2] == (status, code)


def test_who_may_not_manage_may_not_grant_and_is_told_only_their_own_grants(rest: Rest):
    grant(rest, "catalog", "main", BOB, "USE_CATALOG", "USE_SCHEMA")
    grant(rest, "function", MODEL, BOB, "EXECUTE")
    grant(rest, "function", MODEL, SUE, "EXECUTE")
    as_person(rest, BOB)
    assert grants(rest, "function", MODEL) == {BOB: ["EXECUTE"]}
    assert refusal(lambda: grant(rest, "function", MODEL, BOB, "MANAGE")) == (
        403,
        "PERMISSION_DENIED",
        f"User does not have MANAGE on Routine or Model '{MODEL}'.",
    )
    as_person(rest, rest.workspace.user_name)
    grant(rest, "function", MODEL, BOB, "MANAGE")
    as_person(rest, BOB)
    grant(rest, "function", MODEL, BOB, "ALL_PRIVILEGES", remove=("MANAGE",))
    assert grants(rest, "function", MODEL) == {BOB: ["ALL_PRIVILEGES"]}


def test_a_new_owner_may_do_everything_and_the_old_one_nothing_more(rest: Rest):
    """The metastore's admin may still manage it."""
    as_person(rest, rest.workspace.user_name)
    grant(rest, "catalog", "main", BOB, "CREATE_SCHEMA", "USE_CATALOG")
    as_person(rest, BOB)
    rest.post(f"{UC}/schemas", name="ml", catalog_name="main")
    rest.post("/api/2.0/mlflow/unity-catalog/registered-models/create", name="main.ml.m")
    rest.patch(f"{UC}/schemas/main.ml", owner=SUE)
    assert refusal(lambda: rest.patch(f"{UC}/schemas/main.ml", comment="mine"))[2] == (
        "User does not have MANAGE on Schema 'main.ml'."
    )
    assert refusal(lambda: rest.get("/api/2.0/mlflow/unity-catalog/registered-models/get", name="main.ml.m"))[2] == (
        "User does not have USE SCHEMA on Schema 'main.ml'."
    )


def test_lists_show_what_one_may_see(rest: Rest):
    rest.post(f"{UC}/catalogs", name="prod")
    rest.post(f"{UC}/schemas", name="ml", catalog_name="main")
    grant(rest, "catalog", "main", BOB, "USE_CATALOG")
    grant(rest, "schema", "main.default", BOB, "USE_SCHEMA")
    as_person(rest, BOB)
    assert [one["name"] for one in rest.get(f"{UC}/catalogs")["catalogs"]] == ["main"]
    assert [one["name"] for one in rest.get(f"{UC}/schemas", catalog_name="main")["schemas"]] == ["default"]
    search = "/api/2.0/mlflow/unity-catalog/registered-models/search"
    assert rest.get(search) == {}
    as_person(rest, rest.workspace.user_name)
    grant(rest, "function", MODEL, BOB, "EXECUTE")
    as_person(rest, BOB)
    assert [one["name"] for one in rest.get(search)["registered_models"]] == [MODEL]


def test_grants_go_away_with_what_they_are_on(rest: Rest):
    create = "/api/2.0/mlflow/unity-catalog/registered-models"
    grant(rest, "function", MODEL, BOB, "EXECUTE")
    rest.delete(f"{create}/delete", name=MODEL)
    rest.post(f"{create}/create", name=MODEL)
    assert grants(rest, "function", MODEL) == {}
    grant(rest, "catalog", "main", BOB, "USE_CATALOG")
    rest.json("DELETE", f"{UC}/catalogs/main", query={"force": "true"})
    rest.post(f"{UC}/catalogs", name="main")
    assert grants(rest, "catalog", "main") == {}


def test_grants_follow_a_model_to_its_new_name(rest: Rest):
    grant(rest, "function", MODEL, BOB, "EXECUTE")
    rest.patch("/api/2.0/mlflow/unity-catalog/registered-models/update", name=MODEL, new_name="main.default.risk")
    assert grants(rest, "function", "main.default.risk") == {BOB: ["EXECUTE"]}


def test_pages_hold_whole_assignments(rest: Rest):
    for number in range(9):
        name = f"user-{number}@acme.test"
        rest.workspace.user(name)
        grant(rest, "catalog", "main", name, *(APPLICABLE[Kind.CATALOG] - NOT_IN_ALL - {Privilege.ALL_PRIVILEGES}))
    path = f"{UC}/permissions/catalog/main"
    assert refusal(lambda: rest.get(path, max_results=149))[1] == "INVALID_PARAMETER_VALUE"
    whole = rest.get(path)["privilege_assignments"]
    first = rest.get(path, max_results=150)
    assert 0 < len(first["privilege_assignments"]) < 9
    second = rest.get(path, max_results=150, page_token=first["next_page_token"])
    assert [*first["privilege_assignments"], *second["privilege_assignments"]] == whole
    assert refusal(lambda: rest.get(path, page_token="x"))[1] == "INVALID_PARAMETER_VALUE"


SOME = st.frozensets(st.sampled_from(sorted(APPLICABLE[Kind.SCHEMA])), max_size=4)
CHANGES = st.lists(st.tuples(st.sampled_from([BOB, SUE]), SOME, SOME), max_size=6)


@given(CHANGES)
def test_any_sequence_of_changes_ends_as_sets_would(changes: list[tuple[str, frozenset[str], frozenset[str]]]):
    """Told and meant: an oracle of plain sets, in which ALL_PRIVILEGES is spelled out."""
    workspace = Workspace()
    rest = Rest(workspace)
    people = (BOB, SUE)
    for name in people:
        workspace.user(name)
    meant: dict[str, set[str]] = {BOB: set(), SUE: set()}
    everything = APPLICABLE[Kind.SCHEMA] - NOT_IN_ALL
    for principal, add, remove in changes:
        try:
            grant(rest, "schema", "main.default", principal, *add, remove=tuple(remove))
        except RefusedError as error:
            assert error.error_code == "INVALID_PARAMETER_VALUE"
            assert add & remove
            continue
        everything_held = "ALL_PRIVILEGES" in meant[principal] or "ALL_PRIVILEGES" in add
        meant[principal] |= everything if everything_held else add
        meant[principal] |= add
        if "ALL_PRIVILEGES" in remove:
            meant[principal] -= everything
        elif not everything_held:
            meant[principal] -= remove
        meant[principal] -= remove & NOT_IN_ALL
    told = grants(rest, "schema", "main.default")
    services = workspace._services
    line = services[UnityCatalog].line(Kind.SCHEMA, "main.default")
    for name in people:
        held = meant[name]
        all_held = "ALL_PRIVILEGES" in held
        assert set(told.get(name, ())) == ((held & NOT_IN_ALL) | {"ALL_PRIVILEGES"} if all_held else held)
        principals = services[People].caller_named(name).principals
        for privilege in APPLICABLE[Kind.SCHEMA] - {Privilege.ALL_PRIVILEGES}:
            assert services[Grants].has(principals, privilege, line) == (privilege in held)
    workspace.close()


def test_what_is_granted_to_a_group_is_its_members_own_also_of_groups_in_it(rest: Rest):
    workspace = rest.workspace
    workspace.group("juniors", members=[BOB])
    workspace.group("scientists", members=["juniors"])
    grant(rest, "catalog", "main", "scientists", "USE_CATALOG", "USE_SCHEMA", "EXECUTE")
    model = "/api/2.0/mlflow/unity-catalog/registered-models/get"
    as_person(rest, BOB)
    assert rest.get(model, name=MODEL)
    as_person(rest, SUE)
    assert refusal(lambda: rest.get(model, name=MODEL))[0] == 403


def test_a_group_keeps_its_grants_when_it_is_renamed_and_a_new_one_has_none(rest: Rest):
    groups = "/api/2.0/preview/scim/v2/Groups"
    made = rest.workspace.group("scientists", members=[BOB])
    grant(rest, "catalog", "main", "scientists", "BROWSE")
    replace = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}
    rename = {"op": "replace", "path": "displayName", "value": "researchers"}
    [told] = rest.get(groups, filter='displayName eq "scientists"')["Resources"]
    rest.patch(f"{groups}/{told['id']}", **replace, Operations=[rename])
    assert grants(rest, "catalog", "main") == {"researchers": ["BROWSE"]}
    assert rest.call("DELETE", f"{groups}/{told['id']}").status == 204
    rest.workspace.group("researchers")
    assert grants(rest, "catalog", "main") == {}
    assert made.display_name == "scientists"


def test_a_service_principal_is_granted_to_by_its_application_id(rest: Rest):
    robot = rest.workspace.service_principal("robot")
    assert refusal(lambda: grant(rest, "catalog", "main", "robot", "BROWSE"))[1] == "PRINCIPAL_DOES_NOT_EXIST"
    grant(rest, "catalog", "main", robot.user_name, "USE_CATALOG")
    rest.headers = {"authorization": f"Bearer {robot.token}"}
    assert rest.get(f"{UC}/catalogs/main")["name"] == "main"
