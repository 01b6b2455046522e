"""The workspace's tree of folders, notebooks and experiments; the folders are there from the beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.files.files import Files
from fakebricks.services.tracking.experiment_permissions import ExperimentPermissions
from fakebricks.services.tracking.experiments import Experiments
from fakebricks.services.workspace.contents import Contents
from fakebricks.services.workspace.directories import Directories
from fakebricks.services.workspace.folder_permissions import FolderPermissions
from fakebricks.services.workspace.objects import Objects
from fakebricks.services.workspace.tree_permissions import TreePermissions

if TYPE_CHECKING:
    from fakebricks.wiring.services import Services


def wire(services: Services) -> None:
    """Add what is in the tree."""
    directories = services[Directories]
    contents = Contents(services.ids, directories, services[Files])
    tree = TreePermissions(directories, services[FolderPermissions], services[ExperimentPermissions])
    services.add(contents, tree, Objects(directories, contents, services[Experiments], tree))
