"""REST operations of personal access tokens: one's own, and for admins everybody's."""

from __future__ import annotations

from typing import Any

from fakebricks.services.iam.people import People
from fakebricks.services.iam.privileges import administers, anybody
from fakebricks.services.iam.records import PersonalToken
from fakebricks.wire.errors import NotImplementedByFakebricks, ResourceDoesNotExist
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes()

_MANAGED = "/api/2.0/token-management/tokens"


class CreateToken(Shape):
    comment: str = ""
    lifetime_seconds: int | None = None
    scopes: tuple[str, ...] = ()
    autoscope_enabled: bool = False

    def require_computed(self) -> None:
        """Raise NotImplementedByFakebricks where the token shall be good for some operations only."""
        if self.scopes or self.autoscope_enabled:
            raise NotImplementedByFakebricks(
                "fakebricks does not compute the scopes of tokens: leave 'scopes' and 'autoscope_enabled' out, and a "
                "token may do all that its owner may."
            )


class CreateOboToken(CreateToken, kw_only=True):
    application_id: str


class OfToken(Shape):
    token_id: str


class ListTokens(Shape):
    created_by_id: str | None = None
    created_by_username: str | None = None


@routes.post("/api/2.0/token/create", privilege=anybody, secret=True)
def create_token(people: People, call: Call, body: CreateToken) -> dict[str, Any]:
    body.require_computed()
    value, token = people.tokens.create(call.caller.id, call.caller.id, body.comment, body.lifetime_seconds)
    return {"token_value": value, "token_info": _own(token)}


@routes.get("/api/2.0/token/list", privilege=anybody)
def list_tokens(people: People, call: Call) -> dict[str, Any]:
    return {"token_infos": [_own(token) for token in people.tokens.of(call.caller.id)]}


@routes.post("/api/2.0/token/delete", privilege=anybody)
def delete_token(people: People, call: Call, body: OfToken) -> None:
    people.tokens.delete(body.token_id, owner_id=call.caller.id)


@routes.post("/api/2.0/token-management/on-behalf-of/tokens", privilege=administers, secret=True)
def create_obo_token(people: People, call: Call, body: CreateOboToken) -> dict[str, Any]:
    body.require_computed()
    person = people.get(body.application_id)
    if person is None or person.kind != "ServicePrincipal":
        raise ResourceDoesNotExist(f"Service principal with application ID {body.application_id} does not exist.")
    value, token = people.tokens.create(person.id, call.caller.id, body.comment, body.lifetime_seconds)
    return {"token_value": value, "token_info": _managed(people, token)}


@routes.get(_MANAGED, privilege=administers)
def list_managed_tokens(people: People, call: Call, body: ListTokens) -> dict[str, Any]:
    told = (_managed(people, token) for token in people.tokens.all())
    return {"token_infos": [one for one in told if _is_of(one, body)]}


@routes.get(f"{_MANAGED}/<token_id>", privilege=administers)
def get_managed_token(people: People, call: Call, body: OfToken) -> dict[str, Any]:
    return {"token_info": _managed(people, people.tokens.get(body.token_id))}


@routes.delete(f"{_MANAGED}/<token_id>", privilege=administers)
def delete_managed_token(people: People, call: Call, body: OfToken) -> None:
    people.tokens.delete(body.token_id)


def _own(token: PersonalToken) -> dict[str, Any]:
    """What its owner is told of a token; -1 says that it does not expire."""
    expires = -1 if token.expires is None else token.expires
    return {"token_id": token.id, "creation_time": token.created, "expiry_time": expires, "comment": token.comment}


def _managed(people: People, token: PersonalToken) -> dict[str, Any]:
    creator = people.name_of(token.creator_id)
    return {
        **_own(token),
        "owner_id": int(token.owner_id),
        "created_by_id": int(token.creator_id),
        **({"created_by_username": creator} if creator else {}),
    }


def _is_of(told: dict[str, Any], body: ListTokens) -> bool:
    if body.created_by_id is not None and str(told["created_by_id"]) != body.created_by_id:
        return False
    return body.created_by_username is None or told.get("created_by_username") == body.created_by_username
