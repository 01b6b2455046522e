"""Permissions on SQL warehouses: who may see, use and manage which.

Real: CAN_VIEW, CAN_USE, CAN_MONITOR, IS_OWNER and CAN_MANAGE; exactly one owner, in the beginning who created it; the
starter warehouse is for everybody to use; a workspace's admins make new ones, and who may create clusters (documented).
Observed: what is said to who may not use one, and to who sets permissions without an owner. Inferred: that of the
starter warehouse; the other texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fakebricks.services.iam.access_control import GROUP, AccessControl
from fakebricks.services.iam.object_permissions import ObjectPermissions, ObjectType
from fakebricks.services.iam.people import USERS, People
from fakebricks.services.iam.records import Permission
from fakebricks.services.sql.records import Warehouse
from fakebricks.services.sql.warehouses import Warehouses
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import InvalidParameterValue, PermissionDenied

VIEW, USE, MONITOR, OWN, MANAGE = "CAN_VIEW", "CAN_USE", "CAN_MONITOR", "IS_OWNER", "CAN_MANAGE"

_CREATES_CLUSTERS = "allow-cluster-create"


class WarehousePermissions(ObjectPermissions[Warehouse]):
    """The permissions on the warehouses of one workspace.

    Attributes:
        warehouses: on which they are.
    """

    object_type = ObjectType(
        name="warehouses",
        called="warehouses",
        levels={  # inferred: the texts
            VIEW: "Can view the SQL warehouse",
            USE: "Can view and start the SQL warehouse and run queries on it",
            MONITOR: "Can use the SQL warehouse and view the queries of others",
            OWN: "Is the owner of the SQL warehouse",
            MANAGE: "Can use, monitor, edit, stop, delete and change permissions on the SQL warehouse",
        },
        owner=OWN,
    )

    def __init__(self, access_control: AccessControl, people: People, warehouses: Warehouses) -> None:
        super().__init__(access_control)
        self._people = people
        self.warehouses = warehouses

    def find(self, object_id: str) -> Warehouse | None:
        """The warehouse of that id, or None."""
        return self.warehouses.find(object_id)

    def get(self, object_id: str) -> Warehouse:
        """The warehouse of that id. Raises as `Warehouses.get`."""
        return self.warehouses.get(object_id)

    def object_id(self, one: Warehouse) -> str:
        """How permissions name a warehouse (documented: it has a part more than the path)."""
        return f"/sql/warehouses/{one.id}"

    def at_first(self, one: Warehouse) -> tuple[Permission, ...]:
        """A warehouse is owned by who created it; everybody may use the one that was there from the start."""
        owner = self.created_by(one.creator_name)
        if one.for_everybody:
            return (*owner, Permission(kind=GROUP, principal=USERS, level=USE))
        return owner

    def set(self, one: Warehouse, permissions: Iterable[Permission]) -> None:
        """Set the permissions on a warehouse. See `ObjectPermissions.set`."""
        asked = tuple(permissions)
        if not any(each.level == OWN for each in asked):
            raise InvalidParameterValue(
                f"PUT requests for warehouse {one.id} with no existing owner must provide a new owner."
            )
        super().set(one, asked)

    def denied(self, one: Warehouse, level: str, caller: Caller) -> PermissionDenied:  # noqa: ARG002 - one text for all
        """What is said to who does not have a level on a warehouse."""
        if level in (OWN, MANAGE):
            return PermissionDenied(
                f"{caller.user_name} is not authorized to manage this SQL Endpoint. Please contact the administrator."
            )
        return PermissionDenied(
            f"{caller.user_name} is not authorized to use or monitor this SQL Endpoint. "
            "Please contact the administrator."
        )

    def require_to_create(self, caller: Caller) -> None:
        """The caller may make a warehouse.

        Raises:
            PermissionDenied: they are no admin, and may not create clusters either.
        """
        if caller.is_admin or any(_CREATES_CLUSTERS in held for held in self._entitlements(caller)):
            return
        raise PermissionDenied("You do not have permission to create SQL warehouses.")

    def _entitlements(self, caller: Caller) -> Iterator[tuple[str, ...]]:
        person = self._people.get(caller.user_name)
        if person is not None:
            yield person.profile.entitlements
        for group in self._people.groups.all():
            if group.display_name in caller.groups:
                yield group.entitlements
