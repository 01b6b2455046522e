"""Permissions on experiments: who may read, edit and manage which.

Real: CAN_READ, CAN_EDIT and CAN_MANAGE (documented), set on an experiment or inherited from the folder that it is in;
admins may manage everything; who creates an experiment may manage it until other permissions are set.
Observed: the text of a refusal. Inferred: its third verb, what inheritance is said to come from, and that the list of
permissions is for those who manage.
Refused: permissions on the notebooks of experiments, which the fake does not have.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from fakebricks.services.iam.access_control import GROUP, USER, AccessControl, concerns
from fakebricks.services.iam.people import USERS
from fakebricks.services.iam.records import Permission
from fakebricks.services.tracking.experiments import Experiments
from fakebricks.services.tracking.records import Experiment
from fakebricks.services.workspace.directories import Directories
from fakebricks.services.workspace.tree_permissions import holder_of
from fakebricks.wire.authentication import ADMINS, Caller
from fakebricks.wire.errors import PermissionDenied


class Access(IntEnum):
    """What may be done with an experiment and all that is in it; each includes those before."""

    VIEW = 1
    EDIT = 2
    MANAGE = 3


VIEW, EDIT, MANAGE = Access
LEVELS = {"CAN_READ": VIEW, "CAN_EDIT": EDIT, "CAN_MANAGE": MANAGE}

_CAN_MANAGE = "CAN_MANAGE"


class Inherited(NamedTuple):
    """A permission that comes from a folder, and that folder."""

    permission: Permission
    from_object: str


class ExperimentPermissions:
    """The permissions on the experiments of one workspace."""

    def __init__(self, experiments: Experiments, access_control: AccessControl, directories: Directories) -> None:
        self._experiments = experiments
        self._access_control = access_control
        self._directories = directories

    def allows(self, experiment: Experiment, access: Access, caller: Caller) -> bool:
        """Whether the caller may do that with an experiment."""
        if caller.is_admin:
            return True
        holder = holder_of(experiment.name)
        if holder is not None and holder.includes(caller):
            return True
        return any(LEVELS[one.level] >= access and concerns(one, caller) for one in self.direct(experiment))

    def require(self, experiment_id: str, access: Access, caller: Caller) -> None:
        """The caller may do that with an experiment; one that does not exist is not refused here.

        Raises:
            PermissionDenied: they may not.
        """
        if caller.is_admin:
            return
        experiment = self._experiments.find(experiment_id)
        if experiment is not None and not self.allows(experiment, access, caller):
            raise PermissionDenied(
                f"User {caller.user_name} does not have permission to '{access.name.title()}' "
                f"experiment with id {experiment_id}"
            )

    # What the workspace tree asks

    def require_manage(self, experiment_id: str, caller: Caller) -> None:
        """The caller may delete an experiment, or `require` raises."""
        self.require(experiment_id, MANAGE, caller)

    def require_view(self, experiment_id: str, caller: Caller) -> None:
        """The caller may see an experiment, or `require` raises."""
        self.require(experiment_id, VIEW, caller)

    def may_view(self, experiment_id: str, caller: Caller) -> bool:
        """Whether the caller may see an experiment that exists."""
        return self.allows(self._experiments.get(experiment_id), VIEW, caller)

    # What people set

    def direct(self, experiment: Experiment) -> tuple[Permission, ...]:
        """The permissions that were set on an experiment; in the beginning, that of who created it."""
        found = self._access_control.of(object_id(experiment))
        return found if found is not None else (_manages(USER, experiment.owner_email),)

    def inherited(self, experiment: Experiment) -> list[Inherited]:
        """The permissions that an experiment has from where it is."""
        found = [Inherited(_manages(GROUP, ADMINS), self._directory("/"))]
        holder = holder_of(experiment.name)
        if holder is None:
            return found
        kind, principal = (GROUP, USERS) if holder.user_name is None else (USER, holder.user_name)
        return [Inherited(_manages(kind, principal), self._directory(holder.folder)), *found]

    def set(self, experiment: Experiment, permissions: Iterable[Permission]) -> None:
        """Set the permissions on an experiment, in place of those that were set before; see `AccessControl.set`."""
        self._access_control.set(object_id(experiment), permissions, _CAN_MANAGE)

    def update(self, experiment: Experiment, permissions: Iterable[Permission]) -> None:
        """Set the permissions of some principals on an experiment; those of others stay."""
        self.set(experiment, [*self.direct(experiment), *permissions])

    def display_name(self, permission: Permission) -> str | None:
        """How the person is called whose permission it is."""
        return self._access_control.display_name(permission)

    def experiment(self, experiment_id: str) -> Experiment:
        """The experiment of that id; see `Experiments.get`."""
        return self._experiments.get(experiment_id)

    def _directory(self, path: str) -> str:
        return f"/directories/{self._directories.get(path).object_id}"


def object_id(experiment: Experiment) -> str:
    """How permissions name an experiment."""
    return f"/experiments/{experiment.experiment_id}"


def _manages(kind: str, principal: str) -> Permission:
    return Permission(kind=kind, principal=principal, level=_CAN_MANAGE)
