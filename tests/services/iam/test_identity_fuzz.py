"""Tokens, secrets and OAuth under bad input: always a refusal of some shape, and nothing changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fakebricks import Workspace
from fakebricks.wire import Reply, Request

TEXT = st.text(max_size=8) | st.sampled_from(["60s", "0", "-1", "true", "all-apis", "client_credentials"])
VALUES = st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats() | TEXT | st.lists(TEXT, max_size=2)
FIELDS = ("comment", "lifetime_seconds", "lifetime", "scopes", "token_id", "application_id", "page_size", "page_token")
BODIES = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=3).map(lambda one: json.dumps(one).encode())
FORM_FIELDS = ("grant_type", "scope", "client_id", "client_secret", "assume_group", "x")
FORMS = st.dictionaries(st.sampled_from(FORM_FIELDS), TEXT, max_size=4).map(lambda one: urlencode(one).encode())

OPERATIONS = (
    ("POST", "/api/2.0/token/create"),
    ("POST", "/api/2.0/token/delete"),
    ("POST", "/api/2.0/token-management/on-behalf-of/tokens"),
    ("GET", "/api/2.0/token-management/tokens"),
    ("DELETE", "/api/2.0/token-management/tokens/x"),
    ("POST", "/api/2.0/accounts/servicePrincipals/{robot}/credentials/secrets"),
    ("GET", "/api/2.0/accounts/servicePrincipals/{robot}/credentials/secrets"),
    ("DELETE", "/api/2.0/accounts/servicePrincipals/{robot}/credentials/secrets/x"),
)


@pytest.fixture(scope="module")
def peopled() -> Iterator[Workspace]:
    """A workspace with a service principal, which each example leaves as it was."""
    workspace = Workspace(strict=False)
    workspace.service_principal("robot")
    yield workspace
    workspace.close()


def unharmed(workspace: Workspace, request: Request) -> Reply:
    before = workspace.snapshot()
    reply = workspace.handle(request)
    assert reply.status < 500 or reply.status == 501
    if reply.status >= 400:
        assert workspace.snapshot() == before
    workspace.restore(before)
    return reply


@given(operation=st.sampled_from(OPERATIONS), body=BODIES | st.binary(max_size=20))
def test_tokens_and_secrets(peopled: Workspace, operation: tuple[str, str], body: bytes) -> None:
    method, path = operation
    headers = {"authorization": f"Bearer {peopled.token}"}
    robot = peopled.service_principal("robot").id
    unharmed(peopled, Request.of(method, path.format(robot=robot), headers, body))


@example(body=b"", credential="\x80")
@given(body=FORMS | st.binary(max_size=40), credential=st.none() | TEXT | st.binary(max_size=20).map(repr))
def test_signing_in(peopled: Workspace, body: bytes, credential: str | None) -> None:
    headers = {} if credential is None else {"authorization": f"Basic {credential}"}
    reply = unharmed(peopled, Request.of("POST", "/oidc/v1/token", headers, body))
    assert reply.status in (400, 401, 501)
    assert {"error", "error_description"} <= set(reply.json())
    assert peopled.recognises(Request.of("POST", "/oidc/v1/token", headers, body)) in (True, False)
