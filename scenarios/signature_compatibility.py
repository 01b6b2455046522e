"""The new version takes or returns something else than the one behind the alias, and its consumers break.

Consumers were built against the version that `@champion` stands for. They go on sending its columns when the alias
moves. A new required column, an optional one that has become required, or another type of a column is a 400 for each of
them. A column that is gone from the inputs is dropped in silence; one that is gone from the outputs, or of another type
there, breaks whoever reads it. New optional inputs and new outputs break nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fakebricks.contracts.calling import Client
from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.findings import Evidence, Finding, Severity
from fakebricks.contracts.making import download, read_model
from fakebricks.contracts.scenarios import NotApplicable, scenario

SOURCE = "https://docs.databricks.com/aws/en/machine-learning/manage-model-lifecycle/"
FIX = "Keep what consumers send and read: make new columns optional, or serve the version by an endpoint of its own."
WIDER = {("integer", "long"), ("integer", "double"), ("float", "double"), ("long", "double")}

Schema = dict[str, dict[str, Any]]


@scenario(
    title="Consumers of the version behind the alias can use this one as it is",
    rules={
        "signature-compatibility/new-required-input": "A required input is new.",
        "signature-compatibility/input-required": "An optional input has become required.",
        "signature-compatibility/input-retyped": "An input does not take the type any more that it took.",
        "signature-compatibility/input-gone": "An input is gone, and is dropped in silence.",
        "signature-compatibility/output-gone": "An output is gone.",
        "signature-compatibility/output-retyped": "An output has another type.",
    },
    source=SOURCE,
)
def signature_compatibility(deployment: Deployment, *, alias: str = "champion") -> None:
    client = Client(deployment.workspace)
    told = client.call("GET", f"/api/2.1/unity-catalog/models/{deployment.model}/aliases/{alias}")
    if not told.ok:
        raise NotApplicable(f"{deployment.model} has no alias {alias!r}")
    version = str(told.json()["version"])
    if version == deployment.version:
        raise NotApplicable(f"@{alias} is this very version")
    with TemporaryDirectory(prefix="fakebricks-contract-") as directory:
        download(client, deployment.model, version, Path(directory))
        before, _ = read_model(Path(directory))
    after = deployment.signature
    if before is None or after is None:
        raise NotApplicable("one of the two versions has no signature")
    evidence = (Evidence(f"@{alias}, version {version}", answer=str(after), expected=str(before)),)
    for rule, message in (*_inputs(_named(before.inputs), _named(after.inputs)), *_outputs(before, after)):
        severity = Severity.WARNING if rule == "input-gone" else Severity.ERROR
        text = f"{message}, for consumers of {deployment.model}@{alias}."
        found = Finding(f"signature-compatibility/{rule}", text, severity, FIX, SOURCE, evidence)
        deployment.found(found)


def _inputs(before: Schema, after: Schema) -> Iterator[tuple[str, str]]:
    for name, one in after.items():
        required = one.get("required", True)
        if name not in before and required:
            yield "new-required-input", f"The input {name} is new and required"
        elif name in before and required and not before[name].get("required", True):
            yield "input-required", f"The input {name} has become required"
    for name, one in before.items():
        if name not in after:
            yield "input-gone", f"The input {name} is gone"
        elif _type(one) != _type(after[name]) and (_type(one), _type(after[name])) not in WIDER:
            yield "input-retyped", f"The input {name} was {_type(one)} and is {_type(after[name])}"


def _outputs(before: Any, after: Any) -> Iterator[tuple[str, str]]:
    had, has = _named(before.outputs), _named(after.outputs)
    for name, one in had.items():
        if name not in has:
            yield "output-gone", f"The output {name} is gone"
        elif _type(one) != _type(has[name]):
            yield "output-retyped", f"The output {name} was {_type(one)} and is {_type(has[name])}"


def _named(schema: Any) -> Schema:
    told = schema.to_dict() if schema is not None else []
    return {one.get("name") or f"number {number}": one for number, one in enumerate(told, 1)}


def _type(one: dict[str, Any]) -> str:
    """As MLflow names it; for what is nested, with all that is in it."""
    told = {key: value for key, value in one.items() if key not in ("name", "required")}
    return str(told["type"]) if list(told) == ["type"] else str(told)
