"""Where the files are that a model version is made from.

Real: the artifacts of runs and logged models of this workspace, under the URI that clients know them by,
`models:/<id of a logged model>`, and directories of DBFS. What is at no such place does not exist here, local paths
included. Refused: what is on a volume, or would be in a cloud's storage.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fakebricks.services.dbfs import dbfs
from fakebricks.services.files.files import Files
from fakebricks.services.files.paths import joined, parts_of, relative_parts_of
from fakebricks.services.tracking.artifacts import Artifacts
from fakebricks.services.tracking.logged_models import LoggedModels
from fakebricks.wire.errors import NotImplementedByFakebricks, ResourceDoesNotExist

_TRACKED = re.compile(r"(?P<uri>.*/(?P<owner>m-[0-9a-f]{32}|[0-9a-f]{32})/artifacts)(?:/(?P<path>.*))?", re.DOTALL)
_LOGGED_MODEL = re.compile(r"models:/(?P<model_id>m-[0-9a-f]{32})")
_VOLUME = re.compile(r"dbfs:/+Volumes/")
_DBFS = "dbfs:"
_VERSION = re.compile(r"models:/(?P<name>[^/]+)/(?P<version>[0-9]+)")
_CLOUD = re.compile(r"(?:s3a?|abfss?|wasbs?|adl|gs|https?|hdfs):", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """What a source leads to: a directory within `Files`, and what made what is in it, as far as known."""

    directory: str | None
    run_id: str = ""
    model_id: str = ""


class Sources:
    """Finds the files of sources among the artifacts of one workspace."""

    def __init__(self, files: Files, artifacts: Artifacts, logged_models: LoggedModels) -> None:
        self._files = files
        self._artifacts = artifacts
        self._logged_models = logged_models

    def find(self, source: str) -> Source:
        """What a source leads to.

        Raises:
            ResourceDoesNotExist: it names a logged model that does not exist.
            InvalidParameterValue: its path breaks a rule.
            NotImplementedByFakebricks: it is on a volume or in a cloud's storage.
        """
        if of_model := _LOGGED_MODEL.fullmatch(source):
            model = self._logged_models.get(of_model["model_id"])
            return Source(self._artifacts.of_logged_model(model.model_id)[0], model.source_run_id or "")
        if _CLOUD.match(source):
            raise NotImplementedByFakebricks(
                f"fakebricks does not read model files from a cloud's storage ('{source}'). Log the model to a run, "
                "and register it from there."
            )
        if _VOLUME.match(source):
            raise NotImplementedByFakebricks(
                f"fakebricks does not copy model files from a volume ('{source}') into the workspace model registry. "
                "Register the model in Unity Catalog, or log it to an experiment with the default artifact location."
            )
        return Source(self._tracked(source) or self._on_dbfs(source))

    def run_of(self, model_id: str) -> str:
        """The run that made a logged model, or nothing.

        Raises:
            ResourceDoesNotExist: there is no such logged model.
        """
        return self._logged_models.get(model_id).source_run_id or ""

    def _tracked(self, source: str) -> str | None:
        found = _TRACKED.fullmatch(source)
        if found is None:
            return None
        below = relative_parts_of(found["path"] or "")
        artifacts = self._artifacts
        of_owner = artifacts.of_logged_model if found["owner"].startswith("m-") else artifacts.of_run
        try:
            directory, uri = of_owner(found["owner"])
        except ResourceDoesNotExist:
            return None
        if uri != found["uri"]:
            return None
        path = joined((*parts_of(directory), *below))
        entry = self._files.find(path)
        return path if entry is not None and entry.is_directory else None

    def _on_dbfs(self, source: str) -> str | None:
        path = source.removeprefix(_DBFS)
        if path == source or not path.startswith("/"):
            return None
        entry = self._files.find(joined((dbfs.ROOT, *parts_of(path))))
        return entry.path if entry is not None and entry.is_directory else None


def owner_of(source: str) -> str | None:
    """The id of the run or logged model whose artifacts a source names, if it is of that form."""
    if of_model := _LOGGED_MODEL.fullmatch(source):
        return of_model["model_id"]
    found = _TRACKED.fullmatch(source)
    return found["owner"] if found else None


def copied_from(source: str) -> tuple[str, str] | None:
    """The name and the number of the version of this registry that a source names, if it is of that form."""
    found = _VERSION.fullmatch(source)
    return (found["name"], found["version"]) if found else None
