"""Every operation of secrets, asked by every kind of person: what the permissions on a scope allow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from privilege_matrix import World, at_least, operations_of

from fakebricks.wire.operations import Operation

LEVELS = ("READ", "WRITE", "MANAGE")
NEEDED = {
    "get_secret": "READ",
    "list_secrets": "READ",
    "put_secret": "WRITE",
    "delete_secret": "WRITE",
    "delete_secret_scope": "MANAGE",
    "put_secret_acl": "MANAGE",
    "get_secret_acl": "MANAGE",
    "list_secret_acls": "MANAGE",
    "delete_secret_acl": "MANAGE",
}
NOT_ASKED = {
    "create_secret_scope": "everybody may create scopes, and manages those that they created",
    "list_secret_scopes": "it lists what the caller may read, and nothing else",
}
OPERATIONS = operations_of("fakebricks.services.secrets.")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World(*LEVELS)
    world.made("creator", "POST", "/api/2.0/secrets/scopes/create", {"scope": "llm"})
    secret = {"scope": "llm", "key": "openai", "string_value": "x"}
    world.made("creator", "POST", "/api/2.0/secrets/put", secret)
    for level in LEVELS:
        acl = {"scope": "llm", "principal": world.people[level].user_name, "permission": level}
        world.made("creator", "POST", "/api/2.0/secrets/acls/put", acl)
    world.values = {**secret, "principal": world.people["creator"].user_name, "permission": "READ"}
    yield world
    world.workspace.close()


def test_every_operation_declares_who_may_do_it_or_why_everybody_may() -> None:
    assert {one.name for one in OPERATIONS if one.privilege} == set(NEEDED)
    assert {one.name for one in OPERATIONS if one.privilege is None} == set(NOT_ASKED)


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.privilege], ids=lambda one: one.name)
def test_only_those_may_who_have_the_permission(world: World, operation: Operation) -> None:
    needed = NEEDED[operation.name]
    more = {"string_value": "y"} if operation.name == "put_secret" else {}
    for who, level in world.held.items():
        reply = world.perform(operation, who, **more)
        if at_least(LEVELS, needed)(level):
            assert reply.status == 200, (who, reply.body)
        else:
            user = world.people[who].user_name
            text = f"User {user} does not have {needed} permission on secret scope llm."
            assert (reply.status, reply.json()["message"]) == (403, text)
