"""REST operations of the runs of jobs, which fakebricks does not compute: refused by name, with what to do instead."""

from __future__ import annotations

from fakebricks.services.jobs.jobs import Jobs
from fakebricks.wire.errors import NotImplementedByFakebricks
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes()


_VERSIONS = ("2.2", "2.1", "2.0")
_RUN_NOW = tuple(f"/api/{version}/jobs/run-now" for version in _VERSIONS)
_RUNS = tuple(f"/api/{version}/jobs/runs/<verb>" for version in _VERSIONS)


class OfRuns(Shape, forbid_unknown_fields=False):
    """What is asked does not matter."""


@routes.post(*_RUN_NOW, *_RUNS, raw=True)
@routes.get(*_RUNS, raw=True)
def run_job(jobs: Jobs, call: Call, body: OfRuns) -> None:
    raise NotImplementedByFakebricks(
        f"fakebricks does not implement runs of jobs ('{call.request.method} {call.request.path}'): the definitions of "
        "jobs are kept, and nothing is run. Call the code of the task in the test itself."
    )
