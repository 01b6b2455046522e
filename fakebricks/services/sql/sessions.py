"""USE: where names without a catalog or a schema are looked for.

Real: a session is the client's, who hands it in with each statement. A statement does not change it; `session_after`
says what it has become, for who keeps sessions.
"""

from __future__ import annotations

from fakebricks.services.sql import Result, Session
from fakebricks.services.sql.asked import Asked
from fakebricks.services.sql.results import nothing
from fakebricks.services.sql.words import Words
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.rules import Rule


def session_after(statement: str, session: Session) -> Session:
    """What a session is after a statement that has succeeded in it.

    >>> session_after("USE CATALOG prod", Session("main", "fraud"))
    Session(catalog='prod', schema='default')

    Raises:
        SqlError: it is no statement.
    """
    words = Words(statement)
    return used(words, session) if words.sees("USE") else session


def used(words: Words, session: Session) -> Session:
    """Go over a USE statement; what the session becomes.

    Raises:
        SqlError: it is none.
    """
    words.expect("USE")
    if words.take("CATALOG"):
        chosen = Session(words.string() if words.next.value is not None else words.name(), "default")
    else:
        _ = words.take("SCHEMA") or words.take("DATABASE")
        levels = words.names()
        if len(levels) > 2:  # noqa: PLR2004 - catalog and schema
            words.wrong()
        chosen = Session(levels[0] if len(levels) == 2 else session.catalog, levels[-1])  # noqa: PLR2004
    words.end()
    return Session(chosen.catalog.lower(), chosen.schema.lower())


class Sessions:
    """Sees to it that sessions are where something is."""

    def __init__(self, metastore: Metastore) -> None:
        self._metastore = metastore

    def use(self, asked: Asked) -> Result:
        """USE of a catalog or schema that is there, and that the caller may use."""
        by_catalog = [word.text.upper() for word in asked.words][1:2] == ["CATALOG"]
        chosen = used(asked.words, asked.session)
        self._metastore.unity_catalog.require_catalog(chosen.catalog)
        if not by_catalog:
            self._metastore.unity_catalog.require_schema(chosen.catalog, chosen.schema)
        if asked.caller is not None:
            rule, name = (
                (Rule.SEE_CATALOG, chosen.catalog)
                if by_catalog
                else (Rule.SEE_SCHEMA, f"{chosen.catalog}.{chosen.schema}")
            )
            self._metastore.authority.require(rule, name, asked.caller, browse=False)
        return nothing()
