"""The whole check, as a pipeline's gate runs it: deployment, policies, a contract with consumers, scenarios.

Real: everything that is said about a model is found in a fake workspace of its own, in simulated time. The model's code
runs in this process, as `mlflow.pyfunc.load_model` runs it, after it has been loaded in another one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fakebricks.contracts.agreements import Agreement, verified
from fakebricks.contracts.bundles import Bundle, deploy
from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.findings import Finding, Outcome, Severity, Verdict
from fakebricks.contracts.loading import PATIENCE, check_that_it_loads
from fakebricks.contracts.making import NotAModelError, deploy_model, deployed
from fakebricks.contracts.parameters import Duration, imported, parse
from fakebricks.contracts.policies import Policies
from fakebricks.contracts.running import run
from fakebricks.contracts.scenarios import Scenario
from fakebricks.contracts.weighing import Weights, breaks, outcome_of
from fakebricks.fake import fake_workspace
from fakebricks.workspace import Workspace

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Gate:
    """What is checked of every deployment.

    Attributes:
        scenarios: which.
        parameters: of the scenarios, by their names.
        policies: which; None for no policies.
        weights: severities and waivers.
        agreement: what consumers rely on, if there are any.
        serving: how long things take in Model Serving, as of `fake_workspace`.
        patience: how long the model may take to be loaded.
        progress: is told what is being done.
    """

    scenarios: tuple[Scenario, ...]
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    policies: Policies | None = None
    weights: Weights = field(default_factory=Weights)
    agreement: Agreement | None = None
    serving: Mapping[str, Any] = field(default_factory=dict)
    patience: Duration = PATIENCE
    progress: Progress = lambda _: None

    def model(self, directory: Path) -> tuple[Verdict, ...]:
        """The verdicts on a model alone, which is served by an endpoint that is made for it.

        Raises:
            NotAModelError: there is no model in the directory.
            UnloadableModelError: the model's code raises, ends its process, or does not end, where it is loaded.
            ParameterError: a parameter makes no sense, or the team's own code cannot be imported.
            ScenarioError: a scenario itself has failed.
        """
        with fake_workspace(strict=False, serving=self.serving) as workspace:
            self._import()
            self.progress("the model is loaded")
            check_that_it_loads(directory, workspace.clock, self.patience)
            self.progress("the model is deployed")
            deployment = deploy_model(workspace, directory.absolute())
            verdicts = [*self._policies(workspace), *self._of(deployment, named=False)]
        return tuple(map(self.weights.judged, verdicts))

    def bundle(self, bundle: Bundle, directory: Path | None) -> tuple[Verdict, ...]:
        """The verdicts on a bundle, and on each of its endpoints.

        Raises:
            BundleError: the model is none.
            UnloadableModelError: the model's code raises, ends its process, or does not end, where it is loaded.
            ParameterError: a parameter makes no sense, or the team's own code cannot be imported.
            ScenarioError: a scenario itself has failed.
        """
        with fake_workspace(strict=False, serving=self.serving) as workspace:
            self._import()
            if directory is not None and (directory / "MLmodel").is_file():
                self.progress("the model is loaded")
                check_that_it_loads(directory, workspace.clock, self.patience)
            self.progress(f"the bundle {bundle.name} is deployed")
            began, simulated = time.perf_counter(), workspace.clock.time()
            findings = deploy(bundle, workspace, directory and directory.absolute())
            passed = workspace.clock.time() - simulated
            verdicts = [_of_bundle(bundle, findings, time.perf_counter() - began, passed)]
            verdicts += self._policies(workspace)
            for endpoint in bundle.endpoints:
                verdicts += self._of_endpoint(workspace, endpoint)
            verdicts += self._endpoint_promised(bundle)
        return tuple(map(self.weights.judged, verdicts))

    def _import(self) -> None:
        """Import the team's own code, before minutes are spent on the model."""
        for one in self.scenarios:
            imported(one, parse(one, self.parameters.get(one.name, {})))

    def _policies(self, workspace: Workspace) -> Iterator[Verdict]:
        """Before any scenario makes calls of its own."""
        if self.policies is not None:
            self.progress("policies")
            yield self.policies.verdict(workspace)

    def _of_endpoint(self, workspace: Workspace, endpoint: str) -> Iterator[Verdict]:
        try:
            with deployed(workspace, endpoint) as deployment:
                if deployment.config.get("state", {}).get("ready") != "READY":
                    yield _not_applicable(endpoint, "it does not serve; see the deployment")
                    return
                yield from self._of(deployment, named=True)
        except NotAModelError as reason:
            yield _not_applicable(endpoint, str(reason))
        except LookupError:
            yield _not_applicable(endpoint, "it was not deployed; see the deployment")

    def _of(self, deployment: Deployment, *, named: bool) -> Iterator[Verdict]:
        yield from run((), lambda: deployment)
        if any(map(breaks, deployment.findings)):
            return
        deployment.findings.clear()
        if self.agreement is not None and (not named or self.agreement.endpoint in (None, deployment.endpoint)):
            self.progress("the contract with consumers")
            yield verified(self.agreement, deployment)
        for number, scenario in enumerate(self.scenarios, 1):
            self.progress(f"{number}/{len(self.scenarios)} {scenario.name} of {deployment.endpoint}")
            yield from run((scenario,), lambda: deployment, self.parameters)

    def _endpoint_promised(self, bundle: Bundle) -> Iterator[Verdict]:
        """A bundle must have the endpoint that consumers query."""
        promised = None if self.agreement is None else self.agreement.endpoint
        if promised is None or promised in bundle.endpoints:
            return
        finding = Finding(
            "contract/no-endpoint",
            f"Consumers query the endpoint {promised!r}; the bundle has {', '.join(bundle.endpoints) or 'none'}.",
            fix="Keep the endpoint's name.",
        )
        yield Verdict("contract", promised, Outcome.FAILED, finding.message, (finding,))


def _of_bundle(bundle: Bundle, findings: tuple[Finding, ...], seconds: float, simulated: float) -> Verdict:
    errors = [one for one in findings if breaks(one)]
    notes = sum(one.severity is not Severity.ERROR for one in findings)
    summary = errors[0].message if errors else f"{len(bundle.resources)} resources to {bundle.target}, {notes} remarks"
    outcome = outcome_of(findings)
    return Verdict("deployment", bundle.name, outcome, summary, findings, seconds=seconds, simulated_seconds=simulated)


def _not_applicable(endpoint: str, reason: str) -> Verdict:
    return Verdict("scenarios", endpoint, Outcome.NOT_APPLICABLE, reason)
