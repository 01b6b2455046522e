"""What people say about model versions: comments, and requests to bring a version to another stage.

Real: requests stay open until they are approved, which moves the version, rejected, or taken back by who made them.
What is said about a version that is gone is gone. Texts of errors are inferred.
"""

from __future__ import annotations

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.workspace_model_registry.model_permissions import ModelPermissions
from fakebricks.services.workspace_model_registry.names import stage_of
from fakebricks.services.workspace_model_registry.records import (
    Comment,
    Stage,
    TransitionRequest,
    WorkspaceModelVersion,
)
from fakebricks.services.workspace_model_registry.workspace_model_registry import WorkspaceModelRegistry
from fakebricks.state import State
from fakebricks.wire.errors import InvalidParameterValue, ResourceAlreadyExists, ResourceDoesNotExist


class TransitionRequests:
    """The open transition requests of one workspace."""

    def __init__(
        self, state: State, ids: Ids, clock: Clock, registry: WorkspaceModelRegistry, permissions: ModelPermissions
    ) -> None:
        self._requests = state.table("workspace_model_transition_requests", TransitionRequest)
        self._ids = ids
        self._clock = clock
        self.registry = registry
        self.permissions = permissions

    def create(self, name: str, version: str, stage: str, user: str, comment: str) -> TransitionRequest:
        """Ask that a version be brought to a stage.

        Raises:
            InvalidParameterValue: there is no such stage.
            ResourceDoesNotExist: the version is missing.
            ResourceAlreadyExists: the same person asked for the same thing, and it is open.
        """
        target = stage_of(stage)
        found = self.registry.get_version(name, version)
        key = (*found.key, target, user)
        if self._requests.get(key):
            raise ResourceAlreadyExists(
                f"A request by '{user}' to transition version {version} of '{name}' to '{target}' is open already."
            )
        request = TransitionRequest(
            id=self._ids.hex32(),
            model=found.model,
            number=found.number,
            user_id=user,
            creation_timestamp=self._clock.millis(),
            to_stage=target,
            comment=comment,
        )
        self._requests.put(key, request)
        return request

    def open(self, version: WorkspaceModelVersion) -> list[TransitionRequest]:
        """The open requests for a version."""
        return [request for _, request in self._requests.scan(version.key)]

    def close(self, name: str, version: str, stage: str, creator: str | None = None) -> WorkspaceModelVersion:
        """Close the requests to bring a version to a stage, or that of one person; the version.

        Raises:
            InvalidParameterValue: there is no such stage.
            ResourceDoesNotExist: there is no such version or request.
        """
        target: Stage = stage_of(stage)
        found = self.registry.get_version(name, version)
        by = () if creator is None else (creator,)
        requests = list(self._requests.scan((*found.key, target, *by)))
        if not requests:
            whose = "" if creator is None else f" by '{creator}'"
            raise ResourceDoesNotExist(
                f"There is no open request{whose} to transition version {version} of '{name}' to '{target}'."
            )
        for key, _ in requests:
            self._requests.delete(key)
        return found


class Comments:
    """The comments of one workspace."""

    def __init__(self, state: State, ids: Ids, clock: Clock, registry: WorkspaceModelRegistry) -> None:
        self._comments = state.table("workspace_model_comments", Comment)
        self._ids = ids
        self._clock = clock
        self._registry = registry

    def create(self, name: str, version: str, text: str, user: str) -> Comment:
        """Comment on a version.

        Raises:
            InvalidParameterValue: the comment is empty.
            ResourceDoesNotExist: the version is missing.
        """
        found = self._registry.get_version(name, version)
        now = self._clock.millis()
        comment = Comment(
            id=self._ids.hex32(),
            model=found.model,
            number=found.number,
            user_id=user,
            creation_timestamp=now,
            last_updated_timestamp=now,
            comment=_checked(text),
        )
        self._comments.put((comment.id,), comment)
        return comment

    def update(self, comment_id: str, text: str) -> Comment:
        """Edit a comment.

        Raises:
            InvalidParameterValue: the comment is empty.
            ResourceDoesNotExist: there is no such comment.
        """
        changed = replace(
            self._require(comment_id), comment=_checked(text), last_updated_timestamp=self._clock.millis()
        )
        self._comments.put((comment_id,), changed)
        return changed

    def delete(self, comment_id: str) -> None:
        """Remove a comment.

        Raises:
            ResourceDoesNotExist: there is no such comment.
        """
        self._require(comment_id)
        self._comments.delete((comment_id,))

    def find(self, comment_id: str) -> Comment | None:
        """The comment of that id, or None."""
        comment = self._comments.get((comment_id,))
        exists = comment is not None and self._registry.versions.exists(comment.model, comment.number)
        return comment if exists else None

    def _require(self, comment_id: str) -> Comment:
        comment = self.find(comment_id)
        if comment is None:
            raise ResourceDoesNotExist(f"Comment '{comment_id}' does not exist. It might have been deleted.")
        return comment


def _checked(text: str) -> str:
    if not text:
        raise InvalidParameterValue("Missing value for required parameter 'comment'.")
    return text
