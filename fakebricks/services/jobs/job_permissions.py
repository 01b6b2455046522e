"""Permissions on jobs: who may see, run and manage which.

Real: CAN_VIEW, CAN_MANAGE_RUN, IS_OWNER and CAN_MANAGE; exactly one owner, who is no group, in the beginning who
created the job (documented). Mirrored from the Databricks CLI's own test server: the texts of refusals.
"""

from __future__ import annotations

from collections.abc import Sequence

from fakebricks.services.iam.access_control import AccessControl
from fakebricks.services.iam.object_permissions import ObjectPermissions, ObjectType
from fakebricks.services.iam.records import Permission
from fakebricks.services.jobs.jobs import Jobs, missing
from fakebricks.services.jobs.records import Job
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import PermissionDenied

VIEW, MANAGE_RUN, OWN, MANAGE = "CAN_VIEW", "CAN_MANAGE_RUN", "IS_OWNER", "CAN_MANAGE"

_LONGEST_ID = 18


class JobPermissions(ObjectPermissions[Job]):
    """The permissions on the jobs of one workspace.

    Attributes:
        jobs: on which they are.
    """

    object_type = ObjectType(
        name="jobs",
        called="job",
        levels={  # inferred: the texts
            VIEW: "Can view the job and the results of its runs",
            MANAGE_RUN: "Can view the job, run it and cancel its runs",
            OWN: "Is the owner of the job, as whom it runs",
            MANAGE: "Can view, run, edit, delete and change permissions on the job",
        },
        owner=OWN,
    )

    def __init__(self, access_control: AccessControl, jobs: Jobs) -> None:
        super().__init__(access_control)
        self.jobs = jobs

    def find(self, object_id: str) -> Job | None:
        """The job of that id, or None."""
        is_number = object_id.isascii() and object_id.isdecimal() and len(object_id) <= _LONGEST_ID
        return self.jobs.find(int(object_id)) if is_number else None

    def get(self, object_id: str) -> Job:
        """The job of that id.

        Raises:
            InvalidParameterValue: there is none.
        """
        job = self.find(object_id)
        if job is None:
            raise missing(object_id)
        return job

    def object_id(self, one: Job) -> str:
        """How permissions name a job."""
        return self.object_type.object_id(str(one.job_id))

    def at_first(self, one: Job) -> tuple[Permission, ...]:
        """A job is owned by who created it."""
        return self.created_by(one.creator_user_name)

    def denied(self, one: Job, level: str, caller: Caller) -> PermissionDenied:
        """What is said to who does not have a level on a job."""
        user, job = caller.user_name, one.job_id
        if level == MANAGE:
            return PermissionDenied(
                f"{user} does not have Manage permissions on Job with ID: ElasticJobId({job}). "
                "Please contact the owner or an administrator for access."
            )
        needed = "Admin or Owner" if level == OWN else "View or Admin or Manage Run or Owner"
        return PermissionDenied(f"User {user} does not have {needed} permissions on job {job}")

    def set_at_creation(self, job: Job, permissions: Sequence[Permission]) -> None:
        """Set the permissions that a new job is to have; if they name no owner, its creator stays that. See `set`."""
        if any(one.level == OWN for one in permissions):
            self.set(job, permissions)
        elif permissions:
            self.update(job, permissions)

    def owner(self, job: Job) -> str:
        """Who owns a job: its creator, where its owner is no longer there."""
        return next((one.principal for one in self.direct(job) if one.level == OWN), job.creator_user_name)
