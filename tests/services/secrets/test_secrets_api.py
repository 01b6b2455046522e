"""Secrets over REST: scopes, values, permissions, limits, and that no value is told where it should not be."""

from __future__ import annotations

import base64
import json

import pytest
from acting import denied, of, refused
from hypothesis import given, settings
from hypothesis import strategies as st

from fakebricks import Workspace
from fakebricks.services.secrets.references import SecretReferences
from fakebricks.wire import Request

SECRETS = "/api/2.0/secrets"
VALUE = "sk-very-secret"


@pytest.fixture
def scope(rest) -> str:
    """A scope of Jane's with one secret in it."""
    rest.post(f"{SECRETS}/scopes/create", scope="llm")
    rest.post(f"{SECRETS}/put", scope="llm", key="openai", string_value=VALUE)
    return "llm"


def test_what_is_put_comes_back_and_is_listed_without_its_value(rest, workspace, scope):
    got = rest.get(f"{SECRETS}/get", scope=scope, key="openai")
    assert got == {"key": "openai", "value": base64.b64encode(VALUE.encode()).decode()}
    content = bytes(range(256))
    rest.post(f"{SECRETS}/put", scope=scope, key="bytes", bytes_value=base64.b64encode(content).decode())
    assert base64.b64decode(rest.get(f"{SECRETS}/get", scope=scope, key="bytes")["value"]) == content
    listed = rest.get(f"{SECRETS}/list", scope=scope)["secrets"]
    assert [one["key"] for one in listed] == ["bytes", "openai"]
    before = listed[1]["last_updated_timestamp"]
    workspace.clock.advance(minutes=1)
    rest.post(f"{SECRETS}/put", scope="LLM", key="OpenAI", string_value="other")
    (changed,) = [one for one in rest.get(f"{SECRETS}/list", scope=scope)["secrets"] if one["key"] == "openai"]
    assert changed["last_updated_timestamp"] >= before + 60_000
    rest.post(f"{SECRETS}/delete", scope=scope, key="openai")
    text = refused("RESOURCE_DOES_NOT_EXIST", rest.get, f"{SECRETS}/get", scope=scope, key="openai")
    assert text == "Secret does not exist with scope: llm and key: openai"


def test_scopes(rest, scope):
    assert rest.get(f"{SECRETS}/scopes/list") == {"scopes": [{"name": "llm", "backend_type": "DATABRICKS"}]}
    text = refused("RESOURCE_ALREADY_EXISTS", rest.post, f"{SECRETS}/scopes/create", scope=scope)
    assert text == "Scope llm already exists!"
    rest.post(f"{SECRETS}/scopes/delete", scope=scope)
    assert refused("RESOURCE_DOES_NOT_EXIST", rest.get, f"{SECRETS}/list", scope=scope) == "Scope llm does not exist!"
    rest.post(f"{SECRETS}/scopes/create", scope=scope)
    assert rest.get(f"{SECRETS}/list", scope=scope) == {"secrets": []}


def test_permissions_are_enforced_and_follow_groups(rest, workspace, scope):
    bob, ann = of(rest, "bob@acme.test"), of(rest, "ann@acme.test")
    workspace.group("readers", members=["bob@acme.test"])
    assert bob.get(f"{SECRETS}/scopes/list") == {"scopes": []}
    text = denied(bob.get, f"{SECRETS}/get", scope=scope, key="openai")
    assert text == "User bob@acme.test does not have READ permission on secret scope llm."
    rest.post(f"{SECRETS}/acls/put", scope=scope, principal="readers", permission="READ")
    assert bob.get(f"{SECRETS}/get", scope=scope, key="openai")
    denied(bob.post, f"{SECRETS}/put", scope=scope, key="mine", string_value="x")
    denied(ann.get, f"{SECRETS}/list", scope=scope)
    rest.post(f"{SECRETS}/acls/put", scope=scope, principal="bob@acme.test", permission="WRITE")
    bob.post(f"{SECRETS}/put", scope=scope, key="mine", string_value="x")
    denied(bob.get, f"{SECRETS}/acls/list", scope=scope)
    assert rest.get(f"{SECRETS}/acls/list", scope=scope)["items"] == [
        {"principal": "jane@acme.test", "permission": "MANAGE"},
        {"principal": "readers", "permission": "READ"},
        {"principal": "bob@acme.test", "permission": "WRITE"},
    ]
    rest.post(f"{SECRETS}/acls/delete", scope=scope, principal="bob@acme.test")
    refused("RESOURCE_DOES_NOT_EXIST", rest.get, f"{SECRETS}/acls/get", scope=scope, principal="bob@acme.test")
    assert rest.get(f"{SECRETS}/acls/get", scope=scope, principal="readers")["permission"] == "READ"
    bob.get(f"{SECRETS}/list", scope=scope)


