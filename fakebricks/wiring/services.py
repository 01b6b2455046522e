"""The services of one workspace, by their classes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from fakebricks.clock import Clock
from fakebricks.ids import Ids, WorkspaceIdentity
from fakebricks.state import Scratch, State
from fakebricks.wiring import beginning

if TYPE_CHECKING:
    from fakebricks.services.model_serving.capture import LegacyTables
    from fakebricks.services.model_serving.records import ServingRuntime
    from fakebricks.services.model_serving.timings import Timings
    from fakebricks.services.sql.timings import WarehouseTimings

S = TypeVar("S")

StorageOption = Literal["presigned", "files", "s3"]
"""By which route clients move model files: signed URLs, the Files API, or a cloud's own storage."""


class Services:
    """The services of one workspace. Those of a room are wired when the first of them is asked for.

    Attributes:
        before_snapshot: called before the state is kept as it is.
        after_restore: called to bring what is not in the state in line with it, after it went back to a snapshot.
        closing: frees what is held outside the state.

    Args:
        secret: what signed URLs and access tokens are signed with.
        timings: how long things take in Model Serving.
        warehouse_timings: how long things take in SQL warehouses.
        spark: the URL of the Spark Connect server that SQL is executed by; None for one in this process.
        legacy_inference_tables: what becomes of a request for one.
        s3_url: where its S3 is for clients that open sockets, which it is to be then.
        runtime: where models are loaded for which a test chooses nothing else.

    Raises:
        ValueError: `storage` is not a choice.
        ModuleNotFoundError: `storage` needs moto, which is not installed.
    """

    def __init__(
        self,
        state: State,
        ids: Ids,
        clock: Clock,
        identity: WorkspaceIdentity,
        scratch: Scratch,
        *,
        secret: str,
        storage: StorageOption,
        timings: Timings,
        warehouse_timings: WarehouseTimings,
        spark: str | None,
        legacy_inference_tables: LegacyTables,
        s3_url: Callable[[], str],
        runtime: ServingRuntime,
    ) -> None:
        self.state = state
        self.ids = ids
        self.clock = clock
        self.identity = identity
        self.scratch = scratch
        self.secret = secret
        self.storage = _checked(storage)
        self.timings = timings
        self.warehouse_timings = warehouse_timings
        self.spark = spark
        self.legacy_inference_tables = legacy_inference_tables
        self.s3_url = s3_url
        self.runtime = runtime
        self.before_snapshot: list[Callable[[], None]] = []
        self.after_restore: list[Callable[[], None]] = []
        self.closing = ExitStack()
        self._by_type: dict[type, Any] = {WorkspaceIdentity: identity}
        beginning.wire(self)

    def __getitem__(self, kind: type[S]) -> S:
        """The service of that class, as operations name it in their first parameter."""
        if kind not in self._by_type:
            self._wire_room_of(kind)
        service: S = self._by_type[kind]
        return service

    @property
    def bucket(self) -> str:
        """What the workspace's bucket is called, whether there is one or not."""
        return f"fakebricks-{self.identity.workspace_id}"

    def add(self, *services: object) -> None:
        """More services, under their own classes."""
        self._by_type |= {type(service): service for service in services}

    def _wire_room_of(self, kind: type) -> None:
        room = kind.__module__.removeprefix("fakebricks.services.").partition(".")[0]
        # The state's lock and no other: who asks may hold it already, and services that are made take it.
        with self.state.transaction():
            if kind not in self._by_type:
                import_module(f"fakebricks.wiring.{room}").wire(self)


def _checked(storage: StorageOption) -> StorageOption:
    if storage not in get_args(StorageOption):
        message = f"storage must be one of 'presigned', 'files' and 's3', not {storage!r}"
        raise ValueError(message)
    return storage
