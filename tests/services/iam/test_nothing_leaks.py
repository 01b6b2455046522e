"""No token, secret or signature stands in the call log, in an error, or in the repr of anything."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakebricks import Workspace
from fakebricks.wire import Reply, Request
from fakebricks.wire.redaction import STRUCK_OUT, struck_out, struck_out_body, struck_out_query

FORM = {"grant_type": "client_credentials", "scope": "all-apis"}


class Session:
    """A client that has been issued many credentials, and puts them where they belong and where they do not."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.robot = workspace.service_principal("robot")
        self.secrets = [workspace.token, self.robot.token, self.robot.client_secret]
        self.errors: list[Reply] = []

    def call(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Reply:
        headers = headers or {"authorization": f"Bearer {self.workspace.token}"}
        reply = self.workspace.handle(Request.of(method, path, headers, body))
        if reply.status >= 400:
            self.errors.append(reply)
        return reply

    def issue(self, kind: str) -> None:
        if kind == "token":
            self.secrets.append(self.call("POST", "/api/2.0/token/create").json()["token_value"])
        elif kind == "obo token":
            body = json.dumps({"application_id": self.robot.client_id}).encode()
            reply = self.call("POST", "/api/2.0/token-management/on-behalf-of/tokens", body)
            self.secrets.append(reply.json()["token_value"])
        elif kind == "secret":
            path = f"/api/2.0/accounts/servicePrincipals/{self.robot.id}/credentials/secrets"
            reply = self.call("POST", path)
            self.secrets += [reply.json()["secret"]] if reply.status == 200 else []
        elif kind == "access token":
            form = {**FORM, "client_id": self.robot.client_id, "client_secret": self.robot.client_secret}
            reply = self.call("POST", "/oidc/v1/token", urlencode(form).encode(), {"x": "y"})
            self.secrets.append(reply.json()["access_token"])
        else:
            body = json.dumps({"path": "/Users/x"}).encode()
            reply = self.call("POST", "/api/2.0/fs/create-upload-url", body)
            if reply.status == 200:
                self.secrets.append(urlsplit(reply.json()["url"]).query.partition("signature=")[2])

    def use(self, how: str, secret: str) -> None:
        basic = base64.b64encode(f"{self.robot.client_id}:{secret}".encode()).decode()
        uses = {
            "header": ("GET", "/api/2.0/preview/scim/v2/Me", b"", {"authorization": f"Bearer {secret}"}),
            "basic": ("POST", "/oidc/v1/token", urlencode(FORM).encode(), {"authorization": f"Basic {basic}"}),
            "form": ("POST", "/oidc/v1/tokens", urlencode({**FORM, "client_secret": secret}).encode(), None),
            "path": ("DELETE", f"/api/2.0/token-management/tokens/{quote(secret)}", b"", None),
            "query": ("GET", f"/api/2.0/preview/scim/v2/Users?filter={quote(secret)}", b"", None),
            "signature": ("GET", f"/_fakebricks/storage/x?signature={quote(secret)}", b"", {"x": "y"}),
            "body": ("POST", "/api/2.0/token/delete", json.dumps({"token_id": secret}).encode(), None),
            "field": ("POST", "/api/2.0/token/create", json.dumps({secret: 1}).encode(), None),
            "name": ("POST", "/api/2.0/preview/scim/v2/Groups", json.dumps({"displayName": secret * 3}).encode(), None),
            "experiment": ("POST", "/api/2.0/mlflow/experiments/create", json.dumps({"name": secret}).encode(), None),
            "route": ("GET", f"/api/2.0/nothing/{quote(secret)}", b"", None),
        }
        self.call(*uses[how])


ISSUED = ("token", "obo token", "secret", "access token", "signed URL")
USED = ("header", "basic", "form", "path", "query", "signature", "body", "field", "name", "experiment", "route")


@settings(max_examples=60)
@given(data=st.data())
def test_no_issued_secret_is_in_the_log_or_in_an_error(data) -> None:
    workspace = Workspace(strict=False)
    session = Session(workspace)
    for _ in range(data.draw(st.integers(1, 12))):
        if data.draw(st.booleans()):
            session.issue(data.draw(st.sampled_from(ISSUED)))
        else:
            session.use(data.draw(st.sampled_from(USED)), data.draw(st.sampled_from(session.secrets)))
    told = [repr(record) for record in workspace.calls]
    told += [reply.body.decode() for reply in session.errors]
    told += [*workspace.unsupported, repr(session.robot), repr(workspace.user(workspace.user_name))]
    for secret in session.secrets:
        assert secret
        assert not any(secret in text for text in told)
    workspace.close()


def test_each_way_is_taken_and_leaves_nothing() -> None:
    """What the property draws from, each once, so that none of it is only drawn by chance."""
    workspace = Workspace(strict=False)
    session = Session(workspace)
    for kind in ISSUED:
        session.issue(kind)
    assert len(session.secrets) >= 7
    for secret in tuple(session.secrets):
        for how in USED:
            session.use(how, secret)
    told = "".join(
        [*map(repr, workspace.calls), *(reply.body.decode() for reply in session.errors), *workspace.unsupported]
    )
    assert STRUCK_OUT in told
    assert not [secret for secret in session.secrets if secret in told]
    workspace.close()


def test_the_log_keeps_no_body_of_what_is_about_a_credential(workspace: Workspace) -> None:
    session = Session(workspace)
    for kind in ("token", "obo token", "secret", "access token"):
        session.issue(kind)
        record = workspace.calls[-1]
        assert record.status == 200
        assert (record.request_body, record.reply_body) == (b"", b"")


def test_a_test_s_own_token_is_nowhere(workspace: Workspace) -> None:
    workspace.user("bob", token="hunter2")
    headers = {"authorization": "Bearer hunter2"}
    workspace.handle(Request.of("GET", "/api/2.0/token/list", headers))
    workspace.handle(Request.of("POST", "/api/2.0/token/delete", headers, b'{"token_id": "x"}'))
    assert not any("hunter2" in repr(record) for record in workspace.calls)
    with pytest.raises(ValueError) as refusal:
        workspace.user("eve", token="hunter2")
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "struck"),
    [
        ("dapi" + "0a" * 16, STRUCK_OUT),
        ("a dose" + "0a" * 16 + ".", f"a {STRUCK_OUT}."),
        ("eyJhbGc.eyJzdWI.c2ln", STRUCK_OUT),
        ("?expires=1&signature=" + "0f" * 32 + "&x=1", f"?expires=1&signature={STRUCK_OUT}&x=1"),
        ("X-Amz-Signature=" + "0f" * 32, f"X-Amz-Signature={STRUCK_OUT}"),
        ("u?X-Amz-Security-Token=a%2Fb+c&x=1", f"u?X-Amz-Security-Token={STRUCK_OUT}&x=1"),
        ('{"signature": "' + "0f" * 32 + '"}', f'{{"signature": "{STRUCK_OUT}"}}'),
        (
            "dapi and dose and eyJ and signature=infer_signature(x)",
            "dapi and dose and eyJ and signature=infer_signature(x)",
        ),
    ],
)
def test_what_looks_like_a_credential_is_struck_out(text: str, struck: str) -> None:
    assert struck_out(text) == struck
    assert struck_out_body(text.encode()) == struck.encode()


def test_a_signature_in_a_query_is_struck_out() -> None:
    names = ("signature", "X-Amz-Signature", "X-Amz-Security-Token")
    query = (("operation", "GET"), *((name, "whatever") for name in names))
    assert struck_out_query(query) == (("operation", "GET"), *((name, STRUCK_OUT) for name in names))


def test_a_credential_is_not_cut_in_half(workspace: Workspace) -> None:
    token = workspace.token
    for cut in range(1, len(token)):
        body = json.dumps({"name": "x" * (64 * 1024 - 10 - cut) + token}).encode()
        headers = {"authorization": f"Bearer {token}"}
        workspace.handle(Request.of("POST", "/api/2.0/mlflow/experiments/create", headers, body))
        record = workspace.calls[-1]
        assert not record.request_body.endswith(token[:cut].encode()) or cut < 5
