"""How a policy is declared: a function that looks at what was seen and yields what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from fakebricks.contracts.findings import Evidence, Finding, Severity
from fakebricks.contracts.policies.seen import Seen
from fakebricks.wire.calls import CallRecord


class Broken(NamedTuple):
    """One thing that breaks a policy, and the call that did where it was one."""

    message: str
    call: CallRecord | None = None


Look = Callable[[Seen], Iterator[Broken]]


@dataclass(frozen=True)
class Policy:
    """A rule over calls and state.

    Attributes:
        rule: its stable id, such as `policy/alias-not-version`.
        title: one line, for tables.
        severity: how much it matters, unless a team says otherwise.
        fix: what to do where it is broken.
        source: where it comes from.
        look: yields what breaks it.
    """

    rule: str
    title: str
    severity: Severity
    fix: str
    source: str
    look: Look

    def findings(self, seen: Seen) -> Iterator[Finding]:
        """What breaks it; each once."""
        for broken in dict.fromkeys(self.look(seen)):
            evidence = () if broken.call is None else (_shown(broken.call),)
            yield Finding(self.rule, broken.message, self.severity, self.fix, self.source, evidence)


def policy(*, title: str, fix: str, source: str, severity: Severity = Severity.ERROR) -> Callable[[Look], Policy]:
    """Declare the function as a policy, whose id is made of the function's name."""

    def declared(look: Look) -> Policy:
        return Policy(f"policy/{look.__name__.replace('_', '-')}", title, severity, fix, source, look)

    return declared


def _shown(call: CallRecord) -> Evidence:
    request = f"{call.method} {call.path}\n{call.request_body.decode(errors='replace')}".rstrip()
    return Evidence(f"{call.operation}, by {call.caller}", request, f"{call.status}")
