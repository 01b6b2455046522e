"""REST operations of service principals' secrets, as databricks-sdk's `service_principal_secrets_proxy` speaks them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fakebricks.services.iam.client_secrets import ClientSecrets
from fakebricks.services.iam.people import People
from fakebricks.services.iam.privileges import administers
from fakebricks.services.iam.records import ClientSecret
from fakebricks.services.iam.tokens import LONGEST_LIFE
from fakebricks.services.search.paging import PageTokens
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes()

_SECRETS = "/api/2.0/accounts/servicePrincipals/<service_principal_id>/credentials/secrets"


class OfServicePrincipal(Shape):
    service_principal_id: str


class CreateSecret(OfServicePrincipal, kw_only=True):
    lifetime: str | None = None
    scopes: tuple[str, ...] = ()

    @property
    def seconds(self) -> int:
        """How long the secret shall be good.

        Raises:
            InvalidParameterValue: it is not said as `3600s`.
        """
        if self.lifetime is None:
            return LONGEST_LIFE
        number = self.lifetime.removesuffix("s")
        if number == self.lifetime or not (number.isascii() and number.isdecimal()) or len(number) > len("63072000"):
            raise InvalidParameterValue(f"lifetime must be a number of seconds such as '3600s', not {self.lifetime!r}.")
        return int(number)


class ListSecrets(OfServicePrincipal, kw_only=True):
    page_size: int | None = None
    page_token: str | None = None


class OfSecret(OfServicePrincipal, kw_only=True):
    secret_id: str


@routes.post(_SECRETS, privilege=administers, secret=True)
def create_secret(people: People, call: Call, body: CreateSecret) -> dict[str, Any]:
    person = people.by_id(body.service_principal_id, "ServicePrincipal")
    if body.scopes:
        raise NotImplementedByFakebricks("fakebricks does not compute the scopes of secrets: leave 'scopes' out.")
    value, secret = people.secrets.create(person.id, body.seconds)
    return {**_shown(people.secrets, secret), "secret": value}


@routes.get(_SECRETS, privilege=administers)
def list_secrets(people: People, call: Call, body: ListSecrets) -> dict[str, Any]:
    person = people.by_id(body.service_principal_id, "ServicePrincipal")
    pages = PageTokens("client secrets", person.id)
    size = body.page_size if body.page_size is not None else 100
    if size < 1:
        raise InvalidParameterValue("page_size must be 1 or more.")
    (first,) = pages.read(body.page_token) or [0]
    secrets = list(people.secrets.of(person.id))
    following = {"next_page_token": pages.write([first + size])} if first + size < len(secrets) else {}
    return {"secrets": [_shown(people.secrets, one) for one in secrets[first : first + size]], **following}


@routes.delete(f"{_SECRETS}/<secret_id>", privilege=administers)
def delete_secret(people: People, call: Call, body: OfSecret) -> None:
    people.secrets.delete(people.by_id(body.service_principal_id, "ServicePrincipal").id, body.secret_id)


def _shown(secrets: ClientSecrets, secret: ClientSecret) -> dict[str, Any]:
    created = _time(secret.created)
    return {
        "id": secret.id,
        "secret_hash": secret.digest,
        "status": "ACTIVE" if secrets.active(secret) else "EXPIRED",
        "create_time": created,
        "update_time": created,
        "expire_time": _time(secret.expires),
    }


def _time(millis: int) -> str:
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