def test_everybody_may_manage_where_that_was_asked_for(rest):
    bob = of(rest, "bob@acme.test")
    rest.post(f"{SECRETS}/scopes/create", scope="all", initial_manage_principal="users")
    bob.post(f"{SECRETS}/put", scope="all", key="k", string_value="v")
    bob.post(f"{SECRETS}/scopes/delete", scope="all")


def test_what_cannot_be(rest, workspace, scope):
    before = workspace.snapshot()
    put = f"{SECRETS}/put"
    for code, path, body in (
        ("INVALID_PARAMETER_VALUE", f"{SECRETS}/scopes/create", {"scope": "with space"}),
        ("INVALID_PARAMETER_VALUE", f"{SECRETS}/scopes/create", {"scope": "x" * 129}),
        ("INVALID_PARAMETER_VALUE", f"{SECRETS}/scopes/create", {"scope": "s", "initial_manage_principal": "bob"}),
        ("INVALID_PARAMETER_VALUE", put, {"scope": scope, "key": "", "string_value": "x"}),
        ("INVALID_PARAMETER_VALUE", put, {"scope": scope, "key": "k", "string_value": "x" * (128 * 1024 + 1)}),
        ("INVALID_PARAMETER_VALUE", put, {"scope": scope, "key": "k", "bytes_value": "?"}),
        ("MALFORMED_REQUEST", put, {"scope": scope, "key": "k"}),
        ("MALFORMED_REQUEST", put, {"scope": scope, "key": "k", "string_value": "x", "bytes_value": "eA=="}),
        ("RESOURCE_DOES_NOT_EXIST", put, {"scope": "none", "key": "k", "string_value": "x"}),
        ("INVALID_PARAMETER_VALUE", f"{SECRETS}/acls/put", {"scope": scope, "principal": "none", "permission": "READ"}),
        ("INVALID_PARAMETER_VALUE", f"{SECRETS}/acls/put", {"scope": scope, "principal": "users", "permission": "ALL"}),
        ("NOT_IMPLEMENTED", f"{SECRETS}/scopes/create", {"scope": "kv", "scope_backend_type": "AZURE_KEYVAULT"}),
    ):
        refused(code, rest.post, path, **body)
    assert workspace.snapshot() == before


def test_the_limits_on_how_many(workspace, rest, scope):
    secrets = workspace._services[SecretReferences]._secrets
    held = secrets.scopes.get(scope)
    for number in range(999):
        secrets.put(held, f"k{number}", b"x", 0)
    refused("RESOURCE_LIMIT_EXCEEDED", rest.post, f"{SECRETS}/put", scope=scope, key="more", string_value="x")
    rest.post(f"{SECRETS}/put", scope=scope, key="k5", string_value="changed")


def test_a_value_is_in_no_log_error_or_repr(rest, workspace, scope):
    rest.get(f"{SECRETS}/get", scope=scope, key="openai")
    refused("INVALID_PARAMETER_VALUE", rest.post, f"{SECRETS}/put", scope=scope, key="bad key", string_value=VALUE)
    refused(
        "INVALID_PARAMETER_VALUE", rest.post, f"{SECRETS}/put", scope=scope, key="k", string_value=VALUE, more=VALUE
    )
    held = workspace._services[SecretReferences]._secrets
    told = [*map(repr, workspace.calls), repr(held.get(held.scopes.get(scope), "openai"))]
    encoded = base64.b64encode(VALUE.encode()).decode()
    assert not [text for text in told if VALUE in text or encoded in text]


ANY = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2)
VERBS = ("scopes/create", "scopes/delete", "put", "delete", "acls/put", "acls/delete")


@settings(max_examples=80)
@given(
    verb=st.sampled_from(VERBS),
    body=st.fixed_dictionaries(
        {},
        optional={
            "scope": st.sampled_from(["llm", "none"]) | ANY,
            "key": st.just("k") | ANY,
            "string_value": ANY,
            "bytes_value": ANY,
            "principal": st.sampled_from(["users", "admins", "jane@acme.test"]) | ANY,
            "permission": st.sampled_from(["READ", "MANAGE"]) | ANY,
        },
    ),
)
def test_whatever_is_sent_is_done_or_refused(workspace: Workspace, verb: str, body: dict) -> None:
    headers = {"authorization": f"Bearer {workspace.token}"}
    before = workspace.snapshot()
    content = json.dumps(body).encode(errors="surrogatepass")
    reply = workspace.handle(Request.of("POST", f"{SECRETS}/{verb}", headers, content))
    assert reply.status in {200, 400, 404}, reply.body
    if reply.status != 200:
        assert workspace.snapshot() == before
