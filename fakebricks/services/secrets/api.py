"""REST operations of secrets, as databricks-sdk speaks them.

Real: all of them. What holds a value is not in the call log. The platform says of `get` that it is for notebooks;
it answers databricks-sdk's `get_secret` and `dbutils.secrets` everywhere, as here (observed).
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from fakebricks.services.iam.records import Permission
from fakebricks.services.secrets.privileges import of_scope
from fakebricks.services.secrets.scopes import MANAGE, READ, WRITE, Scopes
from fakebricks.services.secrets.secrets import Secrets
from fakebricks.wire.errors import InvalidParameterValue, MalformedRequest, NotImplementedByFakebricks
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes()

_DATABRICKS = "DATABRICKS"
_BACKENDS = (_DATABRICKS, "AZURE_KEYVAULT")


class CreateScope(Shape):
    scope: str
    initial_manage_principal: str | None = None
    scope_backend_type: str | None = None
    backend_azure_keyvault: dict[str, Any] | None = None


class OfScope(Shape):
    scope: str


class OfSecret(OfScope, kw_only=True):
    key: str


class PutSecret(OfSecret, kw_only=True):
    string_value: str | None = None
    bytes_value: str | None = None


class OfAcl(OfScope, kw_only=True):
    principal: str


class PutAcl(OfAcl, kw_only=True):
    permission: str


@routes.post("/api/2.0/secrets/scopes/create")
def create_secret_scope(scopes: Scopes, call: Call, body: CreateScope) -> None:
    backend = (body.scope_backend_type or _DATABRICKS).upper()
    if backend not in _BACKENDS:
        message = f"scope_backend_type must be one of {', '.join(_BACKENDS)}, not {backend[:255]!r}."
        raise InvalidParameterValue(message)
    if backend != _DATABRICKS or body.backend_azure_keyvault:
        message = (
            "fakebricks does not implement secret scopes that are kept in an Azure Key Vault. Leave "
            "'scope_backend_type' and 'backend_azure_keyvault' out, and put the secrets into the scope."
        )
        raise NotImplementedByFakebricks(message)
    scopes.create(body.scope, call.caller, body.initial_manage_principal)


@routes.get("/api/2.0/secrets/scopes/list")
def list_secret_scopes(scopes: Scopes, call: Call) -> dict[str, Any]:
    return {"scopes": [{"name": one.name, "backend_type": _DATABRICKS} for one in scopes.readable(call.caller)]}


@routes.post("/api/2.0/secrets/scopes/delete", privilege=of_scope(MANAGE))
def delete_secret_scope(secrets: Secrets, call: Call, body: OfScope) -> None:
    secrets.delete_scope(secrets.scopes.get(body.scope))


@routes.post("/api/2.0/secrets/put", secret=True, privilege=of_scope(WRITE))
def put_secret(secrets: Secrets, call: Call, body: PutSecret) -> None:
    secrets.put(secrets.scopes.get(body.scope), body.key, _value(body), call.millis)


@routes.get("/api/2.0/secrets/get", secret=True, privilege=of_scope(READ))
def get_secret(secrets: Secrets, call: Call, body: OfSecret) -> dict[str, Any]:
    secret = secrets.get(secrets.scopes.get(body.scope), body.key)
    return {"key": secret.key, "value": base64.b64encode(secret.value).decode()}


@routes.get("/api/2.0/secrets/list", privilege=of_scope(READ))
def list_secrets(secrets: Secrets, call: Call, body: OfScope) -> dict[str, Any]:
    found = secrets.list(secrets.scopes.get(body.scope))
    return {"secrets": [{"key": one.key, "last_updated_timestamp": one.last_updated_timestamp} for one in found]}


@routes.post("/api/2.0/secrets/delete", privilege=of_scope(WRITE))
def delete_secret(secrets: Secrets, call: Call, body: OfSecret) -> None:
    secrets.delete(secrets.scopes.get(body.scope), body.key)


@routes.post("/api/2.0/secrets/acls/put", privilege=of_scope(MANAGE))
def put_secret_acl(scopes: Scopes, call: Call, body: PutAcl) -> None:
    scopes.put_acl(scopes.get(body.scope), body.principal, body.permission)


@routes.get("/api/2.0/secrets/acls/get", privilege=of_scope(MANAGE))
def get_secret_acl(scopes: Scopes, call: Call, body: OfAcl) -> dict[str, str]:
    return _acl(scopes.acl(scopes.get(body.scope), body.principal))


@routes.get("/api/2.0/secrets/acls/list", privilege=of_scope(MANAGE))
def list_secret_acls(scopes: Scopes, call: Call, body: OfScope) -> dict[str, Any]:
    return {"items": [_acl(one) for one in scopes.acls(scopes.get(body.scope))]}


@routes.post("/api/2.0/secrets/acls/delete", privilege=of_scope(MANAGE))
def delete_secret_acl(scopes: Scopes, call: Call, body: OfAcl) -> None:
    scopes.delete_acl(scopes.get(body.scope), body.principal)


def _acl(permission: Permission) -> dict[str, str]:
    return {"principal": permission.principal, "permission": permission.level}


def _value(body: PutSecret) -> bytes:
    if (body.string_value is None) == (body.bytes_value is None):
        message = "Exactly one of string_value and bytes_value must be given."
        raise MalformedRequest(message)
    try:
        if body.string_value is not None:
            return body.string_value.encode()
        return base64.b64decode(body.bytes_value or "", validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        message = "The value of a secret must be text, or bytes in Base64."
        raise InvalidParameterValue(message) from None
