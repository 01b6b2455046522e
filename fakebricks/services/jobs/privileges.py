"""What a caller must be allowed, per operation of jobs.

Real: to see a job takes CAN_VIEW, to edit or delete it IS_OWNER or CAN_MANAGE (documented).
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.jobs.job_permissions import JobPermissions
from fakebricks.wire.operations import Call, Privilege


def of_job(level: str) -> Privilege:
    """To have a level on the job that the request names."""

    def check(permissions: JobPermissions, call: Call, body: Any) -> None:
        permissions.require(str(body.job_id), level, call.caller)

    return check
