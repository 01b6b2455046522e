"""Secrets, and what refers to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.iam.access_control import AccessControl
from fakebricks.services.iam.people import People
from fakebricks.services.secrets.references import SecretReferences
from fakebricks.services.secrets.scopes import Scopes
from fakebricks.services.secrets.secrets import Secrets

if TYPE_CHECKING:
    from fakebricks.wiring.services import Services


def wire(services: Services) -> None:
    """Add secrets and their scopes."""
    people = services[People]
    scopes = Scopes(services.state, people, services[AccessControl])
    secrets = Secrets(services.state, people, scopes)
    services.add(scopes, secrets, SecretReferences(secrets))
