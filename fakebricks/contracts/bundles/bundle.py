"""A bundle as it is for one target: its resources, with the values that are known before anything is deployed.

Real: variables, targets, includes, modes and references as in the Databricks CLI; see the modules beside this one.
Read and not deployed, with a warning: types of resources that fakebricks does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from fakebricks.contracts.bundles.errors import BundleError
from fakebricks.contracts.bundles.files import gather, root_of
from fakebricks.contracts.bundles.known_keys import BUNDLE, DEPLOYED, FOR_TARGET, NOT_DEPLOYED
from fakebricks.contracts.bundles.lookup_variables import presumptions
from fakebricks.contracts.bundles.lookups import OfResources, Settings
from fakebricks.contracts.bundles.modes import demands, with_presets
from fakebricks.contracts.bundles.nodes import Node
from fakebricks.contracts.bundles.permissions import with_permissions
from fakebricks.contracts.bundles.references import Resolver, references
from fakebricks.contracts.bundles.run_as import run_as_others, with_run_as
from fakebricks.contracts.bundles.schema import conform
from fakebricks.contracts.bundles.schema_links import with_schema_links
from fakebricks.contracts.bundles.targets import has_own_root, selected
from fakebricks.contracts.bundles.variables import of_nobody, values
from fakebricks.contracts.findings import Finding, Place, Severity
from fakebricks.workspace import DEFAULT_USER

_KINDS = tuple(DEPLOYED)
_TOLD = ("workspace", "presets", "resources", "permissions", "run_as")
_OF_A_RESOURCE = 3  # resources, type, key


@dataclass(frozen=True)
class Resource:
    """One resource of a bundle.

    Attributes:
        kind: its type, such as `model_serving_endpoints`.
        key: what the bundle calls it.
        node: what it says; references in it are to what only the platform can tell.
        after: the resources that it refers to, by type and key.
    """

    kind: str
    key: str
    node: Node
    after: frozenset[tuple[str, str]] = frozenset()

    @property
    def place(self) -> Place:
        """Where it is declared."""
        return self.node.place

    def text(self, *path: str | int) -> str:
        """A text that it says, or an empty one."""
        found = self.node.at(*path)
        return found.text if found else ""

    def __str__(self) -> str:
        return f"{self.kind}.{self.key}"


@dataclass(frozen=True)
class Bundle:
    """A bundle as it is for one target.

    Attributes:
        path: its root file.
        name: what it is called.
        target: the name of the target.
        mode: `development`, `production` or None.
        user: who deploys it.
        resources: in the order in which they can be deployed.
        findings: what a reader of the files should know already.
    """

    path: Path
    name: str
    target: str
    mode: str | None
    user: str
    resources: tuple[Resource, ...]
    findings: tuple[Finding, ...]

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The names of its serving endpoints, as they are deployed."""
        return tuple(one.text("name") for one in self.of_kind("model_serving_endpoints") if one.text("name"))

    def of_kind(self, kind: str) -> tuple[Resource, ...]:
        """Its resources of a type."""
        return tuple(one for one in self.resources if one.kind == kind)


def load_bundle(
    path: Path | str,
    target: str | None = None,
    variables: Mapping[str, str] | None = None,
    *,
    user: str = DEFAULT_USER,
) -> Bundle:
    """Read a bundle for one of its targets.

    Args:
        path: its `databricks.yml`, or the directory that has it.
        target: the name of the target; the only one or the default one, if none is named.
        variables: values of its variables, which count more than what the files say.
        user: who deploys it: the name of a user of the workspace that it is to be deployed into.

    Raises:
        BundleError: the files cannot be read, or say what no bundle can, or the target or a variable is unknown.
    """
    root = root_of(Path(path))
    whole, told = gather(root)
    name, for_target = selected(whole, target)
    declared = for_target.at("variables") or of_nobody(for_target.place.file)
    given = values(declared, variables or {})
    resolved = _resolved(for_target, given, user)
    linked = with_schema_links(with_permissions(with_run_as(resolved)))
    after = _dependencies(linked)
    named = _with_resources_resolved(with_presets(linked, user))
    bundle = named.at("bundle") or named
    mode = bundle.at("mode")
    return Bundle(
        path=root,
        name=(bundle.at("name") or bundle).text,
        target=name,
        mode=mode.text if mode else None,
        user=user,
        resources=_in_order(named, after),
        findings=(
            *told,
            *demands(resolved, name, user, own_root=has_own_root(whole, name)),
            *run_as_others(resolved, user),
            *presumptions(given, declared),
            *_not_deployed(named),
        ),
    )


def _resolved(whole: Node, variables: Mapping[str, Node], user: str) -> Node:
    """All but references to resources; unknown ones among them are found here, too."""
    resolver = Resolver(Settings(whole, variables, user).lookup)
    fields = {
        name: resolver.resolve(one) if name in (*_TOLD, "bundle") else one
        for name, one in whole.without("variables").fields.items()
    }
    return conform(Node(fields, whole.place), FOR_TARGET)


def _with_resources_resolved(whole: Node) -> Node:
    resources = whole.at("resources")
    if resources is None:
        return whole
    found = Resolver(OfResources(resources).lookup).resolve(resources)
    return whole.having(resources=conform(found, BUNDLE["resources"], ("resources",)))


def _dependencies(whole: Node) -> dict[tuple[str, str], frozenset[tuple[str, str]]]:
    resources = whole.at("resources") or Node({}, whole.place)
    return {
        (kind, key): frozenset(
            (str(path[1]), str(path[2]))
            for _, scalar in one.scalars()
            for path in references(scalar.text)
            if path[0] == "resources" and len(path) > _OF_A_RESOURCE
        )
        for kind in resources.fields
        for key, one in resources.fields[kind].fields.items()
    }


def _in_order(whole: Node, after: dict[tuple[str, str], frozenset[tuple[str, str]]]) -> tuple[Resource, ...]:
    """Each after those that it refers to, and beyond that in the order of the types."""
    resources = whole.at("resources") or Node({}, whole.place)
    order = TopologicalSorter({one: sorted(before) for one, before in after.items()})
    try:
        order.prepare()
    except CycleError as error:
        circle = [f"{kind}.{key}" for kind, key in error.args[1]]
        kind, key = error.args[1][0]
        place = resources.fields[kind].fields[key].place
        raise BundleError(f"the resources refer to each other in a circle: {' -> '.join(circle)}", place) from None
    found: list[Resource] = []
    ready: list[tuple[str, str]] = []
    while order.is_active():
        ready = sorted({*ready, *order.get_ready()}, key=_rank)
        kind, key = ready.pop(0)
        if kind in DEPLOYED:
            found.append(Resource(kind, key, resources.fields[kind].fields[key], after.get((kind, key), frozenset())))
        order.done((kind, key))
    return tuple(found)


def _rank(one: tuple[str, str]) -> tuple[int, str]:
    kind, key = one
    return (_KINDS.index(kind) if kind in _KINDS else -1, key)


def _not_deployed(whole: Node) -> tuple[Finding, ...]:
    resources = whole.at("resources") or Node({}, whole.place)
    return tuple(
        Finding(
            rule="bundle/not-deployed",
            message=f"{kind}.{key} is not deployed: fakebricks does not have {kind} of bundles.",
            severity=Severity.WARNING,
            place=one.place,
        )
        for kind in NOT_DEPLOYED
        if kind in resources.fields
        for key, one in resources.fields[kind].fields.items()
    )
