"""Streams: how a file of any size goes up to DBFS, in blocks under a handle.

Real: a handle is good until it is closed, and for ten minutes without a block (documented), on the workspace's clock.
Inferred: the file appears when the stream is closed; a handle is its opener's alone.
"""

from __future__ import annotations

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.dbfs.dbfs import MOST_READ, Dbfs
from fakebricks.services.dbfs.records import StreamRecord
from fakebricks.services.files.files import Files
from fakebricks.services.files.paths import joined
from fakebricks.state import State
from fakebricks.wire.errors import MaxBlockSizeExceeded, ResourceDoesNotExist

ROOT = "_DbfsStreams"
"""Where the blocks of open streams are within `Files`."""

_IDLE_MILLIS = 10 * 60 * 1000


class Streams:
    """The streams that are open."""

    def __init__(self, state: State, ids: Ids, clock: Clock, dbfs: Dbfs, files: Files) -> None:
        self._state = state
        self._streams = state.table("dbfs_streams", StreamRecord)
        self._ids = ids
        self._clock = clock
        self._dbfs = dbfs
        self._files = files

    def create(self, path: str, user: str, *, overwrite: bool) -> int:
        """Open a stream to a file; its handle. See `Dbfs.put` for what is refused."""
        self._dbfs.require_free(path, overwrite=overwrite)
        handle = int(self._ids.number())
        record = StreamRecord(path=path, overwrite=overwrite, user=user, used_at=self._clock.millis())
        self._streams.put((handle,), record)
        return handle

    def add_block(self, handle: int, data: bytes, user: str) -> None:
        """Add a block to a stream.

        Raises:
            MaxBlockSizeExceeded: the block is too large.
            ResourceDoesNotExist: there is no such stream any more.
        """
        check_block(data)
        stream = self._require(handle, user)
        with self._state.transaction():
            self._files.put(_block(handle, stream.blocks), data)
            self._streams.put((handle,), replace(stream, blocks=stream.blocks + 1, used_at=self._clock.millis()))

    def close(self, handle: int, user: str) -> None:
        """Make a file of the blocks of a stream.

        Raises:
            ResourceDoesNotExist: there is no such stream any more.
            ResourceAlreadyExists, InvalidParameterValue: see `Dbfs.put`; something was put there meanwhile.
        """
        stream = self._require(handle, user)
        content = b"".join(self._files.get(_block(handle, number)) for number in range(stream.blocks))
        with self._state.transaction():
            self._dbfs.put(stream.path, content, overwrite=stream.overwrite)
            self._files.delete_tree(joined((ROOT, str(handle))))
            self._streams.delete((handle,))

    def _require(self, handle: int, user: str) -> StreamRecord:
        stream = self._streams.get((handle,))
        if stream is None or stream.user != user or self._clock.millis() - stream.used_at > _IDLE_MILLIS:
            raise ResourceDoesNotExist(f"No stream with the handle {handle} is open.")
        return stream


def check_block(data: bytes) -> None:
    """Refuse a block that is larger than 1 MB (documented).

    Raises:
        MaxBlockSizeExceeded: it is.
    """
    if len(data) > MOST_READ:
        raise MaxBlockSizeExceeded(f"The maximum size of a block is {MOST_READ} bytes, not {len(data)}.")


def _block(handle: int, number: int) -> str:
    return joined((ROOT, str(handle), str(number)))
