"""REST operations of the permissions on experiments, as databricks-sdk speaks them."""

from __future__ import annotations

from typing import Any, Literal

from fakebricks.services.iam.access_control import GROUP, SERVICE_PRINCIPAL, USER
from fakebricks.services.iam.records import Permission
from fakebricks.services.tracking.experiment_permissions import MANAGE, VIEW, ExperimentPermissions, object_id
from fakebricks.services.tracking.privileges import of_experiment
from fakebricks.services.tracking.records import Experiment
from fakebricks.wire.errors import InvalidParameterValue
from fakebricks.wire.operations import Answer, Call, Routes, Shape

routes = Routes()

_PATH = "/api/2.0/permissions/experiments/<experiment_id>"

# Inferred: the texts.
_DESCRIPTIONS = {
    "CAN_READ": "Can view the experiment",
    "CAN_EDIT": "Can view, log to and edit the experiment",
    "CAN_MANAGE": "Can view, log to, edit, delete and change permissions on the experiment",
}


class OfExperiment(Shape):
    experiment_id: str


class AccessControlRequest(Shape):
    permission_level: Literal["CAN_READ", "CAN_EDIT", "CAN_MANAGE"]
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


class SetPermissions(OfExperiment, kw_only=True):
    access_control_list: tuple[AccessControlRequest, ...] = ()


class PermissionAnswer(Answer):
    permission_level: str
    inherited: bool
    inherited_from_object: list[str] | None = None


class ExperimentPermissionsAnswer(Answer):
    object_id: str
    object_type: str
    access_control_list: list[dict[str, Any]]

    @classmethod
    def of(cls, permissions: ExperimentPermissions, experiment: Experiment) -> ExperimentPermissionsAnswer:
        by_principal: dict[tuple[str, str], dict[str, Any]] = {}

        def add(one: Permission, answer: PermissionAnswer) -> None:
            name = permissions.display_name(one)
            told = {one.kind: one.principal, **({"display_name": name} if name else {}), "all_permissions": []}
            by_principal.setdefault((one.kind, one.principal), told)["all_permissions"].append(answer)

        for one in permissions.direct(experiment):
            add(one, PermissionAnswer(permission_level=one.level, inherited=False))
        for one, folder in permissions.inherited(experiment):
            add(one, PermissionAnswer(permission_level=one.level, inherited=True, inherited_from_object=[folder]))
        return cls(
            object_id=object_id(experiment),
            object_type="mlflowExperiment",
            access_control_list=list(by_principal.values()),
        )


@routes.get(_PATH, privilege=of_experiment(MANAGE))
def get_experiment_permissions(
    permissions: ExperimentPermissions, call: Call, body: OfExperiment
) -> ExperimentPermissionsAnswer:
    return ExperimentPermissionsAnswer.of(permissions, permissions.experiment(body.experiment_id))


@routes.put(_PATH, privilege=of_experiment(MANAGE))
def set_experiment_permissions(
    permissions: ExperimentPermissions, call: Call, body: SetPermissions
) -> ExperimentPermissionsAnswer:
    experiment = permissions.experiment(body.experiment_id)
    permissions.set(experiment, [one.permission for one in body.access_control_list])
    return ExperimentPermissionsAnswer.of(permissions, experiment)


@routes.patch(_PATH, privilege=of_experiment(MANAGE))
def update_experiment_permissions(
    permissions: ExperimentPermissions, call: Call, body: SetPermissions
) -> ExperimentPermissionsAnswer:
    experiment = permissions.experiment(body.experiment_id)
    permissions.update(experiment, [one.permission for one in body.access_control_list])
    return ExperimentPermissionsAnswer.of(permissions, experiment)


@routes.get(f"{_PATH}/permissionLevels", privilege=of_experiment(VIEW))
def get_experiment_permission_levels(
    permissions: ExperimentPermissions, call: Call, body: OfExperiment
) -> dict[str, Any]:
    permissions.experiment(body.experiment_id)
    return {
        "permission_levels": [
            {"permission_level": level, "description": description} for level, description in _DESCRIPTIONS.items()
        ]
    }
