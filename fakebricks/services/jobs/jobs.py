"""Jobs: create, look at, change and delete their definitions.

Real: settings, defaults, updates, ids, who made a job and when, lists with the newest first. Refused: running them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from fakebricks.ids import Ids
from fakebricks.services.jobs import settings
from fakebricks.services.jobs.records import Job, JobId
from fakebricks.services.jobs.settings import Settings
from fakebricks.state import State
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import InvalidParameterValue


class Jobs:
    """The jobs of one workspace."""

    def __init__(self, state: State, ids: Ids) -> None:
        self._jobs = state.table("jobs", Job)
        self._newest = state.table("jobs_by_creation", JobId)
        self._ids = ids

    def create(self, told: Mapping[str, Any], caller: Caller, millis: int) -> Job:
        """A new job.

        Raises:
            InvalidParameterValue, NotImplementedByFakebricks: see `settings.complete`.
        """
        complete = settings.complete(told)
        job = Job(
            job_id=int(self._ids.number()),
            creator_user_name=caller.user_name,
            created_time=millis,
            name=complete["name"],
            settings=msgspec.json.encode(complete),
        )
        self._jobs.put((job.job_id,), job)
        self._newest.put((-millis, job.job_id), JobId(job_id=job.job_id))
        return job

    def find(self, job_id: int) -> Job | None:
        """The job of that id, or None."""
        return self._jobs.get((job_id,))

    def get(self, job_id: int) -> Job:
        """The job of that id.

        Raises:
            InvalidParameterValue: there is none (documented: it is not a 404).
        """
        job = self.find(job_id)
        if job is None:
            raise missing(str(job_id))
        return job

    def newest_first(self, after: tuple[int, int] | None = None) -> Iterator[Job]:
        """All jobs, from the one after a place, which is the time of creation, negated, and the id."""
        for _, entry in self._newest.scan(after=after):
            yield self.get(entry.job_id)

    def reset(self, job_id: int, told: Mapping[str, Any]) -> Job:
        """Replace all settings of a job. Raises as `get` and `create`."""
        return self._put(self.get(job_id), settings.complete(told))

    def update(self, job_id: int, new: Mapping[str, Any], remove: tuple[str, ...]) -> Job:
        """Change some settings of a job. Raises as `get` and `settings.changed`."""
        job = self.get(job_id)
        return self._put(job, settings.changed(settings_of(job), new, remove))

    def delete(self, job_id: int) -> None:
        """Remove a job. Raises as `get`."""
        job = self.get(job_id)
        self._jobs.delete((job_id,))
        self._newest.delete((-job.created_time, job_id))

    def _put(self, job: Job, complete: Settings) -> Job:
        job = replace(job, name=complete["name"], settings=msgspec.json.encode(complete))
        self._jobs.put((job.job_id,), job)
        return job


def settings_of(job: Job) -> Settings:
    """The settings of a job."""
    decoded: Settings = msgspec.json.decode(job.settings)
    return decoded


def missing(job_id: str) -> InvalidParameterValue:
    """What is said where there is no job of an id (documented: databricks-sdk maps it to ResourceDoesNotExist)."""
    return InvalidParameterValue(f"Job {job_id} does not exist.")
