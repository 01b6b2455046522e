"""Permissions on experiments: who may read, edit and manage which.

Real: CAN_READ, CAN_EDIT and CAN_MANAGE (documented), set on an experiment or inherited from the folders that it is in;
admins may manage everything; who creates an experiment may manage it until other permissions are set.
Observed: the text of a refusal. Inferred: its third verb, what inheritance is said to come from, that CAN_RUN on a
folder lets read the experiments in it.
Refused: permissions on the notebooks of experiments, which the fake does not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec.structs import replace

from fakebricks.services.iam.access_control import AccessControl
from fakebricks.services.iam.object_permissions import Inherited, ObjectPermissions, ObjectType
from fakebricks.services.iam.records import Permission
from fakebricks.services.tracking.experiments import Experiments
from fakebricks.services.tracking.records import Experiment
from fakebricks.services.workspace.folder_permissions import RUN, FolderPermissions
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import PermissionDenied

Access = Literal["CAN_READ", "CAN_EDIT", "CAN_MANAGE"]
"""What may be done with an experiment and all that is in it; each includes those before."""

VIEW: Access = "CAN_READ"
EDIT: Access = "CAN_EDIT"
MANAGE: Access = "CAN_MANAGE"

_VERBS: dict[str, str] = {VIEW: "View", EDIT: "Edit", MANAGE: "Manage"}


class ExperimentPermissions(ObjectPermissions[Experiment]):
    """The permissions on the experiments of one workspace."""

    object_type = ObjectType(
        name="experiments",
        called="mlflowExperiment",
        levels={  # inferred: the texts
            VIEW: "Can view the experiment",
            EDIT: "Can view, log to and edit the experiment",
            MANAGE: "Can view, log to, edit, delete and change permissions on the experiment",
        },
    )

    def __init__(self, access_control: AccessControl, experiments: Experiments, folders: FolderPermissions) -> None:
        super().__init__(access_control)
        self._experiments = experiments
        self._folders = folders

    def find(self, object_id: str) -> Experiment | None:
        """The experiment of that id, deleted ones too, or None."""
        return self._experiments.find(object_id)

    def get(self, object_id: str) -> Experiment:
        """The experiment of that id; see `Experiments.get`."""
        return self._experiments.get(object_id)

    def object_id(self, one: Experiment) -> str:
        """How permissions name an experiment."""
        return self.object_type.object_id(one.experiment_id)

    def at_first(self, one: Experiment) -> tuple[Permission, ...]:
        """An experiment is managed by who created it."""
        return self.created_by(one.owner_email)

    def inherited(self, one: Experiment) -> Iterator[Inherited]:
        """What an experiment has from the folders that it is in."""
        for permission, folder in self._folders.passed_on(one.name):
            lets_read = permission.level == RUN
            yield Inherited(replace(permission, level=VIEW) if lets_read else permission, folder)

    def denied(self, one: Experiment, level: str, caller: Caller) -> PermissionDenied:
        """What is said to who does not have a level on an experiment."""
        return PermissionDenied(
            f"User {caller.user_name} does not have permission to '{_VERBS[level]}' "
            f"experiment with id {one.experiment_id}"
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
