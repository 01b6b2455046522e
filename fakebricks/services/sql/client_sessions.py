"""Sessions: what the statements of one client have in common, which is where they look for names.

Real: `USE` changes it for the statements that follow. A session is its owner's, and ends when it is closed. Refused:
configuration parameters other than at their default. Inferred: the texts about sessions.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from fakebricks.ids import Ids
from fakebricks.services.sql import Session
from fakebricks.services.sql.records import SqlSession
from fakebricks.services.unity_catalog.names import checked_name
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.state import State
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import NotFound, NotImplementedByFakebricks, PermissionDenied

DEFAULT_SCHEMA = "default"

# What clients set to what it is anyway, or what is about them alone.
_DEFAULTS = {
    "ansi_mode": "true",
    "timezone": "utc",
    "statement_timeout": "0",
    "legacy_time_parser_policy": "exception",
    "read_only_external_metastore": "false",
    "spark.thriftserver.arrowbasedrowset.timestampasstring": "false",
}
_WITHOUT_EFFECT = frozenset({"enable_photon", "use_cached_result", "max_file_partition_bytes", "query_tags"})


class ClientSessions:
    """The sessions of one workspace."""

    def __init__(self, state: State, ids: Ids, unity_catalog: UnityCatalog) -> None:
        self._sessions = state.table("sql_sessions", SqlSession)
        self._ids = ids
        self._unity_catalog = unity_catalog

    def names(self, catalog: str | None, schema: str | None) -> Session:
        """Where names are looked for; what is None or empty is as it is in a workspace.

        Raises:
            InvalidParameterValue: nothing can be called so.
        """
        chosen = catalog or self._unity_catalog.metastore.default_catalog_name or "main"
        return Session(checked_name(chosen, "catalog"), checked_name(schema or DEFAULT_SCHEMA, "schema"))

    def open(
        self,
        warehouse_id: str,
        caller: Caller,
        *,
        catalog: str | None,
        schema: str | None,
        configuration: Mapping[str, str],
    ) -> SqlSession:
        """A new session.

        Raises:
            InvalidParameterValue: no catalog or no schema can be called so.
            NotImplementedByFakebricks: a configuration parameter is to be other than by default.
        """
        check_configuration(configuration)
        names = self.names(catalog, schema)
        session = SqlSession(
            id=self._ids.uuid(),
            owner=caller.user_name,
            warehouse_id=warehouse_id,
            catalog=names.catalog,
            schema=names.schema,
        )
        self._sessions.put((session.id,), session)
        return session

    def get(self, session_id: str, caller: Caller) -> SqlSession:
        """The session of that id, which is the caller's.

        Raises:
            NotFound: there is none.
            PermissionDenied: it is somebody else's.
        """
        session = self._sessions.get((session_id,))
        if session is None:
            raise NotFound(f"The session {session_id[:64]} does not exist, or was closed.")
        if session.owner != caller.user_name:
            raise PermissionDenied(f"{caller.user_name} is not the owner of the session {session.id}.")
        return session

    def on(self, warehouse_id: str, session_id: str, caller: Caller) -> SqlSession:
        """The session of that id on a warehouse. Raises as `get`, also where it is on another one."""
        session = self.get(session_id, caller)
        if session.warehouse_id != warehouse_id:
            raise NotFound(f"The session {session.id} is not one of the SQL warehouse {warehouse_id[:64]}.")
        return session

    def close(self, session_id: str, caller: Caller) -> None:
        """End a session. Raises as `get`."""
        self._sessions.delete((self.get(session_id, caller).id,))

    def move(self, session_id: str, names: Session) -> None:
        """Let a session look for names elsewhere from now on; nothing happens where it was closed meanwhile."""
        session = self._sessions.get((session_id,))
        if session is not None:
            self._sessions.put((session_id,), replace(session, catalog=names.catalog, schema=names.schema))


def check_configuration(configuration: Mapping[str, str]) -> None:
    """Refuse configuration parameters that would change what statements do.

    Raises:
        NotImplementedByFakebricks: there is one.
    """
    for name, value in configuration.items():
        key = name.lower()
        if key not in _WITHOUT_EFFECT and _DEFAULTS.get(key) != value.lower():
            raise NotImplementedByFakebricks(
                f"fakebricks does not implement the configuration parameter '{name[:64]}' of a session with the value "
                f"'{value[:64]}'; leave it out."
            )
