"""As whom a bundle's jobs run, where it says so.

Real: `run_as` of the bundle is that of every job that says none, and names exactly one identity (documented: the
Databricks CLI's `SetRunAs`). The CLI refuses endpoints and monitors beside a `run_as` that is not who deploys them;
here that is a warning, since the same bundle may be deployed by just that identity.
"""

from __future__ import annotations

from collections.abc import Iterator

from fakebricks.contracts.bundles.errors import BundleError
from fakebricks.contracts.bundles.nodes import Node
from fakebricks.contracts.findings import Finding, Severity

_IDENTITIES = ("user_name", "service_principal_name", "group_name")
_WITHOUT = ("model_serving_endpoints", "quality_monitors")


def with_run_as(whole: Node) -> Node:
    """The bundle whose jobs each say as whom they run.

    Raises:
        BundleError: the bundle's `run_as` names no identity, or several.
    """
    run_as, resources, jobs = whole.at("run_as"), whole.at("resources"), whole.at("resources", "jobs")
    if run_as is None:
        return whole
    if len(_named(run_as)) != 1:
        raise BundleError(f"run_as names exactly one identity: {', '.join(_IDENTITIES)}", run_as.place)
    if resources is None or jobs is None:
        return whole
    told = {key: one if one.at("run_as") else one.having(run_as=run_as) for key, one in jobs.fields.items()}
    return whole.having(resources=resources.having(jobs=Node(told, jobs.place)))


def run_as_others(whole: Node, user: str) -> Iterator[Finding]:
    """What the CLI refuses to deploy beside a `run_as` of somebody else."""
    run_as = whole.at("run_as")
    identity = next(iter(_named(run_as)), user) if run_as else user
    if run_as is None or identity == user or whole.at("experimental", "use_legacy_run_as"):
        return
    for kind in _WITHOUT:
        if whole.at("resources", kind):
            yield Finding(
                rule="bundle/run-as",
                message=f"{kind} cannot run as somebody else: only '{identity}' itself, whom 'run_as' names, can "
                "deploy this bundle.",
                severity=Severity.WARNING,
                fix="Deploy as that identity, or say run_as of the jobs instead of the bundle.",
                source="Databricks CLI, run_as",
                place=run_as.place,
            )


def _named(run_as: Node) -> list[str]:
    return [one.text for name in _IDENTITIES if (one := run_as.at(name)) and one.text]
