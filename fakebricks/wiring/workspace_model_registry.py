"""The workspace model registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.files.files import Files
from fakebricks.services.iam.access_control import AccessControl
from fakebricks.services.tracking.artifacts import Artifacts
from fakebricks.services.tracking.logged_models import LoggedModels
from fakebricks.services.tracking.privileges import Privileges
from fakebricks.services.workspace_model_registry.discussion import Comments, TransitionRequests
from fakebricks.services.workspace_model_registry.model_permissions import ModelPermissions
from fakebricks.services.workspace_model_registry.model_versions import ModelVersions
from fakebricks.services.workspace_model_registry.privileges import ModelPrivileges
from fakebricks.services.workspace_model_registry.search import RegistrySearch
from fakebricks.services.workspace_model_registry.sources import Sources
from fakebricks.services.workspace_model_registry.version_files import VersionFiles
from fakebricks.services.workspace_model_registry.workspace_model_registry import WorkspaceModelRegistry

if TYPE_CHECKING:
    from fakebricks.wiring.services import Services


def wire(services: Services) -> None:
    """Add the registry, what people say in it, and who may."""
    state, ids, clock, files = services.state, services.ids, services.clock, services[Files]
    artifacts = services[Artifacts]
    registry = WorkspaceModelRegistry(
        state,
        ids,
        clock,
        ModelVersions(state, ids, clock, files),
        Sources(files, artifacts, services[LoggedModels]),
    )
    permissions = ModelPermissions(services[AccessControl], registry)
    comments = Comments(state, ids, clock, registry)
    services.add(
        registry,
        permissions,
        ModelPrivileges(permissions, services[Privileges], comments),
        RegistrySearch(registry, permissions),
        VersionFiles(registry, artifacts),
        TransitionRequests(state, ids, clock, registry, permissions),
        comments,
    )
