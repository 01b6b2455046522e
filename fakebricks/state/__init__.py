"""What the fake remembers: tables of frozen records, and the bytes of files."""

from fakebricks.state.blobs import Blobs, LocalBlobs, Scratch
from fakebricks.state.memory import MemoryState
from fakebricks.state.tables import Key, Record, Snapshot, State, Table, delete_all, move_all

__all__ = [
    "Blobs",
    "Key",
    "LocalBlobs",
    "MemoryState",
    "Record",
    "Scratch",
    "Snapshot",
    "State",
    "Table",
    "delete_all",
    "move_all",
]
