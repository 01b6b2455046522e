"""Stands where nothing executes statements: each is refused by name."""

from __future__ import annotations

from collections.abc import Sequence

from fakebricks.services.sql import Parameter, Result, Session
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import NotImplementedByFakebricks


class NoEngine:
    """A `SqlEngine` that computes nothing."""

    def execute(
        self,
        statement: str,
        caller: Caller | None,  # noqa: ARG002 - the protocol's
        *,
        session: Session | None = None,  # noqa: ARG002
        parameters: Sequence[Parameter] = (),  # noqa: ARG002
    ) -> Result:
        """Refuse.

        Raises:
            NotImplementedByFakebricks: always.
        """
        raise NotImplementedByFakebricks(f"fakebricks does not execute the statement '{statement[:64]}'.")
