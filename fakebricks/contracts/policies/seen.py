"""What policies look at: the calls so far, and the workspace as its user's own calls show it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote

from fakebricks.wire import Request
from fakebricks.wire.calls import CallRecord
from fakebricks.workspace import Workspace

_ENDPOINTS = "/api/2.0/serving-endpoints"
_JOBS = "/api/2.2/jobs/list"
_RUN = "/api/2.0/mlflow/runs/get"
_OF_A_VERSION = re.compile(r"/Models/([^/]+)/([^/]+)/([^/]+)/(\d+)/(.+)")
_KEPT_BODY = 64 * 1024  # of which the call log may have cut off the rest


class PoliciesBlindError(RuntimeError):
    """The workspace does not let its own user look, as where a fault is still injected."""


class ModelFile(NamedTuple):
    """A file of a registered model version that a call has read or written."""

    model: str
    version: str
    path: str
    call: CallRecord


class Seen:
    """A workspace as it is when it is looked at; the calls are those before that.

    Raises:
        PoliciesBlindError: by what asks the workspace, where it does not answer.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.calls = tuple(workspace.calls)
        self.runs = tuple(workspace.runs)

    @cached_property
    def endpoints(self) -> list[dict[str, Any]]:
        """The serving endpoints, in full."""
        listed = self._get(_ENDPOINTS).get("endpoints", [])
        return [self._get(f"{_ENDPOINTS}/{quote(one['name'], safe='')}") for one in listed]

    @cached_property
    def jobs(self) -> list[dict[str, Any]]:
        """The jobs with their settings."""
        jobs: list[dict[str, Any]] = []
        page = ""
        while True:
            told = self._get(
                _JOBS, f"expand_tasks=true&limit=100&page_token={quote(page)}" if page else "expand_tasks=true"
            )
            jobs += told.get("jobs", [])
            page = told.get("next_page_token", "")
            if not page:
                return jobs

    def data_of(self, run_id: str) -> set[str]:
        """Where the data sets of a run come from, as MLflow names the types of sources, such as `delta_table`."""
        inputs = self._get(_RUN, f"run_id={quote(run_id)}")["run"].get("inputs", {})
        return {one["dataset"].get("source_type", "") for one in inputs.get("dataset_inputs", [])}

    def read(self) -> Iterator[ModelFile]:
        """The files of registered versions that were read."""
        return self._files("GET")

    def written(self, name: str) -> Iterator[tuple[ModelFile, str]]:
        """The files of that name which versions were registered with, and their text where the log has all of it."""
        for file in self._files("PUT"):
            if file.path == name and len(file.call.request_body) < _KEPT_BODY:
                yield file, file.call.request_body.decode(errors="replace")

    def _files(self, method: str) -> Iterator[ModelFile]:
        for call in self.calls:
            found = _OF_A_VERSION.search(call.path) if call.method == method and succeeded(call) else None
            if found:
                yield ModelFile(".".join(found.group(1, 2, 3)), found[4], found[5], call)

    def _get(self, path: str, query: str = "") -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self._workspace.token}"}
        reply = self._workspace.handle(Request.of("GET", f"{path}?{query}" if query else path, headers))
        if reply.status != HTTPStatus.OK:
            message = f"policies cannot see what the workspace has: GET {path} is answered {reply.status}"
            raise PoliciesBlindError(message)
        told: dict[str, Any] = reply.json()
        return told


def succeeded(call: CallRecord) -> bool:
    """Whether a call was answered with what it asked for."""
    return HTTPStatus.OK <= call.status < HTTPStatus.MULTIPLE_CHOICES
