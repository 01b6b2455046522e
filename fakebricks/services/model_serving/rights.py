"""What the people of an endpoint must be allowed in Unity Catalog, and in the workspace model registry.

Real: an endpoint runs as its creator, who needs EXECUTE on its models when it is created, when it is updated, and when
the deployment loads them (documented); who updates it needs the same (inferred). Who asks for an inference table, and
the endpoint's creator, need CREATE TABLE in its schema (documented). The creator must go on having the use of it: rows
are lost from when they have not (documented).
Inferred: a model of the workspace registry takes CAN_READ.
"""

from __future__ import annotations

from fakebricks.services.iam.people import People
from fakebricks.services.unity_catalog.authority import Authority
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.services.workspace_model_registry.model_permissions import READ, ModelPermissions
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import PermissionDenied

_UNITY_CATALOG_DOTS = 2


def of_unity_catalog(model: str) -> bool:
    """Whether a registered model is one of Unity Catalog, which its name of three levels says."""
    return model.count(".") == _UNITY_CATALOG_DOTS


class Rights:
    """Asks the registries and Unity Catalog on behalf of endpoints."""

    def __init__(self, authority: Authority, people: People, workspace_models: ModelPermissions) -> None:
        self._authority = authority
        self._workspace_models = workspace_models
        self._people = people

    def require_load(self, model: str, caller: Caller) -> None:
        """The caller may load a registered model.

        Raises:
            PermissionDenied: they may not.
        """
        if of_unity_catalog(model):
            self._authority.require(Rule.LOAD_MODEL, model, caller)
        else:
            self._workspace_models.require_named(model, READ, caller)

    def require_load_as(self, model: str, user_name: str) -> None:
        """An endpoint's creator, who may not be calling, may load a registered model.

        Raises:
            PermissionDenied: they may not, or are gone.
        """
        person = self._people.caller_named(user_name)
        if person is None:
            raise PermissionDenied(f"User {user_name} does not exist any more, who created this endpoint.")
        self.require_load(model, person)

    def require_capture(self, schema: str, caller: Caller, creator: str) -> None:
        """The caller and the endpoint's creator may create tables in a schema.

        Raises:
            PermissionDenied: one of them may not.
        """
        self._authority.require(Rule.CREATE_TABLE, schema, caller)
        person = self._people.caller_named(creator)
        if person is not None:
            self._authority.require(Rule.CREATE_TABLE, schema, person)

    def may_write(self, table: str, creator: str) -> bool:
        """Whether the endpoint's creator may still write to its inference table."""
        person = self._people.caller_named(creator)
        return person is not None and self._authority.allows(Rule.WRITE_TABLE, table, person)
