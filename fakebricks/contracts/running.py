"""Scenarios, run one after the other against one deployment, of which each leaves nothing behind but its verdict.

Real: what the workspace answers. Time does not go back: a scenario begins when the one before it has ended.
A scenario that is itself wrong is an error of its own, and never a verdict on the deployment.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from fakebricks.clock import VirtualClock
from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.findings import Evidence, Outcome, Verdict
from fakebricks.contracts.parameters import ParameterError, imported, parse
from fakebricks.contracts.scenarios import NotApplicable, Scenario
from fakebricks.contracts.weighing import breaks, outcome_of

_COMPLAINING = ("mlflow.models.utils", "mlflow.pyfunc.scoring_server")
"""Loggers of MLflow's that warn of each odd request, which is what scenarios send on purpose."""


class ScenarioError(RuntimeError):
    """A scenario has failed by itself, which says nothing about the deployment."""


class ContractBrokenError(AssertionError):
    """A deployment breaks its contract.

    Attributes:
        verdict: with the findings and their evidence.
    """

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(told(verdict))
        self.verdict = verdict


def run(
    scenarios: Iterable[Scenario],
    make_deployment: Callable[[], Deployment],
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[Verdict, ...]:
    """Run scenarios against a deployment, and bring its workspace back after each.

    Args:
        scenarios: which.
        make_deployment: makes the deployment, once. What has been found by then is a verdict of its own, the first one,
            called `deployment`.
        parameters: those that are not to be the defaults, by the name of the scenario.

    Raises:
        ParameterError: a parameter makes no sense; nothing has been run then.
        ScenarioError: a scenario itself has failed.
        ValueError: the workspace's clock is a real one.
    """
    given = parameters or {}
    parsed = [(one, parse(one, given.get(one.name, {}))) for one in scenarios]
    deployment = make_deployment()
    if not isinstance(deployment.workspace.clock, VirtualClock):
        message = "scenarios take hours of simulated time: the workspace needs clock='virtual'"
        raise ValueError(message)  # noqa: TRY004 - which clock a workspace has is a choice of its user's
    verdicts = [_verdict("deployment", deployment, "the deployment")] if deployment.findings else []
    for one, values in parsed:
        verdicts.append(_judged(one, deployment, values))
    return tuple(verdicts)


def told(verdict: Verdict) -> str:
    """A verdict as text: its findings, what to do, and the evidence."""
    lines = [f"{verdict.name}: {verdict.subject} {verdict.outcome}: {verdict.summary}"]
    for finding in verdict.findings:
        lines.append(f"- {finding.rule} ({finding.severity}): {finding.message}")
        lines += [f"  {label}: {text}" for label, text in (("fix", finding.fix), ("source", finding.source)) if text]
        lines += [line for evidence in finding.evidence for line in _shown(evidence)]
    return "\n".join(lines)


def _judged(scenario: Scenario, deployment: Deployment, values: Mapping[str, Any]) -> Verdict:
    """Run one, on findings of its own."""
    workspace = deployment.workspace
    own = replace(deployment, findings=[], evidence=[])
    snapshot, began, simulated = workspace.snapshot(), time.perf_counter(), workspace.clock.time()
    try:
        with _quiet():
            scenario.tell(own, **imported(scenario, values))
        verdict = _verdict(scenario.name, own, scenario.title)
    except NotApplicable as reason:
        verdict = Verdict(scenario.name, own.endpoint, Outcome.NOT_APPLICABLE, str(reason))
    except ParameterError:
        raise
    except Exception as error:
        message = f"{scenario.name} cannot be run against {own.endpoint}: {type(error).__name__}: {error}"
        raise ScenarioError(message) from error
    finally:
        passed = workspace.clock.time() - simulated
        workspace.restore(snapshot)
    _check_declared(scenario, verdict)
    return replace(verdict, seconds=time.perf_counter() - began, simulated_seconds=passed)


@contextmanager
def _quiet() -> Iterator[None]:
    before = {name: logging.getLogger(name).level for name in _COMPLAINING}
    for name in before:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def _check_declared(scenario: Scenario, verdict: Verdict) -> None:
    """What is not declared can neither be looked up nor be weighed."""
    for finding in verdict.findings:
        if finding.rule not in scenario.rules:
            declared = ", ".join(scenario.rules) or "none"
            message = f"{scenario.name} has found {finding.rule!r}, which is none of its rules; it declares {declared}"
            raise ScenarioError(message)


def _verdict(name: str, deployment: Deployment, title: str) -> Verdict:
    findings, broken = tuple(deployment.findings), [one for one in deployment.findings if breaks(one)]
    summary = broken[0].message if broken else title
    subject = deployment.endpoint or deployment.model
    return Verdict(name, subject, outcome_of(findings), summary, findings, tuple(deployment.evidence))


def _shown(evidence: Evidence) -> Iterable[str]:
    yield f"  {evidence.title}"
    for label in ("request", "answer", "expected"):
        if text := getattr(evidence, label):
            yield f"    {label}: {text}"
