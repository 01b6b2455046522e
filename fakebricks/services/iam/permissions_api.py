"""REST operations of object permissions, for every type of objects, as databricks-sdk speaks them.

Real: experiments, directories, registered models of the workspace registry, serving endpoints, jobs, SQL warehouses.
Refused by name: the other types of the platform, whose objects the fake does not have.
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.iam.access_control import GROUP, SERVICE_PRINCIPAL, USER
from fakebricks.services.iam.object_permissions import ObjectPermissions, PermissionsByType
from fakebricks.services.iam.object_privileges import manages, sees
from fakebricks.services.iam.records import Permission
from fakebricks.wire.errors import InvalidParameterValue
from fakebricks.wire.operations import Answer, Call, Routes, Shape

routes = Routes()

_PATH = "/api/2.0/permissions/<object_type>/<object_id>"
_OF_SQL = "/api/2.0/permissions/sql/<object_type>/<object_id>"  # what belongs to SQL has a path of one part more


class OfObject(Shape):
    object_type: str
    object_id: str


class AccessControlRequest(Shape):
    permission_level: str
    user_name: str = ""
    group_name: str = ""
    service_principal_name: str = ""

    @property
    def permission(self) -> Permission:
        """What is asked.

        Raises:
            InvalidParameterValue: it is not for one principal.
        """
        named = {USER: self.user_name, GROUP: self.group_name, SERVICE_PRINCIPAL: self.service_principal_name}
        given = [(kind, name) for kind, name in named.items() if name]
        if len(given) != 1:
            raise InvalidParameterValue(
                "Exactly one of 'user_name', 'group_name' and 'service_principal_name' must be given in each element "
                "of 'access_control_list'."
            )
        return Permission(kind=given[0][0], principal=given[0][1], level=self.permission_level)


class SetPermissions(OfObject, kw_only=True):
    access_control_list: tuple[AccessControlRequest, ...] = ()


class PermissionAnswer(Answer):
    permission_level: str
    inherited: bool
    inherited_from_object: list[str] | None = None


class PermissionsAnswer(Answer):
    object_id: str
    object_type: str
    access_control_list: list[dict[str, Any]]

    @classmethod
    def of(cls, permissions: ObjectPermissions[Any], one: Any) -> PermissionsAnswer:
        by_principal: dict[tuple[str, str], dict[str, Any]] = {}

        def add(held: Permission, answer: PermissionAnswer) -> None:
            name = permissions.display_name(held)
            told = {held.kind: held.principal, **({"display_name": name} if name else {}), "all_permissions": []}
            by_principal.setdefault((held.kind, held.principal), told)["all_permissions"].append(answer)

        for held in permissions.direct(one):
            add(held, PermissionAnswer(permission_level=held.level, inherited=False))
        for held, origin in permissions.inherited(one):
            add(held, PermissionAnswer(permission_level=held.level, inherited=True, inherited_from_object=[origin]))
        return cls(
            object_id=permissions.object_id(one),
            object_type=permissions.object_type.called,
            access_control_list=list(by_principal.values()),
        )


@routes.get(_PATH, _OF_SQL, privilege=manages)
def get_permissions(permissions: PermissionsByType, call: Call, body: OfObject) -> PermissionsAnswer:
    of_type = permissions.of(body.object_type)
    return PermissionsAnswer.of(of_type, of_type.get(body.object_id))


@routes.put(_PATH, _OF_SQL, privilege=manages)
def set_permissions(permissions: PermissionsByType, call: Call, body: SetPermissions) -> PermissionsAnswer:
    of_type = permissions.of(body.object_type)
    one = of_type.get(body.object_id)
    of_type.set(one, [asked.permission for asked in body.access_control_list])
    return PermissionsAnswer.of(of_type, one)


@routes.patch(_PATH, _OF_SQL, privilege=manages)
def update_permissions(permissions: PermissionsByType, call: Call, body: SetPermissions) -> PermissionsAnswer:
    of_type = permissions.of(body.object_type)
    one = of_type.get(body.object_id)
    of_type.update(one, [asked.permission for asked in body.access_control_list])
    return PermissionsAnswer.of(of_type, one)


@routes.get(f"{_PATH}/permissionLevels", f"{_OF_SQL}/permissionLevels", privilege=sees)
def get_permission_levels(permissions: PermissionsByType, call: Call, body: OfObject) -> dict[str, Any]:
    of_type = permissions.of(body.object_type)
    of_type.get(body.object_id)
    levels = of_type.object_type.levels.items()
    return {"permission_levels": [{"permission_level": level, "description": told} for level, told in levels]}
