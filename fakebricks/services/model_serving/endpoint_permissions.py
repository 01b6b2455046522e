"""Permissions on serving endpoints: who may see, query and manage which.

Real: CAN_VIEW, CAN_QUERY and CAN_MANAGE; others than the creator and the admins have none until they are given some;
the permissions are those of the endpoint's id and not of its name (all documented; the text that says so is observed).
Inferred: the texts of refusals, that they are 403 also for who may not see the endpoint, what the permissions of
admins are said to come from.
"""

from __future__ import annotations

from fakebricks.services.iam.access_control import GROUP, AccessControl
from fakebricks.services.iam.object_permissions import ObjectPermissions, ObjectType
from fakebricks.services.iam.people import USERS
from fakebricks.services.iam.records import Permission
from fakebricks.services.model_serving.foundation_models import is_provided, refuse_change
from fakebricks.services.model_serving.records import Endpoint, EndpointName
from fakebricks.state import State
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import InvalidParameterValue, PermissionDenied

VIEW, QUERY, MANAGE = "CAN_VIEW", "CAN_QUERY", "CAN_MANAGE"

_VERBS = {VIEW: "View", QUERY: "Query", MANAGE: "Manage"}


class EndpointPermissions(ObjectPermissions[Endpoint]):
    """The permissions on the serving endpoints of one workspace."""

    object_type = ObjectType(
        name="serving-endpoints",
        called="serving-endpoint",
        levels={  # inferred: the texts
            VIEW: "Can view the serving endpoint",
            QUERY: "Can view and query the serving endpoint",
            MANAGE: "Can view, query, update, delete and change permissions on the serving endpoint",
        },
    )

    def __init__(self, access_control: AccessControl, state: State) -> None:
        super().__init__(access_control)
        self._endpoints = state.table("serving_endpoints", Endpoint)
        self._names = state.table("serving_endpoint_names", EndpointName)

    def find(self, object_id: str) -> Endpoint | None:
        """The endpoint of that id, or None."""
        found = self._names.get((object_id,))
        return self._endpoints.get((found.name,)) if found else None

    def get(self, object_id: str) -> Endpoint:
        """The endpoint of that id.

        Raises:
            InvalidParameterValue: there is none; a name is no id (text observed, code inferred).
        """
        endpoint = self.find(object_id)
        if endpoint is None:
            raise InvalidParameterValue(f"'{object_id}' is not a valid Inference Endpoint ID.")
        return endpoint

    def object_id(self, one: Endpoint) -> str:
        """How permissions name an endpoint."""
        return self.object_type.object_id(one.id)

    def at_first(self, one: Endpoint) -> tuple[Permission, ...]:
        """An endpoint is managed by who created it; those of the platform's own are for everybody to query."""
        if is_provided(one.name):
            return (Permission(kind=GROUP, principal=USERS, level=QUERY),)
        return self.created_by(one.creator)

    def denied(self, one: Endpoint, level: str, caller: Caller) -> PermissionDenied:
        """What is said to who does not have a level on an endpoint."""
        return PermissionDenied(
            f"User {caller.user_name} does not have permission to '{_VERBS[level]}' "
            f"serving endpoint with name '{one.name}'"
        )

    def require_named(self, name: str, level: str, caller: Caller) -> None:
        """The caller has a level on the endpoint of a name; one that does not exist is not refused here.

        Raises:
            PermissionDenied: they have not; nobody manages an endpoint of the platform's own.
        """
        if level == MANAGE:
            refuse_change(name)
        endpoint = None if caller.is_admin else self._endpoints.get((name,))
        if endpoint is not None:
            self.require_on(endpoint, level, caller)
