"""A bundle deployed into a workspace: resource by resource, each after those that it refers to.

Real: every request goes through the workspace's API, and what that refuses becomes a finding at the line that says it;
endpoints deploy, in simulated time, until they serve or fail. What depends on a resource that was refused is not
deployed. Inferred: that the first refusal of a resource is all that is told of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fakebricks.clock import VirtualClock
from fakebricks.contracts.bundles.bundle import Bundle, Resource
from fakebricks.contracts.bundles.creating import Told, allow, create, ignored
from fakebricks.contracts.bundles.errors import BundleError
from fakebricks.contracts.bundles.known_keys import DEPLOYED
from fakebricks.contracts.bundles.lookups import TOLD_OF_PEOPLE
from fakebricks.contracts.bundles.model_versions import ModelVersions
from fakebricks.contracts.bundles.nodes import Node
from fakebricks.contracts.bundles.nodes import Path as Way
from fakebricks.contracts.bundles.places import place_of
from fakebricks.contracts.bundles.presumed import presume
from fakebricks.contracts.bundles.references import Resolver
from fakebricks.contracts.bundles.schema import conform
from fakebricks.contracts.calling import Client, RefusedError, part
from fakebricks.contracts.findings import Evidence, Finding, Place, Severity
from fakebricks.contracts.making import settled
from fakebricks.workspace import Workspace

_ME = "/api/2.0/preview/scim/v2/Me"
_OF_A_FIELD = 4  # resources, type, key, field


def deploy(bundle: Bundle, workspace: Workspace, model: Path | None = None) -> tuple[Finding, ...]:
    """Deploy a bundle, and say what went wrong.

    Args:
        bundle: as `load_bundle` has read it, for the workspace's user.
        workspace: where to; on a virtual clock, which is advanced until the endpoints have been deployed.
        model: the directory of an MLflow model, which is registered as the versions that the endpoints serve where
            the registry has none.

    Returns:
        What the files are to be told of, what was presumed, and what the workspace refused: errors are what would fail
        on a deployment, too.

    Raises:
        BundleError: the model is no directory of an MLflow model.
        NotAModelError: a file of the model cannot be read.
        ValueError: the bundle was read for somebody else than the workspace's user, or its clock is a real one.
    """
    if bundle.user != workspace.user_name:
        message = f"the bundle was read for {bundle.user}: load_bundle(..., user={workspace.user_name!r})"
        raise ValueError(message)
    if not isinstance(workspace.clock, VirtualClock):
        message = "a bundle is deployed on a virtual clock: it would take minutes"
        raise ValueError(message)  # noqa: TRY004 - which clock a workspace has is a choice of its user's
    if model is not None and not (model / "MLmodel").is_file():
        raise BundleError("this is no directory of an MLflow model: it has no MLmodel", Place(str(model)))
    presumed = presume(Client(workspace), bundle)
    return (*bundle.findings, *presumed, *_Deployment(workspace, bundle, model).run())


class _Deployment:
    """One deployment, under way."""

    def __init__(self, workspace: Workspace, bundle: Bundle, model: Path | None) -> None:
        self._host = workspace.host
        self._client = Client(workspace)
        self._bundle = bundle
        self._versions = ModelVersions(self._client, bundle, model)
        self._told: dict[tuple[str, str], Told] = {}

    def run(self) -> Iterator[Finding]:
        for resource in self._bundle.resources:
            yield from self._one(resource)

    def _one(self, resource: Resource) -> Iterator[Finding]:
        missing = [one for one in sorted(resource.after) if one not in self._told and one[0] in DEPLOYED]
        if missing:
            yield _not_reached(resource, missing)
            return
        try:
            known = self._resolved(resource)
        except BundleError as error:
            yield Finding(rule="bundle/reference", message=error.message, place=error.place)
            return
        yield from _ignored(known)
        yield from self._made(known)

    def _resolved(self, resource: Resource) -> Resource:
        """With what the platform has told of the resources before it."""
        node = Resolver(self._lookup).resolve(resource.node)
        return replace(
            resource, node=conform(node, DEPLOYED[resource.kind], ("resources", resource.kind, resource.key))
        )

    def _lookup(self, path: Way, node: Node) -> Node | None:
        if path == ("workspace", "host"):
            return Node(self._host, node.place)
        if path[:2] == ("workspace", "current_user") and path[2:] in TOLD_OF_PEOPLE:
            return Node(str(self._client.told("GET", _ME).get(path[2], "")), node.place)
        if path[0] != "resources" or len(path) != _OF_A_FIELD:
            return None
        told = self._told.get((str(path[1]), str(path[2])), {}).get(str(path[3]))
        return None if told is None else Node(told, node.place)

    def _made(self, resource: Resource) -> Iterator[Finding]:
        if resource.kind == "model_serving_endpoints" and (name := self._versions.lacks_model(resource)):
            yield _needs_model(resource, name)
            return
        try:
            if resource.kind == "quality_monitors" and (table := self._lacks_table(resource)):
                yield table
                return
            if resource.kind == "model_serving_endpoints":
                yield from self._versions.register(resource)
            told = create(self._client, resource)
            self._told[resource.kind, resource.key] = told
            allow(self._client, resource, told, self._bundle.user)
        except RefusedError as refused:
            yield _refused(resource, refused, self._advice(resource, refused))
            return
        if resource.kind == "model_serving_endpoints":
            yield from self._deployed(resource, told["id"])

    def _advice(self, resource: Resource, refused: RefusedError) -> str:
        if resource.kind != "model_serving_endpoints":
            return ""
        return self._versions.advice(resource, refused.exchange.message)

    def _lacks_table(self, monitor: Resource) -> Finding | None:
        name = monitor.node.at("table_name")
        if name is None or not name.text or self._client.has(f"/api/2.1/unity-catalog/tables/{part(name.text)}"):
            return None
        return Finding(
            rule="bundle/table-missing",
            message=f"The monitor {monitor.key} was not made: there is no table '{name.text}' to monitor, and the "
            "bundle makes none of that name.",
            severity=Severity.WARNING,
            fix="See that the name is right. If another job makes the table, make it in the workspace before.",
            place=name.place,
        )

    def _deployed(self, resource: Resource, name: str) -> Iterator[Finding]:
        """Wait until it serves."""
        endpoint = settled(self._client, name)
        if endpoint["state"]["config_update"] == "UPDATE_FAILED":
            yield from _failures(resource, endpoint)


def _failures(resource: Resource, endpoint: dict[str, Any]) -> Iterator[Finding]:
    for entity in endpoint["pending_config"]["served_entities"]:
        state = entity["state"]
        if state["deployment"] != "DEPLOYMENT_FAILED":
            continue
        message = state["deployment_state_message"]
        yield Finding(
            rule="bundle/endpoint-failed",
            message=f"The endpoint '{endpoint['name']}' does not serve '{entity['name']}': {message}",
            evidence=(Evidence("The state of the served entity", answer=str(state), expected="DEPLOYMENT_READY"),),
            place=place_of(f"'{entity.get('entity_name', '')}'", resource),
        )


def _refused(resource: Resource, refused: RefusedError, advice: str) -> Finding:
    answer = refused.exchange
    place = place_of(answer.message, resource)
    if answer.status == HTTPStatus.NOT_IMPLEMENTED:
        return Finding(
            rule="bundle/not-computed",
            message=f"{resource} was not deployed: {answer.message}",
            severity=Severity.WARNING,
            place=place,
        )
    return Finding(
        rule="bundle/refused",
        message=f"{resource}: {answer.code}: {answer.message}",
        fix=advice,
        evidence=(answer.evidence("The workspace refuses it"),),
        place=place,
    )


def _ignored(resource: Resource) -> Iterator[Finding]:
    for name, reason in ignored(resource.kind).items():
        if (node := resource.node.at(name)) is not None:
            yield Finding(
                rule="bundle/ignored",
                message=f"'{name}' of {resource} is left out: {reason}.",
                severity=Severity.NOTE,
                place=node.place,
            )


def _not_reached(resource: Resource, missing: list[tuple[str, str]]) -> Finding:
    names = ", ".join(f"{kind}.{key}" for kind, key in missing)
    return Finding(
        rule="bundle/not-reached",
        message=f"{resource} was not deployed, because {names} was not, which it refers to.",
        severity=Severity.NOTE,
        place=resource.place,
    )


def _needs_model(resource: Resource, name: Node) -> Finding:
    return Finding(
        rule="bundle/model-needed",
        message=f"{resource} was not deployed: it serves '{name.text}', of which there is no version here.",
        severity=Severity.WARNING,
        fix="Give the model that it serves: --model DIR.",
        place=name.place,
    )
