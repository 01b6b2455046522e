"""What scenarios are run against: a team's model, served by its endpoint, in a workspace of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fakebricks.contracts.findings import Evidence, Finding
from fakebricks.workspace import Workspace


@dataclass
class Deployment:
    """A deployed model, and what has been found about it.

    Attributes:
        workspace: where it is deployed, on a virtual clock; a scenario may do with it what it likes, since it is
            brought back to a snapshot afterwards.
        endpoint: the name of the endpoint.
        model: the full name of the registered model.
        version: the version that is served.
        directory: the model's files.
        signature: MLflow's `ModelSignature`, or None where the model has none.
        input_example: the body of a request with the model's input example, as bytes of JSON, or None.
        config: the endpoint as the API answers it.
        findings: what has been found so far.
        evidence: what there is to be shown.
    """

    workspace: Workspace
    endpoint: str
    model: str
    version: str
    directory: Path
    signature: Any
    input_example: bytes | None
    config: dict[str, Any]
    findings: list[Finding] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)

    def found(self, finding: Finding) -> None:
        """Report something that breaks the contract."""
        self.findings.append(finding)

    def show(self, evidence: Evidence) -> None:
        """Report something that a reader may want to see."""
        self.evidence.append(evidence)
