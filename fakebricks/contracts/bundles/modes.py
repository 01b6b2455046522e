"""What a target's mode and presets do to its resources: prefixes, tags, pauses.

Real: `mode: development` and `presets` as the Databricks CLI applies them (documented: its `ApplyPresets` and the page
on deployment modes): names of jobs and experiments begin with `[dev jane] `, those of endpoints, registered models and
schemas with `dev_jane_` (schemas not with `experimental.skip_name_prefix_for_schema`), jobs are tagged and paused,
schedules of monitors are dropped; volumes keep their names. Real too: what the CLI demands of either mode.
Not looked at: the branch that Git is on.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator

from fakebricks.contracts.bundles.errors import BundleError
from fakebricks.contracts.bundles.nodes import Node
from fakebricks.contracts.findings import Finding, Severity

_RUNS = 4
_CLI = "Databricks CLI, deployment modes"
_PATHS = ("root_path", "state_path", "file_path", "artifact_path", "resource_path")


def short_name(user: str) -> str:
    """What the CLI calls a person in names.

    >>> short_name("Jane.Doe@acme.test")
    'jane_doe'
    """
    return _normal(user.partition("@")[0])


def with_presets(whole: Node, user: str) -> Node:
    """The bundle after its target's mode and presets.

    Raises:
        BundleError: a preset has a value that it cannot have.
    """
    presets = _presets(whole, user)
    resources = whole.at("resources")
    if resources is None:
        return whole
    kinds = dict(resources.fields)
    unprefixed = whole.at("experimental", "skip_name_prefix_for_schema")
    for kind, change in _CHANGES.items():
        if kind == "schemas" and unprefixed is not None and unprefixed.value is True:
            continue
        if kind in kinds:
            told = kinds[kind]
            kinds[kind] = Node({key: change(one, presets) for key, one in told.fields.items()}, told.place)
    return whole.having(resources=Node(kinds, resources.place))


def demands(whole: Node, target: str, user: str, *, own_root: bool) -> tuple[Finding, ...]:
    """What the CLI refuses to deploy in the mode of the target.

    Args:
        whole: the bundle as it is for the target.
        target: its name.
        user: who deploys it.
        own_root: whether the target says where it is deployed to.
    """
    mode = whole.at("bundle", "mode")
    if mode is None:
        return ()
    workspace = whole.at("workspace") or Node({}, whole.place)
    if mode.value == "development":
        paths = [path for name in _PATHS if (path := workspace.at(name)) and not _is_own(path.text, user)]
        return (*(_of_nobody(path, user) for path in paths), *_shared_by_presets(whole, user))
    return () if own_root else (_of_production(whole, mode, target),)


def _is_own(text: str, user: str) -> bool:
    return text.startswith("~/") or user in text or short_name(user) in text


def _shared_by_presets(whole: Node, user: str) -> Iterator[Finding]:
    prefix, status = whole.at("presets", "name_prefix"), whole.at("presets", "trigger_pause_status")
    if prefix is not None and prefix.text and not _is_own(prefix.text, user):
        yield Finding(
            rule="bundle/development-preset",
            message=f"With 'mode: development', the prefix '{prefix.text}' must be the developer's own: "
            f"'{short_name(user)}' must be in it.",
            fix="Put ${workspace.current_user.short_name} into it, or leave it out.",
            source=_CLI,
            place=prefix.place,
        )
    if status is not None and status.value == "UNPAUSED":
        yield Finding(
            rule="bundle/development-preset",
            message="With 'mode: development', triggers cannot be UNPAUSED by a preset.",
            fix="Leave trigger_pause_status out, or unpause single jobs.",
            source=_CLI,
            place=status.place,
        )


def _of_nobody(path: Node, user: str) -> Finding:
    return Finding(
        rule="bundle/development-path",
        message=f"With 'mode: development', the path '{path.text}' must be the developer's own: "
        f"'{user}' must be in it.",
        fix="Begin it with /Workspace/Users/${workspace.current_user.userName}, or leave it out.",
        source=_CLI,
        place=path.place,
    )


def _of_production(whole: Node, mode: Node, target: str) -> Finding:
    jobs = whole.at("resources", "jobs")
    run_as = whole.at("run_as") is not None or all(one.at("run_as") for one in (jobs.fields.values() if jobs else ()))
    return Finding(
        rule="bundle/production-path",
        message=f"The target '{target}' is in production mode and does not say its 'workspace.root_path', so that "
        "who else deploys it makes a copy of it.",
        severity=Severity.WARNING if run_as else Severity.ERROR,
        fix="Set targets.<target>.workspace.root_path to a path that all who deploy it share.",
        source=_CLI,
        place=mode.place,
    )


def _presets(whole: Node, user: str) -> Node:
    """The presets, with those that a mode brings beside them."""
    presets = whole.at("presets") or Node({}, whole.place)
    paused = presets.at("trigger_pause_status")
    if paused is not None and paused.value not in ("PAUSED", "UNPAUSED"):
        raise BundleError("trigger_pause_status is PAUSED or UNPAUSED", paused.place)
    mode = whole.at("bundle", "mode")
    if mode is None or mode.value != "development":
        return presets
    short = short_name(user)
    tags = presets.at("tags") or Node({}, presets.place)
    by_mode: dict[str, Node | str | int | bool] = {
        "name_prefix": f"[dev {short}] ",
        "trigger_pause_status": "PAUSED",
        "jobs_max_concurrent_runs": _RUNS,
    }
    told = Node({}, presets.place).having(**by_mode).having(**presets.fields)
    return told.having(tags=Node({}, tags.place).having(dev=short).having(**tags.fields))


def _prefix(presets: Node) -> str:
    prefix = presets.at("name_prefix")
    return prefix.text if prefix else ""


def _named(one: Node, change: Callable[[str], str]) -> Node:
    name = one.at("name")
    return one if name is None else one.having(name=Node(change(str(name.value)), name.place))


def _job(job: Node, presets: Node) -> Node:
    job = _named(job, lambda name: _prefix(presets) + name)
    if tags := presets.at("tags"):
        own = job.at("tags") or Node({}, job.place)
        job = job.having(tags=Node({**tags.fields, **own.fields}, own.place))
    runs = presets.at("jobs_max_concurrent_runs")
    if runs is not None and job.at("max_concurrent_runs") is None:
        job = job.having(max_concurrent_runs=runs)
    if paused := presets.at("trigger_pause_status"):
        for name in ("schedule", "continuous", "trigger"):
            told = job.at(name)
            if told is not None and told.at("pause_status") is None and isinstance(told.value, dict):
                job = job.having(**{name: told.having(pause_status=paused)})
    return job


def _experiment(experiment: Node, presets: Node) -> Node:
    def prefixed(name: str) -> str:
        folder, last = posixpath.split(name)
        return posixpath.join(folder, _prefix(presets) + last)

    experiment = _named(experiment, prefixed)
    tags = experiment.at("tags") or Node([], experiment.place)
    own = {tag.at("key") and tag.fields["key"].value for tag in tags.elements}
    added = presets.at("tags") or Node({}, presets.place)
    more = [
        Node({}, experiment.place).having(key=key, value=value)
        for key, value in sorted(added.fields.items(), key=lambda one: one[0])
        if key not in own
    ]
    return experiment.having(tags=Node([*tags.elements, *more], tags.place)) if more else experiment


def _in_snake_case(one: Node, presets: Node) -> Node:
    return _named(one, lambda name: _normal_prefix(_prefix(presets)) + name)


def _monitor(monitor: Node, presets: Node) -> Node:
    paused, status = presets.at("trigger_pause_status"), monitor.at("schedule", "pause_status")
    if paused is None or paused.value != "PAUSED" or (status is not None and status.value == "UNPAUSED"):
        return monitor
    return monitor.without("schedule")


_CHANGES: dict[str, Callable[[Node, Node], Node]] = {
    "jobs": _job,
    "experiments": _experiment,
    "model_serving_endpoints": _in_snake_case,
    "registered_models": _in_snake_case,
    "schemas": _in_snake_case,
    "quality_monitors": _monitor,
}


def _normal_prefix(prefix: str) -> str:
    bare = prefix.replace("[", "").strip(" ")
    return _normal(bare) + ("_" if bare.endswith("]") else "")


def _normal(name: str) -> str:
    letters = "".join(one if one.isalpha() or one.isdecimal() else "_" for one in name.lower())
    return "_".join(part for part in letters.split("_") if part)
