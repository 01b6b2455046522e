"""fakebricks: an in-process fake Databricks workspace for testing MLflow code."""

from fakebricks.fake import fake_workspace
from fakebricks.workspace import UnsupportedCallError, Workspace

__version__ = "0.1.0"

__all__ = ["UnsupportedCallError", "Workspace", "fake_workspace"]
