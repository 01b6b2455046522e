"""A REST call over each way in gets the same answer."""

from __future__ import annotations

import pytest


def test_me_is_the_owner_of_the_token(rest, workspace):
    assert rest.get("/api/2.0/preview/scim/v2/Me")["userName"] == workspace.user_name


def test_a_name_with_a_line_break_arrives_as_it_was_sent(rest, workspace):
    rest.call("GET", "/api/2.0/a b\n%2Fc")
    assert workspace.calls[-1].path in ("/api/2.0/a b\n/c", "/api/2.0/a b/c")


def test_an_answer_that_names_a_host_names_the_one_that_the_client_reached(rest, workspace):
    answer = rest.get("/.well-known/databricks-config")
    base = answer["oidc_endpoint"].removesuffix("/oidc")
    assert base == workspace.host or base.startswith("http://127.0.0.1:")


def test_a_wrong_token_is_refused(rest):
    rest.headers = {"authorization": "Bearer wrong"}
    with pytest.raises(Exception, match="Invalid access token"):
        rest.get("/api/2.0/preview/scim/v2/Me")
