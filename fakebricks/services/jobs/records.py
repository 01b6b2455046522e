"""Stored shapes of jobs. Times are milliseconds since the epoch."""

from __future__ import annotations

from fakebricks.state import Record


class Job(Record, frozen=True):
    """A job, stored under its id."""

    job_id: int
    creator_user_name: str
    created_time: int
    name: str
    settings: bytes
    """The settings as JSON, as they were told, with the platform's defaults."""


class JobId(Record, frozen=True):
    """An entry of the index of jobs by creation, stored under the time, negated, and the id."""

    job_id: int
