"""Stored shapes of the workspace tree."""

from __future__ import annotations

from fakebricks.state import Record

DIRECTORY = "DIRECTORY"
EXPERIMENT = "MLFLOW_EXPERIMENT"
FILE = "FILE"
NOTEBOOK = "NOTEBOOK"


class Node(Record, frozen=True):
    """A folder, or a named thing in a folder; stored under its parent's path and its own name."""

    path: str
    object_id: str
    object_type: str
    created_at: int
    modified_at: int
    creator: str = ""
    """Who made a folder; nobody, where every workspace has it."""
    language: str = ""
    """Of a notebook."""
    size: int = 0
    """Of a notebook or file, in bytes."""


class NodePlace(Record, frozen=True):
    """Where the node of an id is."""

    path: str
