"""One statement with all that it is asked with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fakebricks.services.sql import Parameter, Session
from fakebricks.services.sql.words import Words
from fakebricks.wire.authentication import Caller


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement, and who asks it where and when.

    Attributes:
        words: the statement.
        caller: None where it is fakebricks itself, which may all.
        user_name: what `current_user()` says, and who owns what is made.
        session: where names are looked for.
        parameters: what the statement's own are bound to.
        now: the simulated present.
        views: names of temporary views of the engine's, which hide tables.
    """

    words: Words
    caller: Caller | None
    user_name: str
    session: Session
    parameters: Sequence[Parameter]
    now: datetime
    views: frozenset[str] = frozenset()

    def full_name(self, levels: Sequence[str]) -> str:
        """Three levels of a name that may have fewer; those that are missing are the session's."""
        missing = (self.session.catalog, self.session.schema)[: max(0, 3 - len(levels))]
        return ".".join((*missing, *levels)).lower()

    def schema_name(self, levels: Sequence[str]) -> str:
        """Two levels of a schema's name."""
        return ".".join((self.session.catalog, *levels)[-2:] if len(levels) < 2 else levels).lower()  # noqa: PLR2004
