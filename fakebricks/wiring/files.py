"""The Files API over what the rooms store, each under a root of its own; files are there from the beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.files import uploads
from fakebricks.services.files.api import FilesService
from fakebricks.services.files.files import Files
from fakebricks.services.files.privileges import PathJudge, PathPrivileges
from fakebricks.services.files.s3.api import S3Endpoint
from fakebricks.services.files.signed_urls import SignedUrls
from fakebricks.services.files.storage import Root, Storage
from fakebricks.services.files.uploads import Uploads
from fakebricks.services.model_registry import model_files
from fakebricks.services.model_registry.model_files import ModelFilePrivileges, ModelFiles
from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.sql import kept_results
from fakebricks.services.sql.kept_results import Results
from fakebricks.services.tracking import artifacts
from fakebricks.services.tracking.artifacts import Artifacts
from fakebricks.services.tracking.privileges import Privileges
from fakebricks.services.unity_catalog import volume_files, volumes
from fakebricks.services.unity_catalog.authority import Authority
from fakebricks.services.unity_catalog.volume_files import StoredVolumeFiles, VolumeFiles, VolumePrivileges
from fakebricks.services.unity_catalog.volumes import Volumes
from fakebricks.services.workspace_model_registry import model_versions
from fakebricks.services.workspace_model_registry.version_files import RegistryStorage

if TYPE_CHECKING:
    from fakebricks.wiring.services import Services


def wire(services: Services) -> None:
    """Add the Files API, and who may use it where."""
    files, signed_urls = services[Files], services[SignedUrls]
    roots: dict[str, Root] = {
        model_files.ROOT: ModelFiles(services[ModelRegistry]),
        artifacts.ROOT: services[Artifacts],
        uploads.ROOT: services[Uploads],
        model_versions.ROOT: RegistryStorage(),
        volume_files.ROOT: VolumeFiles(services[Volumes]),
        volumes.STORED: StoredVolumeFiles(services[Volumes]),
        kept_results.ROOT: Results(files, signed_urls),
    }
    judges: dict[str, PathJudge] = {
        artifacts.ROOT: services[Privileges],
        model_files.ROOT: ModelFilePrivileges(services[Authority]),
        model_versions.ROOT: RegistryStorage(),
        volume_files.ROOT: VolumePrivileges(services[Authority]),
    }
    services.add(
        FilesService(Storage(files, roots), signed_urls, services[Uploads]),
        PathPrivileges(judges),
    )
    if services.storage != "s3":
        services.add(S3Endpoint(None, None))
