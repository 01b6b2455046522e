"""Every rule of a scenario on a pair: what comes of a deployment that has the fault, and of one that has not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from scenario_fixtures import Judge

from fakebricks import Workspace
from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.findings import Verdict

Told = Callable[["World"], tuple[Verdict, Verdict]]


@dataclass(frozen=True)
class World:
    """What pairs are made of.

    Attributes:
        workspace: whose models take two seconds.
        deploy: deploys a model in it, each in each way once.
        judge: the verdict of a scenario on a deployment of it, or on a model.
        entered: a deployment in a workspace that clients find, for the team's own code.
        directory: for files.
        verdicts: on what has no fault, so that each is come to once.
    """

    workspace: Workspace
    deploy: Callable[..., Deployment]
    judge: Judge
    entered: Deployment
    directory: Path
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    def sound(self, name: str, subject: Deployment | Path | None = None, **parameters: Any) -> Verdict:
        """The verdict of a scenario on what has no fault."""
        key = f"{name} {subject.endpoint if isinstance(subject, Deployment) else subject} {parameters}"
        if key not in self.verdicts:
            self.verdicts[key] = self.judge(name, subject, **parameters)
        return self.verdicts[key]

    def meets(self, deployment: Deployment, fault: dict[str, Any], name: str, **parameters: Any) -> Verdict:
        """The verdict of a scenario while a fault is injected."""
        faults = deployment.workspace.faults
        faults.inject(**fault)
        try:
            return self.judge(name, deployment, **parameters)
        finally:
            faults.clear()


class Pair(NamedTuple):
    """How a rule is shown.

    Attributes:
        tell: the verdict on what has the fault, and on what has not.
        also: rules that the same fault breaks, too, or may break by requests that are made up.
    """

    tell: Told
    also: frozenset[str]


PAIRS: dict[str, Pair] = {}


def pair(rule: str, *, also: tuple[str, ...] = ()) -> Callable[[Told], Told]:
    """Declare the function as the pair of a rule."""

    def declared(tell: Told) -> Told:
        PAIRS[rule] = Pair(tell, frozenset(also))
        return tell

    return declared
