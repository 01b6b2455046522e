"""The new version takes or returns something else than the one behind the alias, and its consumers break.

Consumers were built against the version that `@champion` stands for. They go on sending its columns when the alias
moves. A new required column, an optional one that has become required, or another type of a column is a 400 for each of
them. A column that is gone from the inputs is dropped in silence; one that is gone from the outputs, or of another type
there, breaks whoever reads it. New optional inputs and new outputs break nobody.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from fakebricks.contracts.agreements.signatures import breaking_changes
from fakebricks.contracts.calling import Client, part
from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.findings import Evidence
from fakebricks.contracts.making import download, read_model
from fakebricks.contracts.scenarios import NotApplicable, scenario

SOURCE = "https://docs.databricks.com/aws/en/machine-learning/manage-model-lifecycle/"


@scenario(
    title="Consumers of the version behind the alias can use this one as it is",
    rules={
        "signature-compatibility/new-required-input": "A required input is new.",
        "signature-compatibility/input-now-required": "An optional input has become required.",
        "signature-compatibility/input-retyped": "An input does not take the type any more that it took.",
        "signature-compatibility/input-ignored": "An input is gone, and is dropped in silence.",
        "signature-compatibility/output-removed": "An output is gone.",
        "signature-compatibility/output-retyped": "An output has another type.",
        "signature-compatibility/output-now-optional": "An output is not always there any more.",
        "signature-compatibility/param-removed": "A parameter is gone, and is dropped in silence.",
        "signature-compatibility/param-retyped": "A parameter has another type or shape.",
        "signature-compatibility/param-default-changed": "A parameter has another default.",
    },
    source=SOURCE,
    meanings={
        "alias": "Of the version that consumers have now.",
    },
)
def signature_compatibility(deployment: Deployment, *, alias: str = "champion") -> None:
    client = Client(deployment.workspace)
    told = client.call("GET", f"/api/2.1/unity-catalog/models/{deployment.model}/aliases/{part(alias)}")
    if not told.ok:
        raise NotApplicable(f"{deployment.model} has no alias {alias!r}, whose version it could be compared with")
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
    for change in breaking_changes(before.to_dict(), after.to_dict()):
        rule = change.rule.replace("contract/", "signature-compatibility/")
        text = f"{change.message} That concerns consumers of {deployment.model}@{alias}."
        deployment.found(replace(change, rule=rule, message=text, source=SOURCE, evidence=evidence))
