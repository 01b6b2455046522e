"""Versions of the models that a bundle's endpoints serve: a bundle has none, so a local model is registered as these.

Real: version, upload and finalization through the API, as MLflow makes them. Where a bundle serves version 7, the six
before it are registered and deleted again, since a registry counts. Inferred from nothing: whose model it is. One model
is served by all endpoints.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from fakebricks.contracts.bundles.bundle import Bundle, Resource
from fakebricks.contracts.bundles.nodes import Node
from fakebricks.contracts.calling import Client, RefusedError, part
from fakebricks.contracts.findings import Finding, Severity
from fakebricks.contracts.making import add_version, create_model, skip_version

_UC = "/api/2.1/unity-catalog"
_MOST = 1_000
_PARTS = 3
_NOT_CUSTOM = ("system.", "databricks-")


def served(endpoint: Resource) -> list[tuple[Node, Node | None]]:
    """The names of the models that it serves, with their versions; the team's own, no foundation or external ones."""
    found = []
    for entities, field in (("served_entities", "entity_name"), ("served_models", "model_name")):
        config = endpoint.node.at("config", entities)
        for one in config.elements if config else ():
            name = one.at(field)
            if name is not None and name.text and not name.text.startswith(_NOT_CUSTOM):
                found.append((name, one.at(field.replace("_name", "_version"))))
    return found


class ModelVersions:
    """Registers the versions that endpoints serve, as far as the registry has none.

    Args:
        client: of the workspace.
        bundle: whose endpoints they are.
        model: its directory, or None where no model was given.
    """

    def __init__(self, client: Client, bundle: Bundle, model: Path | None) -> None:
        self._client = client
        self._model = model
        self._declared = {_full_name(one) for one in bundle.of_kind("registered_models")}
        self._wanted: dict[str, set[int]] = {}
        for endpoint in bundle.of_kind("model_serving_endpoints"):
            for name, version in served(endpoint):
                if version is not None and version.text.isdecimal() and version.text.isascii():
                    self._wanted.setdefault(name.text, set()).add(int(version.text[:9]))

    def lacks_model(self, endpoint: Resource) -> Node | None:
        """The name of a model that the endpoint serves and that is not here, where no model was given."""
        if self._model is not None:
            return None
        return next((name for name, _ in served(endpoint) if not self._has_versions(name.text)), None)

    def register(self, endpoint: Resource) -> list[Finding]:
        """Register what the endpoint serves.

        Raises:
            NotAModelError: a file of the model cannot be read.
            RefusedError: the workspace refuses a version, such as for its signature.
        """
        if self._model is None:
            return []
        findings: list[Finding] = []
        for name, version in served(endpoint):
            if len(name.text.split(".")) != _PARTS or self._has_versions(name.text):
                continue
            if not self._client.has(f"{_UC}/models/{part(name.text)}"):
                if self._is_mistyped(name.text):
                    continue
                findings.append(self._create_model(name))
            findings += self._create_versions(name, version, self._model)
        return findings

    def advice(self, endpoint: Resource, message: str) -> str:
        """What to do about a model that a message names, and whose name is nearly that of one of the bundle's."""
        for name, _ in served(endpoint):
            if name.text in message and name.text not in self._declared and self._is_mistyped(name.text):
                return "Refer to the bundle's own model: ${resources.registered_models.<key>.id}."
        return ""

    def _is_mistyped(self, name: str) -> bool:
        """Whether the bundle has a model of a similar name, which is likely what was meant."""
        last = name.rpartition(".")[2]
        alike = [one for one in self._declared if one.rpartition(".")[2].endswith(last)]
        return bool(alike or get_close_matches(name, sorted(self._declared), 1))

    def _has_versions(self, name: str) -> bool:
        try:
            return bool(self._client.told("GET", f"{_UC}/models/{part(name)}/versions").get("model_versions"))
        except RefusedError:
            return False

    def _create_model(self, name: Node) -> Finding:
        create_model(self._client, name.text)
        return Finding(
            rule="bundle/presumed",
            message=f"The bundle presumes the registered model '{name.text}', which was made for this check.",
            severity=Severity.NOTE,
            place=name.place,
        )

    def _create_versions(self, name: Node, version: Node | None, model: Path) -> list[Finding]:
        wanted = sorted(self._wanted.get(name.text, {1}))
        if wanted[-1] > _MOST:
            return [_too_many(name, version, wanted[-1])]
        for number in range(1, wanted[-1] + 1):
            if number in wanted:
                add_version(self._client, name.text, model)
            else:
                skip_version(self._client, name.text)
        return []


def _full_name(model: Resource) -> str:
    return ".".join(model.text(field) for field in ("catalog_name", "schema_name", "name"))


def _too_many(name: Node, version: Node | None, number: int) -> Finding:
    return Finding(
        rule="bundle/version-too-high",
        message=f"'{name.text}' is served in version {number}, and no more than {_MOST} versions are made for a check.",
        severity=Severity.WARNING,
        fix="Check it with a lower version, through a variable.",
        place=(version or name).place,
    )
