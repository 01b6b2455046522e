"""Inference tables: the requests to serving endpoints and their responses, as Delta tables in Unity Catalog.

Real: the tables, their columns, and one row for each request. Simulated: rows are delivered some minutes after their
request (documented: usually minutes, at most an hour), in batches that are written when the table is read. The
platform delivers at least once; here each row comes exactly once. Refused: sampling.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.inference_tables import delta
from fakebricks.services.inference_tables.columns import PROPERTIES, Column, columns, row
from fakebricks.services.inference_tables.delta import Delta
from fakebricks.services.inference_tables.records import Payload, PayloadTable
from fakebricks.services.unity_catalog.records import ColumnRecord, TableRecord
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.state import Key, Scratch, State
from fakebricks.wire.errors import InvalidParameterValue

_MINUTE = 60.0
_SHORTEST_DELAY, _LONGEST_DELAY = 1 * _MINUTE, 10 * _MINUTE
_LONGEST_PREFIX = 63  # observed
_MOST_LOGGED = 1024 * 1024  # documented: larger bodies are logged as NULL, with an error code
# Documented: requests that are answered with these may not be logged; here they never are.
_UNLOGGED = frozenset({401, 403, 429, 500})

_TIME = {True: "timestamp_ms", False: "request_time"}

# What Unity Catalog calls the types that SQL calls otherwise.
_TYPE_NAMES = {"BIGINT": "LONG", "ARRAY<STRING>": "ARRAY", "MAP<STRING,STRING>": "MAP"}


class InferenceTables:
    """The inference tables of one workspace.

    What touches Delta (`read`, `flush`, `note_versions`, `restored`) takes a while and must not be called inside a
    transaction.
    """

    def __init__(
        self, state: State, ids: Ids, clock: Clock, *, unity_catalog: UnityCatalog, tables: Tables, scratch: Scratch
    ) -> None:
        self._state = state
        self._inference_tables = state.table("inference_tables", PayloadTable)
        self._payloads = state.table("inference_payloads", Payload)
        self._ids = ids
        self._clock = clock
        self._unity_catalog = unity_catalog
        self._tables = tables
        self._scratch = scratch
        self._writing = threading.Lock()
        tables.also_writes(self.flush)

    def create(self, catalog: str, schema: str, prefix: str, *, endpoint_id: str, owner: str, legacy: bool) -> str:
        """The full name of an endpoint's inference table, which is made unless it is the endpoint's already.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist: its parents are missing.
            InvalidParameterValue: the prefix is not valid.
            TableAlreadyExists: there is a table of that name, which cannot be reused.
        """
        delta.require()
        if not 0 < len(prefix) <= _LONGEST_PREFIX:
            message = f"The table_name_prefix must have 1 to {_LONGEST_PREFIX} characters."
            raise InvalidParameterValue(message)
        parent = self._unity_catalog.require_schema(catalog, schema)
        full_name = f"{parent.full_name}.{prefix.lower()}_payload"
        known = self._registered(full_name)
        if known and known.endpoint_id == endpoint_id and known.legacy == legacy:
            return full_name
        place = self._ids.hex32()
        table = self._tables.create(
            full_name,
            [_column(one) for one in columns(legacy=legacy)],
            str(self._scratch.directory("tables", place)),
            owner=owner,
            properties={} if legacy else PROPERTIES,
        )
        self._inference_tables.put(
            (full_name,), PayloadTable(id=table.id, full_name=full_name, endpoint_id=endpoint_id, legacy=legacy)
        )
        return full_name

    def exists(self, full_name: str) -> bool:
        """Whether there is an inference table of that name; one that was dropped or replaced is none."""
        return self._registered(full_name) is not None

    def log(self, full_name: str, payload: Payload) -> bool:
        """Have a request and its response delivered to a table; False where the table has been dropped."""
        table = self._registered(full_name)
        if table is None:
            return False
        if payload.status_code not in _UNLOGGED:
            self._payloads.put(self._key(table, payload), payload)
        return True

    def read(self, full_name: str) -> Any:
        """All rows that have been delivered by now to a table of Unity Catalog, as a `pyarrow.Table`.

        Delta keeps no order; the rows of an inference table are given in the order of their requests.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist: it is missing.
        """
        record = self._tables.require(full_name)
        delta.require()
        self.flush(record.full_name)
        rows = Delta(Path(record.storage_location), ()).read()
        table = self._registered(full_name)
        return rows.sort_by(_TIME[table.legacy]) if table else rows

    def flush(self, full_name: str) -> None:
        """Write the rows that are due to an inference table; nothing happens where the name is not one's."""
        table = self._registered(full_name)
        record = self._tables.get(full_name)
        if table is None or record is None:
            return
        with self._writing:
            files = _files(table, record)
            files.ensure()
            due = self._due(table)
            if not due:
                return
            files.append([row(payload, legacy=table.legacy) for _, payload in due])
            with self._state.transaction():
                for key, _ in due:
                    self._payloads.delete(key)

    def note_versions(self) -> None:
        """Remember which rows each table has, so that `restored` can bring them back. Before a snapshot is taken."""
        with self._writing:
            for key, table, files in self._written():
                self._inference_tables.put(key, replace(table, version=files.version()))

    def restored(self) -> None:
        """Bring the files back to what the tables had. After the state was restored from a snapshot."""
        with self._writing:
            for _, table, files in self._written():
                files.restore(table.version or 0)

    def _registered(self, full_name: str) -> PayloadTable | None:
        """The inference table of that name, unless it has been dropped, or replaced by another table."""
        table = self._inference_tables.get((full_name.lower(),))
        record = self._tables.get(full_name) if table else None
        return table if table and record and record.id == table.id else None

    def _due(self, table: PayloadTable) -> list[tuple[Key, Payload]]:
        now = self._clock.millis()
        due = []
        for key, payload in self._payloads.scan((table.id,)):
            if int(key[1]) > now:
                break
            due.append((key, payload))
        return due

    def _key(self, table: PayloadTable, payload: Payload) -> Key:
        """Where a row waits, in the order of the requests: each table has a delay of its own."""
        chance = self._ids.chance("delivery", table.full_name)
        delivered = payload.time + _SHORTEST_DELAY + chance * (_LONGEST_DELAY - _SHORTEST_DELAY)
        return table.id, int(delivered * 1000), int(payload.time * 1_000_000), payload.databricks_request_id

    def _written(self) -> list[tuple[Key, PayloadTable, Delta]]:
        """The tables whose Delta tables exist."""
        found = []
        for key, table in self._inference_tables.scan():
            record = self._tables.get(table.full_name)
            if record and record.id == table.id and Path(record.storage_location, "_delta_log").is_dir():
                found.append((key, table, _files(table, record)))
        return found


def logged(body: bytes) -> str | None:
    """A body as a table has it: text, or None where it is too large."""
    return body.decode(errors="replace") if len(body) <= _MOST_LOGGED else None


def logging_errors(request: bytes, response: bytes) -> tuple[str, ...]:
    """Why bodies are not in the table (documented)."""
    sizes = {"MAX_REQUEST_SIZE_EXCEEDED": request, "MAX_RESPONSE_SIZE_EXCEEDED": response}
    return tuple(code for code, body in sizes.items() if len(body) > _MOST_LOGGED)


def _files(table: PayloadTable, record: TableRecord) -> Delta:
    return Delta(Path(record.storage_location), columns(legacy=table.legacy))


def _column(column: Column) -> ColumnRecord:
    return ColumnRecord(
        name=column.name,
        type_name=_TYPE_NAMES.get(column.type, column.type),
        type_text=column.type.lower(),
        comment=column.comment,
    )
