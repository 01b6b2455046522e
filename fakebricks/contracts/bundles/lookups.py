"""What the references of a bundle refer to, in the two rounds in which they are resolved.

First variables, `${bundle...}` and `${workspace...}`, as far as they are known before anything is deployed; then, when
names have their prefixes, resources.
"""

from __future__ import annotations

from collections.abc import Mapping

from fakebricks.contracts.bundles.errors import BundleError, instead_of
from fakebricks.contracts.bundles.identities import known_before, referable, told_after
from fakebricks.contracts.bundles.known_keys import DEPLOYED
from fakebricks.contracts.bundles.modes import short_name
from fakebricks.contracts.bundles.nodes import Node, Path, shown

_ROOTS = ("var", "bundle", "workspace", "resources", "variables", "artifacts")
_OF_A_RESOURCE = 3  # resources, type, key
_GIT = {"branch": "", "origin_url": "", "commit": "", "actual_branch": ""}


TOLD_OF_PEOPLE = (("id",), ("displayName",))
"""What of who deploys it only the platform can tell."""


class Settings:
    """What is known of a bundle before its resources: its variables, and who deploys it where."""

    def __init__(self, whole: Node, variables: Mapping[str, Node], user: str) -> None:
        self._variables = variables
        self._bundle = _bundle(whole)
        self._workspace = _workspace(whole, user)

    def lookup(self, path: Path, node: Node) -> Node | None:
        """What a reference refers to; None for one to a resource, or to no part of a bundle.

        Raises:
            BundleError: it refers to nothing.
        """
        root = str(path[0])
        if root in ("var", "variables"):
            return self._variable(path, node)
        if root == "bundle":
            return _within(self._bundle, path, node)
        if path == ("workspace", "host") and not self._workspace.at("host"):
            return None
        if path[:2] == ("workspace", "current_user") and path[2:] in TOLD_OF_PEOPLE:
            return None
        if root == "workspace":
            return _within(self._workspace, path, node)
        if root in _ROOTS or len(path) == 1:
            return None
        raise BundleError(f"${{{shown(path)}}} refers to nothing{instead_of(root, _ROOTS)}", node.place)

    def _variable(self, path: Path, node: Node) -> Node | None:
        if len(path) == 1:
            raise BundleError(f"${{{shown(path)}}} names no variable", node.place)
        name, rest = str(path[1]), path[2:]
        if name not in self._variables:
            told = instead_of(name, self._variables)
            raise BundleError(
                f"${{{shown(path)}}} refers to the variable '{name}', which is not declared{told}", node.place
            )
        if path[0] == "variables":
            rest = rest[1:]
        value = self._variables[name]
        for step in rest:
            if "${" in value.text:
                message = f"${{{shown(path)}}} looks into '{value.text}', which is a reference itself"
                raise BundleError(message, node.place)
            found = value.at(step)
            if found is None:
                told = instead_of(str(step), value.fields) if value.fields else ""
                raise BundleError(f"${{{shown(path)}}}: there is no '{step}' in it{told}", node.place)
            value = found
        return value


def _bundle(whole: Node) -> Node:
    bundle = whole.at("bundle") or Node({}, whole.place)
    git = Node({}, bundle.place).having(**_GIT)
    own = bundle.at("git")
    return bundle.having(git=git.having(**own.fields) if own else git)


def _workspace(whole: Node, user: str) -> Node:
    told = whole.at("workspace") or Node({}, whole.place)
    root = told.at("root_path") or Node(
        f"/Workspace/Users/{user}/.bundle/${{bundle.name}}/${{bundle.target}}", told.place
    )
    if root.text.startswith("~/"):
        root = Node(f"/Workspace/Users/{user}{root.text[1:]}", root.place)
    below = {
        "file_path": "files",
        "artifact_path": "artifacts",
        "state_path": "state",
        "resource_path": "resources",
    }
    paths = {
        name: told.at(name) or Node(f"${{workspace.root_path}}/{last}", root.place) for name, last in below.items()
    }
    person = Node({}, told.place).having(
        userName=user,
        user_name=user,
        short_name=short_name(user),
        domain_friendly_name=short_name(user).replace("_", "-"),
    )
    return told.having(root_path=root, **paths, current_user=person)


def _within(section: Node, path: Path, node: Node) -> Node:
    found = section.at(*path[1:])
    if found is None or len(path) == 1:
        parent = section.at(*path[1:-1])
        told = instead_of(str(path[-1]), parent.fields) if parent and parent.fields else ""
        raise BundleError(f"${{{shown(path)}}} refers to nothing{told}", node.place)
    return found


class OfResources:
    """What is known of a bundle's resources, as soon as it is."""

    def __init__(self, resources: Node) -> None:
        self._resources = resources

    def lookup(self, path: Path, node: Node) -> Node | None:
        """What a reference to a resource refers to; None for what only the platform can tell, and for anything else.

        Raises:
            BundleError: there is no such resource, or there can be no such field.
        """
        if path[0] != "resources":
            return None
        kind, key = self._named(path, node)
        resource = self._resources.fields[kind].fields[key]
        field = str(path[_OF_A_RESOURCE])
        told = resource.at(*path[_OF_A_RESOURCE:])
        if kind not in DEPLOYED:
            return told
        made = told if told is not None else known_before(kind, resource, field)
        if made is not None or field in told_after(kind):
            return made
        known = referable(kind, resource)
        raise BundleError(f"${{{shown(path)}}}: the resource has no '{field}'{instead_of(field, known)}", node.place)

    def _named(self, path: Path, node: Node) -> tuple[str, str]:
        if len(path) <= _OF_A_RESOURCE:
            message = f"${{{shown(path)}}} is no value: write ${{resources.<type>.<key>.<field>}}"
            raise BundleError(message, node.place)
        kind, key = str(path[1]), str(path[2])
        within = self._resources.at(kind)
        if within is None:
            told = instead_of(kind, self._resources.fields)
            raise BundleError(f"${{{shown(path)}}}: the bundle has no resources '{kind}'{told}", node.place)
        if key not in within.fields:
            told = instead_of(key, within.fields)
            raise BundleError(f"${{{shown(path)}}}: the bundle has no '{key}' in its {kind}{told}", node.place)
        return kind, key
