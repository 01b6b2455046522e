"""One scenario against an endpoint that a workspace has: what `Workspace.check` does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fakebricks.contracts.catalogue import chosen
from fakebricks.contracts.findings import Outcome, Verdict
from fakebricks.contracts.making import deployed
from fakebricks.contracts.parameters import parse
from fakebricks.contracts.running import ContractBrokenError, run
from fakebricks.contracts.scenarios import Scenario
from fakebricks.workspace import Workspace


def check(workspace: Workspace, name: str, endpoint: str, parameters: Mapping[str, Any]) -> Verdict:
    """The verdict of a scenario on an endpoint.

    Raises:
        ContractBrokenError: the endpoint breaks its contract.
        LookupError: there is no such scenario or endpoint.
        ParameterError: a parameter makes no sense.
        ScenarioError: the scenario itself has failed.
    """
    __tracebackhide__ = True
    (scenario,) = chosen([name])
    return checked(workspace, scenario, endpoint, parameters)


def checked(workspace: Workspace, scenario: Scenario, endpoint: str, parameters: Mapping[str, Any]) -> Verdict:
    """The same of a scenario that is at hand.

    Raises:
        ContractBrokenError: the endpoint breaks its contract.
        LookupError: there is no such endpoint.
        ParameterError: a parameter makes no sense.
        ScenarioError: the scenario itself has failed.
    """
    __tracebackhide__ = True  # the evidence is what a test's failure is about
    parse(scenario, parameters)
    with deployed(workspace, endpoint) as deployment:
        *_, verdict = run([scenario], lambda: deployment, {scenario.name: parameters})
    if verdict.outcome is Outcome.FAILED:
        raise ContractBrokenError(verdict)
    return verdict
