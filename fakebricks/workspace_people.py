"""The people of a workspace, and who acts in this process: a part of `Workspace`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from fakebricks.roster import Principal, Roster
from fakebricks.state import MemoryState
from fakebricks.surroundings.persons import Auth, Group, Person, ServicePrincipal, Surroundings, credential_of


class WorkspacePeople:
    """Who is there; never there but in a `Workspace`, which has the attributes."""

    _acting: list[str]
    _roster: Roster
    _state: MemoryState
    _surroundings: list[Surroundings]

    def user(self, name: str, *, groups: Iterable[str] = (), admin: bool = False, token: str | None = None) -> Person:
        """A user of the workspace, who is added if need be, with a home folder.

        The workspace's own user, who is the first, is its admin; everybody else is an ordinary user, until they are
        made an admin too.

        Args:
            name: such as `bob@acme.test`, or just `bob`.
            groups: the names of groups to be in, beside those that they are in already; made if need be.
            admin: also in the group `admins`.
            token: one to call the workspace with; one is made up for a new person.

        Raises:
            ValueError: the name cannot be that of a user, the token is none or somebody else's, or a group cannot be.
        """
        with self._state.transaction():
            return self._roster.user(name, token, groups, admin=admin)

    def service_principal(self, display_name: str, *, groups: Iterable[str] = ()) -> ServicePrincipal:
        """A service principal of the workspace, which is added if need be, with a token and a secret to sign in with.

        >>> from fakebricks import Workspace
        >>> workspace = Workspace()
        >>> scoring = workspace.service_principal("prod-scoring", groups=["scoring"])
        >>> scoring.user_name == scoring.client_id == workspace.service_principal("prod-scoring").client_id
        True

        Args:
            display_name: what it is called; its `user_name` is its application id, a UUID.
            groups: the names of groups to be in, beside those that it is in already; made if need be.

        Raises:
            ValueError: it cannot be called so, or a group cannot be.
            LookupError: several are called so.
        """
        with self._state.transaction():
            return self._roster.service_principal(display_name, groups)

    def group(self, display_name: str, *, members: Iterable[Principal] = ()) -> Group:
        """A group of the workspace, which is added if need be.

        Args:
            display_name: what it is called.
            members: who is to be in it, beside those who are already: names of users and groups, display names or
                application ids of service principals, or what `user`, `service_principal` and `group` returned.

        Raises:
            ValueError: it cannot be called so, or would come to be in itself.
            LookupError: there is no such member, or there are several of that name.
        """
        with self._state.transaction():
            return self._roster.group(display_name, members)

    @contextmanager
    def acting_as(self, name: str, *, auth: Auth = "pat") -> Iterator[Person]:
        """Meanwhile, clients in this process call the workspace as another of its people.

        It is as if another program ran: MLflow begins with nothing active. All is put back on exit. The environment is
        that of the whole process, so other threads are that person, too.

        >>> from fakebricks import fake_workspace
        >>> from databricks.sdk import WorkspaceClient
        >>> with fake_workspace() as workspace:
        ...     workspace.user("bob@acme.test")
        ...     with workspace.acting_as("bob@acme.test"):
        ...         WorkspaceClient().current_user.me().user_name
        Person(user_name='bob@acme.test')
        'bob@acme.test'

        Args:
            name: of a user; or the display name or application id of a service principal.
            auth: `"pat"` for a token in `DATABRICKS_TOKEN`, or `"oauth-m2m"` for a service principal's
                `DATABRICKS_CLIENT_ID` and `DATABRICKS_CLIENT_SECRET`.

        Raises:
            LookupError: there is no such person, or there are several service principals of that name.
            ValueError: a user is to sign in by a client id and secret, which only service principals have.
            RuntimeError: nobody has entered the workspace, so that no environment leads to it.
        """
        with self._state.transaction():
            person = self._roster.person(name)
        credential = credential_of(person, auth)
        if not self._surroundings:
            message = (
                f"acting_as({name!r}) changes the environment of this process, which does not lead to the workspace: "
                "use it within fake_workspace() or a fixture, or send requests with user(...).token"
            )
            raise RuntimeError(message)
        self._acting.append(person.user_name)
        try:
            with self._surroundings[-1](credential):
                yield person
        finally:
            self._acting.remove(person.user_name)

    @contextmanager
    def surrounded(self, surroundings: Surroundings) -> Iterator[None]:
        """Meanwhile, the environment of this process leads to the workspace.

        Args:
            surroundings: makes it lead there with another credential.
        """
        self._surroundings.append(surroundings)
        try:
            yield
        finally:
            self._surroundings.remove(surroundings)
