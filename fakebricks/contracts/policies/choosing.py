"""Which policies hold: chosen by their ids or shell patterns of them, with severities and waivers of a team's own."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from fakebricks.contracts.findings import Finding, Verdict
from fakebricks.contracts.policies import registry_rules, serving_rules, training_rules
from fakebricks.contracts.policies.policy import Policy
from fakebricks.contracts.policies.seen import Seen
from fakebricks.contracts.weighing import Weights, breaks, outcome_of
from fakebricks.workspace import Workspace

_PREFIX = "policy/"
POLICIES: Mapping[str, Policy] = {
    one.rule: one
    for one in (
        registry_rules.alias_not_version,
        registry_rules.no_new_model_in_legacy_registry,
        registry_rules.requirements_pinned,
        registry_rules.signature_and_example_logged,
        serving_rules.catalogs_as_environments,
        serving_rules.inference_table_on_prod_endpoints,
        serving_rules.no_scale_to_zero_when_latency_critical,
        training_rules.features_from_delta_tables,
        training_rules.runs_not_left_unfinished,
        training_rules.throwaway_runs_deleted,
        training_rules.training_on_jobs_clusters,
    )
}
"""All of them, by id."""


class BrokenPolicyError(AssertionError):
    """Code under test broke a policy.

    Attributes:
        verdict: with all findings.
    """

    def __init__(self, verdict: Verdict) -> None:
        super().__init__("\n".join(_told(one) for one in verdict.findings if breaks(one)))
        self.verdict = verdict


@dataclass(frozen=True)
class Policies:
    """The policies that hold for a workspace.

    >>> sorted(one.rule for one in Policies.of(["policy/*-version", "runs-not-left-unfinished"]).chosen)
    ['policy/alias-not-version', 'policy/runs-not-left-unfinished']
    """

    chosen: tuple[Policy, ...] = tuple(POLICIES.values())
    weights: Weights = field(default_factory=Weights)

    @classmethod
    def of(cls, told: Iterable[str] | Mapping[str, Any], weights: Mapping[str, Any] | None = None) -> Policies:
        """The policies of some ids or patterns, or of a mapping with `rules`, `severity` and `waive`.

        Args:
            told: the prefix `policy/` of an id may be left out. A mapping without `rules` means all policies.
            weights: `severity` and `waive`, where `told` is no mapping. What they say of other rules, as a project's
                settings do, means nothing here.

        Raises:
            ValueError: no policy has such an id, or a setting makes no sense.
        """
        settings = dict(weights or {})
        if isinstance(told, Mapping):
            settings |= told
            told = settings.pop("rules", ("*",))
        if isinstance(told, str):
            told = (told,)
        rules = dict.fromkeys(rule for pattern in told for rule in _matching(pattern))
        return cls(tuple(POLICIES[rule] for rule in rules), Weights.of(_in_full(settings)))

    def verdict(self, workspace: Workspace) -> Verdict:
        """What they have come to in a workspace.

        Raises:
            PoliciesBlindError: the workspace does not let its own user look.
        """
        began = time.perf_counter()
        seen = Seen(workspace)
        findings = tuple(self.weights.weighed(one) for policy in self.chosen for one in policy.findings(seen))
        number = sum(map(breaks, findings))
        summary = f"{number} broken" if number else f"{len(self.chosen)} looked at"
        seconds = time.perf_counter() - began
        return Verdict("policies", "workspace", outcome_of(findings), summary, findings, seconds=seconds)

    def hold(self, workspace: Workspace) -> None:
        """Raise if one is broken.

        Raises:
            BrokenPolicyError: names everything that breaks one with the severity `error`.
            PoliciesBlindError: the workspace does not let its own user look.
        """
        verdict = self.verdict(workspace)
        if any(map(breaks, verdict.findings)):
            raise BrokenPolicyError(verdict)


def _in_full(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with whole ids of policies.

    Raises:
        ValueError: no policy has such an id.
    """
    return {
        name: {_full(rule): one for rule, one in told.items()} if isinstance(told, Mapping) else told
        for name, told in settings.items()
    }


def _full(pattern: str) -> str:
    if "/" in pattern and not pattern.startswith(_PREFIX):
        return pattern
    full = pattern if pattern.startswith(_PREFIX) else f"{_PREFIX}{pattern}"
    _matching(full)
    return full


def _matching(pattern: str) -> list[str]:
    full = pattern if pattern.startswith(_PREFIX) else f"{_PREFIX}{pattern}"
    found = [rule for rule in POLICIES if fnmatchcase(rule, full)]
    if not found:
        close = get_close_matches(full, POLICIES, 1)
        instead = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(POLICIES)}"
        message = f"no policy is {pattern!r}; {instead}"
        raise ValueError(message)
    return found


def _told(finding: Finding) -> str:
    return f"{finding.rule}: {finding.message} {finding.fix}"
