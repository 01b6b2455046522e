"""Stored shapes of warehouses, sessions and statements. Times are seconds since the epoch."""

from __future__ import annotations

from typing import Literal

from fakebricks.services.sql import Parameter, ResultColumn
from fakebricks.state import Record

Format = Literal["JSON_ARRAY", "CSV", "ARROW_STREAM"]
Disposition = Literal["INLINE", "EXTERNAL_LINKS"]
Compression = Literal["NONE", "LZ4_FRAME"]


class WarehouseSettings(Record, frozen=True):
    """What a warehouse is told to be."""

    name: str
    cluster_size: str
    min_num_clusters: int
    max_num_clusters: int
    auto_stop_mins: int
    warehouse_type: str
    enable_serverless_compute: bool
    enable_photon: bool
    spot_instance_policy: str
    channel: str
    dbsql_version: str
    tags: tuple[tuple[str, str], ...]


class Power(Record, frozen=True):
    """Since when a warehouse is on, or off."""

    on: bool = False
    reached: float = 0.0
    """When it is, or was, as it is to be: running, or stopped."""
    busy_until: float = 0.0
    """When the last of its statements ends."""


class Warehouse(Record, frozen=True):
    """A SQL warehouse, stored under its id."""

    id: str
    creator_name: str
    settings: WarehouseSettings
    for_everybody: bool = False
    """Whether everybody may use it until somebody sets permissions."""
    power: Power = Power()


class SqlSession(Record, frozen=True):
    """What statements have in common that come one after the other, stored under its id."""

    id: str
    owner: str
    warehouse_id: str
    catalog: str
    schema: str


class Chunk(Record, frozen=True):
    """A part of a result, and the file that it is in."""

    row_offset: int
    row_count: int
    byte_count: int
    path: str


class Failure(Record, frozen=True):
    """Why a statement failed."""

    message: str
    sql_state: str


class Outcome(Record, frozen=True):
    """What became of a statement that was executed."""

    failure: Failure | None = None
    columns: tuple[ResultColumn, ...] = ()
    chunks: tuple[Chunk, ...] = ()
    truncated: bool = False
    modified: int | None = None
    """How many rows it changed, where it is one that changes rows."""

    @property
    def row_count(self) -> int:
        return sum(chunk.row_count for chunk in self.chunks)

    @property
    def byte_count(self) -> int:
        return sum(chunk.byte_count for chunk in self.chunks)


class Submission(Record, frozen=True):
    """A statement, and how its result is wanted."""

    statement: str
    warehouse_id: str
    catalog: str
    schema: str
    parameters: tuple[Parameter, ...] = ()
    session_id: str = ""
    format: Format = "JSON_ARRAY"
    disposition: Disposition = "INLINE"
    compression: Compression = "NONE"
    row_limit: int | None = None
    byte_limit: int | None = None
    without_arrow: bool = False
    """Whether a client that reads Thrift cannot read Arrow in it."""
    nested_as_text: bool = False
    """Whether it wants arrays, maps and structs as JSON."""


class Statement(Record, frozen=True):
    """A statement that was submitted, stored under its id."""

    id: str
    owner: str
    submission: Submission
    submitted: float
    begins: float
    """When the warehouse has time for it."""
    ends: float
    taken: bool = False
    """Whether somebody is executing it, or has."""
    outcome: Outcome | None = None
    canceled: bool = False
    closed: bool = False
    fetched: int = 0
    """How many rows a client that reads on and on has had."""


class SubmittedStatement(Record, frozen=True):
    """An entry of the index of statements by time, stored under milliseconds and id."""
