"""REST operations of the definitions of jobs, under the versions that databricks-sdks speak: 2.2, and 2.1 before.

Real: create, get, list, update, reset, delete, and permissions at creation. Kept and not looked at: what a job does,
and as whom (`run_as`). Refused: fields that are not those of databricks-sdk's `JobSettings`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fakebricks.services.iam.permissions_api import AccessControlRequest
from fakebricks.services.jobs.job_permissions import OWN, VIEW, JobPermissions
from fakebricks.services.jobs.jobs import Jobs, settings_of
from fakebricks.services.jobs.privileges import of_job
from fakebricks.services.jobs.records import Job
from fakebricks.services.jobs.search import JobSearch
from fakebricks.wire.operations import Answer, Call, Routes, Shape

routes = Routes()

_PAGE = 20
_OF_TASKS = ("tasks", "job_clusters")


class JobSettings(Shape):
    name: str | None = None
    description: str | None = None
    tags: dict[str, str] | None = None
    tasks: list[dict[str, Any]] | None = None
    job_clusters: list[dict[str, Any]] | None = None
    environments: list[dict[str, Any]] | None = None
    environment_variables: list[dict[str, Any]] | None = None
    parameters: list[dict[str, Any]] | None = None
    schedule: dict[str, Any] | None = None
    continuous: dict[str, Any] | None = None
    trigger: dict[str, Any] | None = None
    triggers: list[dict[str, Any]] | None = None
    queue: dict[str, Any] | None = None
    run_as: dict[str, Any] | None = None
    max_concurrent_runs: int | None = None
    timeout_seconds: int | None = None
    duration_target: str | None = None
    performance_target: str | None = None
    health: dict[str, Any] | None = None
    git_source: dict[str, Any] | None = None
    deployment: dict[str, Any] | None = None
    edit_mode: str | None = None
    format: str | None = None
    parent_path: str | None = None
    budget_policy_id: str | None = None
    usage_policy_id: str | None = None
    email_notifications: dict[str, Any] | None = None
    webhook_notifications: dict[str, Any] | None = None
    notification_settings: dict[str, Any] | None = None

    def told(self) -> dict[str, Any]:
        """The fields that were given."""
        given = ((name, getattr(self, name)) for name in JobSettings.__struct_fields__)
        return {name: value for name, value in given if value is not None}


class CreateJob(JobSettings):
    access_control_list: tuple[AccessControlRequest, ...] = ()


class OfJob(Shape):
    job_id: int


class GetJob(OfJob):
    page_token: str = ""


class ListJobs(Shape):
    limit: int = _PAGE
    offset: int = 0
    name: str | None = None
    expand_tasks: bool = False
    page_token: str = ""


class UpdateJob(OfJob):
    new_settings: JobSettings | None = None
    fields_to_remove: tuple[str, ...] = ()


class ResetJob(OfJob, kw_only=True):
    new_settings: JobSettings


class JobAnswer(Answer):
    job_id: int
    creator_user_name: str
    created_time: int
    settings: dict[str, Any]
    run_as_user_name: str | None = None


class JobsAnswer(Answer, omit_defaults=False):
    jobs: list[JobAnswer]
    has_more: bool
    next_page_token: str | msgspec.UnsetType = msgspec.UNSET


def _paths(verb: str) -> tuple[str, ...]:
    return tuple(f"/api/{version}/jobs/{verb}" for version in ("2.2", "2.1", "2.0"))


@routes.post(*_paths("create"))
def create_job(permissions: JobPermissions, call: Call, body: CreateJob) -> dict[str, int]:
    job = permissions.jobs.create(body.told(), call.caller, call.millis)
    permissions.set_at_creation(job, [one.permission for one in body.access_control_list])
    return {"job_id": job.job_id}


@routes.get(*_paths("get"), privilege=of_job(VIEW))
def get_job(permissions: JobPermissions, call: Call, body: GetJob) -> JobAnswer:
    """All of a job is on its first page, so that no answer has a token."""
    job = permissions.jobs.get(body.job_id)
    settings = settings_of(job)
    run_as = settings.get("run_as") or {}
    told = run_as.get("user_name") or run_as.get("service_principal_name")
    return _answer(job, settings, run_as_user_name=str(told or permissions.owner(job)))


@routes.get(*_paths("list"))
def list_jobs(search: JobSearch, call: Call, body: ListJobs) -> JobsAnswer:
    page = search.page(call.caller, name=body.name, limit=body.limit, offset=body.offset, page_token=body.page_token)
    found = [_answer(job, _summary(job, expanded=body.expand_tasks)) for job in page.jobs]
    return JobsAnswer(
        jobs=found,
        has_more=page.next_page_token is not None,
        next_page_token=page.next_page_token or msgspec.UNSET,
    )


@routes.post(*_paths("update"), privilege=of_job(OWN))
def update_job(jobs: Jobs, call: Call, body: UpdateJob) -> None:
    jobs.update(body.job_id, body.new_settings.told() if body.new_settings else {}, body.fields_to_remove)


@routes.post(*_paths("reset"), privilege=of_job(OWN))
def reset_job(jobs: Jobs, call: Call, body: ResetJob) -> None:
    jobs.reset(body.job_id, body.new_settings.told())


@routes.post(*_paths("delete"), privilege=of_job(OWN))
def delete_job(jobs: Jobs, call: Call, body: OfJob) -> None:
    jobs.delete(body.job_id)


def _summary(job: Job, *, expanded: bool) -> dict[str, Any]:
    settings = settings_of(job)
    return settings if expanded else {name: value for name, value in settings.items() if name not in _OF_TASKS}


def _answer(job: Job, settings: dict[str, Any], run_as_user_name: str | None = None) -> JobAnswer:
    return JobAnswer(
        job_id=job.job_id,
        creator_user_name=job.creator_user_name,
        created_time=job.created_time,
        settings=settings,
        run_as_user_name=run_as_user_name,
    )
