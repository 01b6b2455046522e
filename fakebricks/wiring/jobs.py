"""Jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.iam.access_control import AccessControl
from fakebricks.services.jobs.job_permissions import JobPermissions
from fakebricks.services.jobs.jobs import Jobs
from fakebricks.services.jobs.search import JobSearch

if TYPE_CHECKING:
    from fakebricks.wiring.services import Services


def wire(services: Services) -> None:
    """Add jobs, how they are searched, and who may."""
    jobs = Jobs(services.state, services.ids)
    permissions = JobPermissions(services[AccessControl], jobs)
    services.add(jobs, permissions, JobSearch(jobs, permissions))
