"""The list of jobs, in pages.

Real: the newest first, a filter by name whatever its case, at most 100 on a page, or an offset instead of a token
(documented: databricks-sdk's `JobsAPI.list`); who may not see a job does not find it.
"""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

from fakebricks.services.jobs.job_permissions import VIEW, JobPermissions
from fakebricks.services.jobs.jobs import Jobs
from fakebricks.services.jobs.records import Job
from fakebricks.services.search import PageTokens
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import InvalidParameterValue

_MOST = 100


class Page(NamedTuple):
    """Some of the jobs, and the token of the next ones."""

    jobs: list[Job]
    next_page_token: str | None


class JobSearch:
    """Finds the jobs of one workspace."""

    def __init__(self, jobs: Jobs, permissions: JobPermissions) -> None:
        self._jobs = jobs
        self._permissions = permissions

    def page(self, caller: Caller, *, name: str | None, limit: int, offset: int, page_token: str) -> Page:
        """One page of the jobs that the caller may see.

        Args:
            caller: who asks.
            name: theirs, whatever its case.
            limit: how many at most.
            offset: how many to leave out in the beginning.
            page_token: from the page before.

        Raises:
            InvalidParameterValue: a number or the token cannot be.
        """
        if not 1 <= limit <= _MOST:
            raise InvalidParameterValue(f"limit must be from 1 to {_MOST}, and is {limit}.")
        if offset < 0:
            raise InvalidParameterValue(f"offset must not be negative, and is {offset}.")
        if offset and page_token:
            raise InvalidParameterValue("offset and page_token cannot be given both.")
        tokens = PageTokens("jobs", name)
        place = tokens.read(page_token)
        after = (int(place[0]), int(place[1])) if place else None
        visible = (
            job
            for job in self._jobs.newest_first(after)
            if (name is None or job.name.lower() == name.lower()) and self._permissions.allows(job, VIEW, caller)
        )
        found = list(islice(visible, offset, offset + limit + 1))
        if len(found) <= limit:
            return Page(found, None)
        del found[-1]
        return Page(found, tokens.write([-found[-1].created_time, found[-1].job_id]))
