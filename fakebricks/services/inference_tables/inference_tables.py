"""Inference tables: the requests to serving endpoints and their responses, as Delta tables in Unity Catalog.

Real: the tables, their columns, and one row for each request, or for each of the share that is asked for. Simulated:
rows are delivered some minutes after their request (documented: usually minutes, at most an hour), in batches that are
written when the table is read: however many requests there were between two looks, they are a commit or a few. The
platform delivers at least once; here each row comes exactly once, also where somebody was interrupted while writing. A
table that gets another name keeps its rows, and no more are logged to it; where others change its columns, rows wait
(documented: a change of name or schema by hand can stop the logging).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.inference_tables.columns import PROPERTIES, Column, columns, row
from fakebricks.services.inference_tables.records import Payload, PayloadTable, ServedVersion
from fakebricks.services.unity_catalog import delta
from fakebricks.services.unity_catalog.column_types import column_type
from fakebricks.services.unity_catalog.delta import ChangedByHand, Delta
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
_LARGEST_BATCH = 50_000
"""How many rows one commit has at most, so that memory does not grow with what waits."""

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
        self._served = state.table("inference_served_versions", ServedVersion)
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
        if not 0 < len(prefix) <= _LONGEST_PREFIX:
            message = f"The table_name_prefix must have 1 to {_LONGEST_PREFIX} characters."
            raise InvalidParameterValue(message)
        parent = self._unity_catalog.require_schema(catalog, schema)
        full_name = f"{parent.full_name}.{prefix.lower()}_payload"
        return self.create_named(full_name, endpoint_id=endpoint_id, owner=owner, legacy=legacy)

    def create_named(self, full_name: str, *, endpoint_id: str, owner: str, legacy: bool) -> str:
        """As `create`, of a table whose full name is given, in lower case."""
        delta.require()
        known = self._registered(full_name)
        if known and known.endpoint_id == endpoint_id and known.legacy == legacy:
            return full_name
        self._tables.require_free(full_name)
        table_id = self._ids.uuid()
        self._tables.create(
            full_name,
            [_column(one) for one in columns(legacy=legacy)],
            self._delta_tables.new_location(full_name, table_id),
            owner=owner,
            properties={} if legacy else PROPERTIES,
            ordered_by=_TIME[legacy],
            table_id=table_id,
        )
        delay = _SHORTEST_DELAY + self._ids.chance("delivery", full_name) * (_LONGEST_DELAY - _SHORTEST_DELAY)
        made = PayloadTable(id=table_id, endpoint_id=endpoint_id, legacy=legacy, delay=delay)
        self._inference_tables.put((table_id,), made)
        return full_name

    def exists(self, full_name: str) -> bool:
        """Whether there is an inference table of that name; one that was dropped or replaced is none."""
        return self._registered(full_name) is not None

    def trouble(self, full_name: str) -> str | None:
        """Why rows do not arrive at a table, or None where they do."""
        table = self._registered(full_name)
        if table is None:
            return f"The inference table {full_name} has been dropped or replaced; nothing is logged to it."
        return table.corrupted

    def served(self, full_name: str) -> dict[str, tuple[str, str]]:
        """Name and version of the models in a table, by the ids of the served entities that it has rows of."""
        table = self._registered(full_name)
        found = self._served.scan((table.id,)) if table else ()
        return {str(key[1]): (one.model_name, one.model_version) for key, one in found}

    def log(self, full_name: str, payload: Payload) -> None:
        """Have a request and its response delivered to a table that is there, if it is one of the sample."""
        table = self._registered(full_name)
        if table is not None and payload.status_code not in _UNLOGGED and self._is_drawn(payload):
            self._payloads.put(self._place(table, payload), payload)

    def flush(self, full_name: str) -> None:
        """Write the rows that are due to an inference table; nothing happens where the name is not one's.

        Where that is interrupted, the rows that were not written are written by the next call, and no others.
        """
        with self._delta_tables.writing:
            record, table = self._tables.get(full_name), self._registered(full_name)
            if record is None or table is None:
                return
            files = self._delta_tables.files_of(record)
            files.ensure()
            corrupted = None
            try:
                for due in self._batches(table):
                    self._deliver(table, files, due)
            except ChangedByHand as changed:
                corrupted = changed.message
            self._inference_tables.put((table.id,), replace(table, begun=False, corrupted=corrupted))

    def _deliver(self, table: PayloadTable, files: Delta, due: list[tuple[Key, Payload]]) -> None:
        """Write rows in one commit, but for those that an interrupted call has written already."""
        payloads = [payload for _, payload in due]
        if table.begun:
            there = files.holds("databricks_request_id", [one.databricks_request_id for one in payloads])
            payloads = [one for one in payloads if one.databricks_request_id not in there]
        self._inference_tables.put((table.id,), replace(table, begun=True))
        if payloads:
            files.append([row(payload, legacy=table.legacy) for payload in payloads])
        with self._state.transaction():
            for key, payload in due:
                self._payloads.delete(key)
                self._note_version(table, payload)
            self._inference_tables.put((table.id,), table)

    def _is_drawn(self, payload: Payload) -> bool:
        """Whether a request is one of the share that is logged, which the workspace's seed decides."""
        fraction = payload.sampling_fraction
        return fraction >= 1 or self._ids.chance("sampling", payload.databricks_request_id) < fraction

    def _note_version(self, table: PayloadTable, payload: Payload) -> None:
        key = (table.id, payload.served_entity_id)
        if self._served.get(key) is None:
            served = ServedVersion(model_name=payload.model_name, model_version=payload.model_version)
            self._served.put(key, served)

    def _registered(self, full_name: str) -> PayloadTable | None:
        """The inference table of that name, unless it has been dropped, or replaced by another table."""
        record = self._tables.get(full_name)
        return self._inference_tables.get((record.id,)) if record else None

    def _place(self, table: PayloadTable, payload: Payload) -> Key:
        """Where a row waits: by when it is delivered, in the order of the requests, also of those at the same time."""
        delivered = int((payload.time + table.delay) * 1000)
        moment = (table.id, delivered, int(payload.time * 1_000_000))
        before = next((int(key[3]) for key, _ in self._payloads.scan(moment, reverse=True)), -1)
        return *moment, before + 1, payload.databricks_request_id

    def _batches(self, table: PayloadTable) -> Iterator[list[tuple[Key, Payload]]]:
        now = self._clock.millis()
        while True:
            waiting = islice(self._payloads.scan((table.id,)), _LARGEST_BATCH)
            due = [(key, payload) for key, payload in waiting if int(key[1]) <= now]
            if not due:
                return
            yield due


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
