"""REST operations of OAuth: where to sign in, and a service principal signing in by its client id and secret.

Real: the grants `client_credentials`, as databricks-sdk asks for it, and `jwt-bearer`, by which it exchanges a token
for one that is good for a route-optimised endpoint alone. Errors have OAuth's shape (RFC 6749, 5.2).
Refused: the other grants, scopes other than `all-apis`, and signing in as a person in a browser.
Inferred: the texts, but for that of a wrong client id or secret.
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.iam.sign_in import GRANTS, SignIn
from fakebricks.wire.authentication import SIGN_IN_PATH, client_of, form_of
from fakebricks.wire.errors import DatabricksError, InvalidParameterValue, NotImplementedByFakebricks
from fakebricks.wire.messages import Reply
from fakebricks.wire.operations import Call, Routes, Shape

_CODES: dict[type[DatabricksError], str] = {
    InvalidParameterValue: "invalid_request",
    NotImplementedByFakebricks: "not_implemented",
}


def oauth_error(error: DatabricksError, request_id: str) -> Reply:
    """An error as OAuth sends it."""
    code = _CODES.get(type(error), error.error_code)
    body = {"error": code, "error_description": error.message, "request_id": request_id}
    return Reply.of_json(body, error.status, headers={"cache-control": "no-store", **error.headers})


routes = Routes(renders=oauth_error)


@routes.get("/oidc/.well-known/oauth-authorization-server", public=True)
def oauth_authorization_server(sign_in: SignIn, call: Call) -> dict[str, Any]:
    """Both endpoints must be there for databricks-sdk, also for who never signs in in a browser (observed)."""
    oidc = f"{call.base_url}/oidc"
    return {
        "issuer": oidc,
        "authorization_endpoint": f"{oidc}/v1/authorize",
        "token_endpoint": f"{call.base_url}{SIGN_IN_PATH}",
        "grant_types_supported": list(GRANTS),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "scopes_supported": ["all-apis"],
    }


@routes.post(SIGN_IN_PATH, public=True, raw=True, secret=True)
def create_oauth_token(sign_in: SignIn, call: Call) -> Reply:
    form = form_of(call.request)
    client_id, secret = client_of(call.request)
    token = sign_in.client(form, client_id, secret, issuer=f"{call.base_url}/oidc")
    answer = {"access_token": token.value, "token_type": "Bearer", "scope": token.scope, "expires_in": token.lifetime}
    return Reply.of_json(answer, headers={"cache-control": "no-store"})


class Authorize(Shape):
    response_type: str = ""
    client_id: str = ""
    redirect_uri: str = ""
    scope: str = ""
    state: str = ""
    code_challenge: str = ""
    code_challenge_method: str = ""


@routes.get("/oidc/v1/authorize", public=True)
def authorize(sign_in: SignIn, call: Call, body: Authorize) -> None:
    raise NotImplementedByFakebricks(
        "fakebricks has no page on which a person signs in: use a personal access token, or a service principal's "
        "client id and secret."
    )
