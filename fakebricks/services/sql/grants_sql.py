"""GRANT, REVOKE and SHOW GRANTS.

Real: the same grants as those of the Unity Catalog API, under the same privileges. Models are granted on as functions.
SHOW GRANTS tells what is granted on the object and what it inherits; who does not manage it, only their own (inferred).
"""

from __future__ import annotations

from collections.abc import Iterator

from fakebricks.services.sql import Result
from fakebricks.services.sql.asked import Asked
from fakebricks.services.sql.clauses import OBJECTS, kind_of, principal_of
from fakebricks.services.sql.ddl import named
from fakebricks.services.sql.results import nothing, told
from fakebricks.services.sql.words import Words
from fakebricks.services.unity_catalog.grants import Change
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.rules import MANAGING, SEEING
from fakebricks.services.unity_catalog.securables import Kind, Line
from fakebricks.state import State

_COLUMNS = dict.fromkeys(("Principal", "ActionType", "ObjectType", "ObjectKey"), "string")
_USAGE = {Kind.CATALOG: "USE_CATALOG", Kind.SCHEMA: "USE_SCHEMA"}


class GrantStatements:
    """Grants on the objects of one metastore."""

    def __init__(self, metastore: Metastore, state: State) -> None:
        self._metastore = metastore
        self._state = state

    def grant(self, asked: Asked) -> Result:
        """GRANT ... ON ... TO ..."""
        asked.words.expect("GRANT")
        privileges = _privileges(asked.words)
        kind, name = self._object(asked)
        asked.words.expect("TO")
        principal = principal_of(asked.words)
        self._update(kind, name, Change(principal, _of_kind(privileges, kind), frozenset()), asked)
        return nothing()

    def revoke(self, asked: Asked) -> Result:
        """REVOKE ... ON ... FROM ..."""
        asked.words.expect("REVOKE")
        privileges = _privileges(asked.words)
        kind, name = self._object(asked)
        asked.words.expect("FROM")
        principal = principal_of(asked.words)
        self._update(kind, name, Change(principal, frozenset(), _of_kind(privileges, kind)), asked)
        return nothing()

    def show(self, asked: Asked) -> Result:
        """SHOW GRANTS [principal] ON ..."""
        words = asked.words
        words.expect("SHOW")
        if not words.take("GRANTS"):
            words.expect("GRANT")
        principal = None if words.sees("ON") else principal_of(words)
        kind, name = self._object(asked)
        words.end()
        if asked.caller is not None:
            self._metastore.authority.require(SEEING[kind], name, asked.caller)
        line = self._metastore.unity_catalog.require_line(kind, name)
        rows = (row for row in self._rows(line, asked) if principal in (None, row[0]))
        return told(_COLUMNS, sorted(rows))

    def _rows(self, line: Line, asked: Asked) -> Iterator[tuple[str, str, str, str]]:
        authority = self._metastore.authority
        manages = asked.caller is None or authority.missing(MANAGING[line[-1].kind], line, asked.caller) is None
        for one in line:
            if one.kind is Kind.METASTORE and one is not line[-1]:
                continue  # what is granted on the metastore is not inherited
            for grant in self._metastore.grants.on(one):
                if manages or (asked.caller is not None and grant.principal in asked.caller.principals):
                    for privilege in grant.privileges:
                        yield grant.principal, privilege.replace("_", " "), str(one.kind), one.full_name

    def _update(self, kind: Kind, name: str, change: Change, asked: Asked) -> None:
        asked.words.end()
        if asked.caller is not None:
            self._metastore.authority.require(MANAGING[kind], name, asked.caller)
        securable = self._metastore.unity_catalog.require_line(kind, name)[-1]
        with self._state.transaction():
            self._metastore.grants.update(securable, [change])

    def _object(self, asked: Asked) -> tuple[Kind, str]:
        """Go over ON and an object, which is a table where nothing else is said."""
        words = asked.words
        words.expect("ON")
        kind = kind_of(words) if words.next.says(*OBJECTS) and words.next.kind == "word" else Kind.TABLE
        if kind is Kind.METASTORE:
            return kind, self._metastore.id
        return kind, named(kind, asked)


def _privileges(words: Words) -> list[str]:
    """Go over the privileges, up to ON."""
    found: list[list[str]] = [[]]
    while not words.sees("ON"):
        if words.take(","):
            found.append([])
        else:
            found[-1].append(words.name())
    if not all(found):
        words.wrong()
    return ["_".join(pieces).upper() for pieces in found]


def _of_kind(privileges: list[str], kind: Kind) -> frozenset[str]:
    """USAGE is what USE_CATALOG and USE_SCHEMA were called before (documented)."""
    return frozenset(_USAGE.get(kind, one) if one == "USAGE" else one for one in privileges)
