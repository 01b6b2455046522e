"""fakebricks: an in-process fake Databricks workspace for testing MLflow code."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fakebricks.workspace import UnsupportedCallError, Workspace

if TYPE_CHECKING:
    from fakebricks.fake import fake_workspace
    from fakebricks.library_drift import LibraryDriftError
    from fakebricks.replay import ReplayError
    from fakebricks.services.inference_tables.unpacking import unpack
    from fakebricks.services.model_serving.external_models.providers import ModelProviderError

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

_LATER = {
    "LibraryDriftError": "fakebricks.library_drift",
    "ModelProviderError": "fakebricks.services.model_serving.external_models.providers",
    "ReplayError": "fakebricks.replay",
    "fake_workspace": "fakebricks.fake",
    "unpack": "fakebricks.services.inference_tables.unpacking",
}


def __getattr__(name: str) -> Any:
    """What not everybody has a use for loads when it is first asked for."""
    if name not in _LATER:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_LATER[name]), name)
