"""fakebricks: an in-process fake Databricks workspace for testing MLflow code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakebricks.library_drift import LibraryDriftError
from fakebricks.replay import ReplayError
from fakebricks.services.inference_tables.unpacking import unpack
from fakebricks.services.model_serving.external_models.providers import ModelProviderError
from fakebricks.workspace import UnsupportedCallError, Workspace

if TYPE_CHECKING:
    from fakebricks.fake import fake_workspace

__version__ = "0.1.0"

__all__ = [
    "LibraryDriftError",
    "ModelProviderError",
    "ReplayError",
    "UnsupportedCallError",
    "Workspace",
    "fake_workspace",
    "unpack",
]


def __getattr__(name: str) -> Any:
    """What a server has no use for loads when it is first asked for."""
    if name != "fake_workspace":
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from fakebricks.fake import fake_workspace

    return fake_workspace
