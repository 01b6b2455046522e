"""Who may do what with the monitor of a table.

Real: to see one takes SELECT on the table, or what it takes to manage it; to change one or to refresh it, MANAGE; to
create one, both (documented: databricks-sdk's docstrings). Who creates a monitor must be able to create tables in the
output schema and to read the baseline table (inferred), and is the only one who may update it (documented for
`quality_monitors`). Refreshes are done as the creator, who must still be allowed (inferred).
"""

from __future__ import annotations

from fakebricks.services.iam.people import People
from fakebricks.services.unity_catalog.authority import Authority
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import PermissionDenied


class MonitorRights:
    """Asks Unity Catalog on behalf of monitors."""

    def __init__(self, authority: Authority, people: People) -> None:
        self._authority = authority
        self._people = people

    def require_see(self, table: str, caller: Caller) -> None:
        """The caller may see the monitor of a table.

        Raises:
            PermissionDenied: they may not.
        """
        if not self._authority.allows(Rule.MANAGE_TABLE, table, caller):
            self._authority.require(Rule.READ_TABLE, table, caller)

    def require_manage(self, table: str, caller: Caller) -> None:
        """The caller may refresh, change and delete the monitor of a table.

        Raises:
            PermissionDenied: they may not.
        """
        self._authority.require(Rule.MANAGE_TABLE, table, caller)

    def require_create(self, table: str, caller: Caller) -> None:
        """The caller may create a monitor of a table.

        Raises:
            PermissionDenied: they may not.
        """
        self._authority.require(Rule.READ_TABLE, table, caller)
        self._authority.require(Rule.MANAGE_TABLE, table, caller)

    def require_use(self, output_schema: str, baseline: str | None, caller: Caller) -> None:
        """The caller may create tables in the output schema, and read the baseline table.

        Raises:
            PermissionDenied: they may not.
        """
        self._authority.require(Rule.CREATE_TABLE, output_schema, caller)
        if baseline is not None:
            self._authority.require(Rule.READ_TABLE, baseline, caller)

    def creator(self, user_name: str) -> Caller:
        """As whom the monitor of a creator is refreshed.

        Raises:
            PermissionDenied: they are no longer in the workspace.
        """
        caller = self._people.caller_named(user_name)
        if caller is None:
            raise PermissionDenied(f"User {user_name} does not exist any more, who created this monitor.")
        return caller
