"""The versions of registered models in the workspace model registry, with their files, tags and stages.

Real: the files of the source are copied into the registry's storage, whose URIs look as on the platform (observed), so
that a version outlives the run it came from; a source that does not exist ends in FAILED_REGISTRATION with the
platform's text (observed); numbers are not used twice. Simulated: registration takes two seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.files.files import Files
from fakebricks.services.workspace_model_registry.records import (
    Stage,
    StageEntry,
    TagRecord,
    TransitionRequest,
    WorkspaceModel,
    WorkspaceModelVersion,
)
from fakebricks.state import Key, State, Table
from fakebricks.wire.errors import InvalidState, ResourceDoesNotExist

ROOT = "_WorkspaceModelRegistry"
"""Where the files of all versions are within `Files`."""

_STORAGE = "dbfs:/databricks/mlflow-registry"
_REGISTRATION_MILLIS = 2000  # inferred: MLflow's client asks every three seconds


class ModelVersions:
    """The versions of all models of one workspace; which models there are is for `WorkspaceModelRegistry` to know."""

    def __init__(self, state: State, ids: Ids, clock: Clock, files: Files) -> None:
        self._versions = state.table("workspace_model_versions", WorkspaceModelVersion)
        self._tags = state.table("workspace_model_version_tags", TagRecord)
        self._by_stage = state.table("workspace_model_versions_by_stage", StageEntry)
        self._requests = state.table("workspace_model_transition_requests", TransitionRequest)
        self._ids = ids
        self._clock = clock
        self._files = files

    def create(
        self,
        model: WorkspaceModel,
        user: str,
        directory: str | None,
        *,
        source: str,
        description: str,
        run_id: str,
        run_link: str,
        model_id: str,
        tags: Sequence[tuple[str, str]],
    ) -> WorkspaceModelVersion:
        """The model's next version, with a copy of the files in that directory; without one, its registration fails."""
        exists = directory is not None and self._files.find(directory) is not None
        name = directory.rpartition("/")[2] if directory and exists else "model"
        now = self._clock.millis()
        version = WorkspaceModelVersion(
            model=model.id,
            name=model.name,
            number=model.last_version + 1,
            user_id=user,
            creation_timestamp=now,
            last_updated_timestamp=now,
            source=source,
            path=f"{self._ids.hex32()}/models/{name}",
            registered_at=now + _REGISTRATION_MILLIS,
            failure="" if exists else f"Failed registration. The given source path `{source}` does not exist.",
            description=description,
            run_id=run_id,
            run_link=run_link,
            model_id=model_id,
        )
        if directory and exists:
            self._files.copy_tree(directory, self.directory(version))
        self._put(version)
        for key, value in tags:
            self._tags.put((*version.key, key), TagRecord(key=key, value=value))
        return version

    def get(self, model: WorkspaceModel, number: int) -> WorkspaceModelVersion:
        """The version of that number.

        Raises:
            ResourceDoesNotExist: there is none.
        """
        version = self._versions.get((model.id, number))
        if version is None:
            # Inferred, after the text for a missing model.
            message = f"ModelVersion '{model.name}/{number}' does not exist. It might have been deleted."
            raise ResourceDoesNotExist(message)
        return version

    def exists(self, model: str, number: int) -> bool:
        """Whether a version of a model, given by its id, is still there."""
        return self._versions.get((model, number)) is not None

    def of(self, model: WorkspaceModel) -> Iterator[WorkspaceModelVersion]:
        """All versions of a model, the newest first."""
        for _, version in self._versions.scan((model.id,), reverse=True):
            yield version

    def in_stage(self, model: WorkspaceModel, stage: Stage) -> Iterator[WorkspaceModelVersion]:
        """The versions of a model that are in a stage, the newest first."""
        for _, entry in self._by_stage.scan((model.id, stage), reverse=True):
            yield self.get(model, entry.number)

    def latest(self, model: WorkspaceModel, stages: Iterable[Stage]) -> list[WorkspaceModelVersion]:
        """The newest READY version in each of the stages that has one (documented: only READY ones)."""
        now = self._clock.millis()
        found = (
            next((one for one in self.in_stage(model, stage) if one.status(now) == "READY"), None) for stage in stages
        )
        return [version for version in found if version is not None]

    def change(
        self,
        version: WorkspaceModelVersion,
        *,
        name: str | None = None,
        stage: Stage | None = None,
        description: str | None = None,
    ) -> WorkspaceModelVersion:
        """The version with what is given, changed now."""
        changed = replace(
            version,
            name=version.name if name is None else name,
            stage=version.stage if stage is None else stage,
            description=version.description if description is None else description,
            last_updated_timestamp=self._clock.millis(),
        )
        self._by_stage.delete((version.model, version.stage, version.number))
        self._put(changed)
        return changed

    def remove(self, version: WorkspaceModelVersion) -> None:
        """Remove a version with its files, tags and requests."""
        for table in (self._tags, self._requests):
            _remove(table, version.key)
        self._files.delete_tree(_above(self.directory(version), 2))
        self._by_stage.delete((version.model, version.stage, version.number))
        self._versions.delete(version.key)

    def directory(self, version: WorkspaceModelVersion) -> str:
        """Where the files of a version are within `Files`."""
        return f"/{ROOT}/{version.path}"

    def download_uri(self, version: WorkspaceModelVersion) -> str:
        """Where clients are told that the files of a version are.

        Raises:
            InvalidState: it is not READY.
        """
        self.require_ready(version)
        return f"{_STORAGE}/{version.path}"

    def status(self, version: WorkspaceModelVersion) -> tuple[str, str]:
        """The status of a version, and what there is to say about it."""
        status = version.status(self._clock.millis())
        return status, version.failure if status == "FAILED_REGISTRATION" else ""

    def awaits(self, version: WorkspaceModelVersion) -> float | None:
        """When the status of a version will change, in seconds since the epoch, or None."""
        pending = version.status(self._clock.millis()) == "PENDING_REGISTRATION"
        return version.registered_at / 1000 if pending else None

    def require_ready(self, version: WorkspaceModelVersion) -> None:
        """Refuse a version whose files cannot be read (the text is inferred).

        Raises:
            InvalidState: it is not READY.
        """
        status, message = self.status(version)
        if status != "READY":
            told = f" {message}" if message else ""
            raise InvalidState(
                f"Model version {version.number} of '{version.name}' is not READY: its status is {status}.{told}"
            )

    def set_tag(self, version: WorkspaceModelVersion, key: str, value: str) -> None:
        """Give a version a tag that can be one; see `names.check_tag`."""
        self._tags.put((*version.key, key), TagRecord(key=key, value=value))

    def delete_tag(self, version: WorkspaceModelVersion, key: str) -> None:
        """Remove a tag; nothing happens where the version has none of that key."""
        self._tags.delete((*version.key, key))

    def tags(self, version: WorkspaceModelVersion) -> list[TagRecord]:
        """The tags of a version, by key."""
        return [record for _, record in self._tags.scan(version.key)]

    def tag(self, version: WorkspaceModelVersion, key: str) -> str | None:
        """The value of a tag, or None."""
        found = self._tags.get((*version.key, key))
        return found.value if found else None

    def _put(self, version: WorkspaceModelVersion) -> None:
        self._versions.put(version.key, version)
        self._by_stage.put((version.model, version.stage, version.number), StageEntry(number=version.number))


def _remove(table: Table[TagRecord] | Table[TransitionRequest], prefix: Key) -> None:
    for key, _ in list(table.scan(prefix)):
        table.delete(key)


def _above(path: str, levels: int) -> str:
    return "/".join(path.split("/")[:-levels])
