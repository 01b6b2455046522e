"""Permissions on the objects of all rooms; people are there from the beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.iam.object_permissions import PermissionsByType
from fakebricks.services.jobs.job_permissions import JobPermissions
from fakebricks.services.model_serving.endpoint_permissions import EndpointPermissions
from fakebricks.services.sql.warehouse_permissions import WarehousePermissions
from fakebricks.services.tracking.experiment_permissions import ExperimentPermissions
from fakebricks.services.workspace.folder_permissions import FolderPermissions
from fakebricks.services.workspace_model_registry.model_permissions import ModelPermissions

if TYPE_CHECKING:
    from fakebricks.wiring.services import Services


def wire(services: Services) -> None:
    """Add the permissions by the type of object."""
    services.add(
        PermissionsByType(
            services[FolderPermissions],
            services[ExperimentPermissions],
            services[ModelPermissions],
            services[EndpointPermissions],
            services[JobPermissions],
            services[WarehousePermissions],
        )
    )
