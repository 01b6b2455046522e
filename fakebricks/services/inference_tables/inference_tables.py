"""Inference tables: the requests to serving endpoints and their responses, as Delta tables in Unity Catalog.

Real: the tables, their columns, and one row for each request. Simulated: rows are delivered some minutes after their
request (documented: usually minutes, at most an hour), in batches that are written when the table is read. The
platform delivers at least once; here each row comes exactly once. A table that gets another name keeps its rows, and no
more are logged to it (documented: a change of the name by hand can stop the logging). Refused: sampling.
"""

from __future__ import annotations

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.inference_tables.columns import PROPERTIES, Column, columns, row
from fakebricks.services.inference_tables.records import Payload, PayloadTable
from fakebricks.services.unity_catalog import delta
from fakebricks.services.unity_catalog.column_types import column_type
from fakebricks.services.unity_catalog.delta import Delta
from fakebricks.services.unity_catalog.delta_tables import DeltaTables
from fakebricks.services.unity_catalog.records import ColumnRecord
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.state import Key, State
from fakebricks.wire.errors import InvalidParameterValue

_MINUTE = 60.0
_SHORTEST_DELAY, _LONGEST_DELAY = 1 * _MINUTE, 10 * _MINUTE
_LONGEST_PREFIX = 63  # observed
_MOST_LOGGED = 1024 * 1024  # documented: larger bodies are logged as NULL, with an error code
# Documented: requests that are answered with these may not be logged; here they never are.
_UNLOGGED = frozenset({401, 403, 429, 500})

_TIME = {True: "timestamp_ms", False: "request_time"}


class InferenceTables:
    """The inference tables of one workspace.

    `flush` touches Delta: it takes a while and must not be called inside a transaction.
    """

    def __init__(
        self,
        state: State,
        ids: Ids,
        clock: Clock,
        *,
        unity_catalog: UnityCatalog,
        tables: Tables,
        delta_tables: DeltaTables,
    ) -> None:
        self._state = state
        self._inference_tables = state.table("inference_tables", PayloadTable)
        self._payloads = state.table("inference_payloads", Payload)
        self._ids = ids
        self._clock = clock
        self._unity_catalog = unity_catalog
        self._tables = tables
        self._delta_tables = delta_tables
        delta_tables.also_writes(self.flush)

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
        table = self._tables.create(
            full_name,
            [_column(one) for one in columns(legacy=legacy)],
            self._delta_tables.new_location(),
            owner=owner,
            properties={} if legacy else PROPERTIES,
            ordered_by=_TIME[legacy],
        )
        self._inference_tables.put((table.id,), PayloadTable(id=table.id, endpoint_id=endpoint_id, legacy=legacy))
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
            self._payloads.put(self._key(full_name, table, payload), payload)
        return True

    def flush(self, full_name: str) -> None:
        """Write the rows that are due to an inference table; nothing happens where the name is not one's."""
        table = self._registered(full_name)
        record = self._tables.get(full_name)
        if table is None or record is None:
            return
        with self._delta_tables.writing:
            files = Delta.of(record)
            files.ensure()
            due = self._due(table)
            if not due:
                return
            files.append([row(payload, legacy=table.legacy) for _, payload in due])
            with self._state.transaction():
                for key, _ in due:
                    self._payloads.delete(key)

    def _registered(self, full_name: str) -> PayloadTable | None:
        """The inference table of that name, unless it has been dropped, or replaced by another table."""
        record = self._tables.get(full_name)
        return self._inference_tables.get((record.id,)) if record else None

    def _due(self, table: PayloadTable) -> list[tuple[Key, Payload]]:
        now = self._clock.millis()
        due = []
        for key, payload in self._payloads.scan((table.id,)):
            if int(key[1]) > now:
                break
            due.append((key, payload))
        return due

    def _key(self, full_name: str, table: PayloadTable, payload: Payload) -> Key:
        """Where a row waits, in the order of the requests: each table has a delay of its own."""
        chance = self._ids.chance("delivery", full_name)
        delivered = payload.time + _SHORTEST_DELAY + chance * (_LONGEST_DELAY - _SHORTEST_DELAY)
        return table.id, int(delivered * 1000), int(payload.time * 1_000_000), payload.databricks_request_id


def logged(body: bytes) -> str | None:
    """A body as a table has it: text, or None where it is too large."""
    return body.decode(errors="replace") if len(body) <= _MOST_LOGGED else None


def logging_errors(request: bytes, response: bytes) -> tuple[str, ...]:
    """Why bodies are not in the table (documented)."""
    sizes = {"MAX_REQUEST_SIZE_EXCEEDED": request, "MAX_RESPONSE_SIZE_EXCEEDED": response}
    return tuple(code for code, body in sizes.items() if len(body) > _MOST_LOGGED)


def _column(column: Column) -> ColumnRecord:
    found = column_type(column.type)
    return ColumnRecord(name=column.name, type_name=found.name, type_text=found.text, comment=column.comment)
