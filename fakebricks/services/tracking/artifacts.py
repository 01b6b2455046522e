"""Artifacts of runs, logged models and traces: one store, which the Files API and the artifact routes both look into.

Real: artifacts belong to a run, a logged model or a trace that exists, are listed, and travel by signed URLs or by the
Files API under `/WorkspaceInternal/Mlflow/Artifacts` (observed in MLflow's client). A deleted run's artifacts are still
read, and no more written (inferred). Uploads in parts are in `artifact_uploads`.
"""

from __future__ import annotations

from collections.abc import Iterator

from fakebricks.services.files.files import Files
from fakebricks.services.files.paths import Parts, joined, parts_of, relative_parts_of
from fakebricks.services.files.records import FileEntry
from fakebricks.services.files.signed_urls import SignedUrls
from fakebricks.services.tracking.logged_models import LoggedModels
from fakebricks.services.tracking.runs import Runs
from fakebricks.services.tracking.traces.traces import Traces
from fakebricks.wire.errors import InvalidParameterValue, ResourceDoesNotExist

ROOT = "WorkspaceInternal"
_PREFIX = (ROOT, "Mlflow", "Artifacts")
_DEPTH = 6

EXPERIMENT_PART = 3
"""Which part of a path says the experiment."""


class Artifacts:
    """The artifacts of one workspace. Paths are relative to the artifact root of their run, logged model or trace."""

    def __init__(
        self, files: Files, signed_urls: SignedUrls, runs: Runs, logged_models: LoggedModels, traces: Traces
    ) -> None:
        self._files = files
        self._signed_urls = signed_urls
        self._runs = runs
        self._logged_models = logged_models
        self._traces = traces

    # The root `/WorkspaceInternal` of the workspace's storage

    def readable(self, parts: Parts) -> Parts:
        """The path as it is stored; its run, logged model or trace must exist."""
        self._check(parts, writing=False)
        return parts

    def writable(self, parts: Parts) -> Parts:
        """The path as it is stored; its run, logged model or trace must exist and not be deleted."""
        self._check(parts, writing=True)
        return parts

    # What the artifact routes offer

    def of_run(self, run_id: str) -> tuple[str, str]:
        """The directory of a run's artifacts, and the URI that clients know it by."""
        run = self._runs.get(run_id)
        return joined((*_PREFIX, run.experiment_id, "Runs", run_id, "artifacts")), run.artifact_uri

    def of_logged_model(self, model_id: str) -> tuple[str, str]:
        """The directory of a logged model's artifacts, and the URI that clients know it by."""
        model = self._logged_models.get(model_id)
        return joined((*_PREFIX, model.experiment_id, "LoggedModels", model_id, "artifacts")), model.artifact_uri

    def of_trace(self, trace_id: str) -> str:
        """The directory of a trace's data."""
        return joined((*_PREFIX, self._traces.get(trace_id).experiment_id, "Traces", trace_id, "artifacts"))

    def list(self, directory: str, path: str, after: str | None = None) -> Iterator[tuple[str, FileEntry]]:
        """What stands at a path: the contents of a directory by name, or the file itself.

        Args:
            directory: of all artifacts of a run or logged model.
            path: relative to it.
            after: a name; only what follows it is listed.
        """
        relative = relative_parts_of(path)
        entry = self._files.find(_below(directory, relative))
        if entry is None:
            return
        if not entry.is_directory:
            yield "/".join(relative), entry
            return
        for one in self._files.list(entry.path, after):
            yield "/".join((*relative, one.name)), one

    def read_url(self, directory: str, path: str, base_url: str) -> str:
        """A signed URL to download an artifact.

        Raises:
            ResourceDoesNotExist: there is no such file.
        """
        entry = self._files.find(_below(directory, relative_parts_of(path)))
        if entry is None or entry.is_directory:
            raise ResourceDoesNotExist(f"The artifact '{path}' does not exist.")
        return self._signed_urls.sign("GET", entry.path, base_url)

    def write_url(self, directory: str, path: str, base_url: str) -> str:
        """A signed URL to upload an artifact; see `stored`."""
        return self._signed_urls.sign("PUT", self.stored(directory, path), base_url)

    def stored(self, directory: str, path: str) -> str:
        """Where an artifact is stored that is to be written.

        Raises:
            InvalidParameterValue: the path is empty or breaks a rule.
        """
        relative = relative_parts_of(path)
        if not relative:
            raise InvalidParameterValue("Invalid artifact path: it is empty.")
        return joined(self.writable(parts_of(_below(directory, relative))))

    def _check(self, parts: Parts, *, writing: bool) -> None:
        if parts[:3] != _PREFIX or len(parts) < _DEPTH or parts[4] not in ("Runs", "LoggedModels", "Traces"):
            form = f"'{joined(_PREFIX)}/<experiment>/Runs/<run>', '.../LoggedModels/<model>' or '.../Traces/<trace>'"
            raise InvalidParameterValue(f"Invalid path: '{joined(parts)}' is not below {form}.")
        experiment_id, kind, owner = parts[EXPERIMENT_PART:_DEPTH]
        if self._experiment_of(kind, owner, writing=writing) != experiment_id:
            raise ResourceDoesNotExist(
                f"Experiment '{experiment_id}' has no such run, logged model or trace: '{owner}'."
            )

    def _experiment_of(self, kind: str, owner: str, *, writing: bool) -> str:
        if kind == "LoggedModels":
            return self._logged_models.get(owner).experiment_id
        if kind == "Traces":
            return self._traces.get(owner).experiment_id
        return (self._runs.active(owner) if writing else self._runs.get(owner)).experiment_id


def _below(directory: str, relative: Parts) -> str:
    return joined((*parts_of(directory), *relative))
