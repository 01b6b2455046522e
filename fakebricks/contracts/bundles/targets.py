"""The target that a bundle is deployed to: what it says beside and instead of what is said for all.

Real: as in the Databricks CLI (documented: its `SelectTarget` and `MergeTargetOverrides`): a single target or the one
marked `default` is meant where none is named, and a bundle without targets has one called `default`.
"""

from __future__ import annotations

from fakebricks.contracts.bundles.errors import BundleError, instead_of
from fakebricks.contracts.bundles.known_keys import SECTIONS
from fakebricks.contracts.bundles.merging import by_key, merged
from fakebricks.contracts.bundles.nodes import Node
from fakebricks.contracts.bundles.variables import of_nobody, overridden

_MODES = ("development", "production")
_WITHOUT_TARGETS = "default"


def selected(whole: Node, target: str | None) -> tuple[str, Node]:
    """The name of the target, and the bundle as it is for that; its `bundle` has the target's `mode` and `target`.

    Raises:
        BundleError: there is no such target, it cannot be told which is meant, or its overrides do not fit.
    """
    targets = _targets(whole)
    name = target or _default(targets)
    if name not in targets.fields and (targets.fields or name != _WITHOUT_TARGETS):
        raise BundleError(f"no target '{name}'{instead_of(name, targets.fields)}", targets.place)
    over = targets.at(name) or Node({}, whole.place)
    fields = dict(whole.without("targets", "environments").fields)
    for section in SECTIONS:
        if given := over.at(section):
            under = fields.get(section)
            fields[section] = given if under is None or section == "run_as" else merged(under, given)
    variables = fields.get("variables", of_nobody(whole.place.file))
    fields["variables"] = overridden(variables, over.at("variables") or of_nobody(over.place.file), name)
    fields["bundle"] = _bundle(whole, fields.get("bundle"), over, name)
    return name, _with_jobs_by_key(Node(fields, whole.place))


def has_own_root(whole: Node, target: str) -> bool:
    """Whether the target itself says where it is deployed to, which the bundle cannot say for it."""
    return _targets(whole).at(target, "workspace", "root_path") is not None


def _targets(whole: Node) -> Node:
    return whole.at("targets") or whole.at("environments") or Node({}, whole.place)


def _default(targets: Node) -> str:
    if not targets.fields:
        return _WITHOUT_TARGETS
    if len(targets.fields) == 1:
        return next(iter(targets.fields))
    marked = [name for name, one in targets.fields.items() if (flag := one.at("default")) and flag.value is True]
    if len(marked) == 1:
        return marked[0]
    names = ", ".join(marked or targets.fields)
    problem = "several targets are marked as default" if marked else "no target is named, and none is marked as default"
    raise BundleError(f"{problem}: {names}", targets.place)


def _bundle(whole: Node, told: Node | None, over: Node, target: str) -> Node:
    bundle = told or Node({}, whole.place)
    if not (bundle.at("name") or bundle).text:
        raise BundleError("the bundle has no name: 'bundle.name' is required", bundle.place)
    fields: dict[str, Node | str | int | bool] = {"target": target, "environment": target}
    mode = over.at("mode")
    if mode is not None and mode.value not in _MODES:
        raise BundleError(f"the mode '{mode.value}' is neither 'development' nor 'production'", mode.place)
    if mode is not None:
        fields["mode"] = mode
    if git := over.at("git"):
        under = bundle.at("git")
        fields["git"] = merged(under, git) if under else git
    return bundle.having(**fields)


def _with_jobs_by_key(whole: Node) -> Node:
    resources = whole.at("resources")
    jobs = whole.at("resources", "jobs")
    if resources is None or jobs is None:
        return whole
    merged_jobs = Node({key: by_key(job) for key, job in jobs.fields.items()}, jobs.place)
    return whole.having(resources=resources.having(jobs=merged_jobs))
