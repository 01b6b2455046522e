"""The caller's own code gives up where it should try again, or waits where it should give up.

An endpoint that is asked too much says 429, one whose replica is replaced says 503, and one that wakes up lets its
caller wait for 10 to 30 seconds. All three pass, and a caller that tries again after a moment does not notice. A caller
without a timeout, in turn, hangs for as long as the platform lets a request run, which is minutes, with all that waits
for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Evidence, Finding
from fakebricks.contracts.own_code import QUERIES, failure, given, must_ask
from fakebricks.contracts.parameters import Duration
from fakebricks.contracts.scenarios import NotApplicable, scenario

SOURCE = "https://docs.databricks.com/aws/en/machine-learning/model-serving/model-serving-timeouts"
FIX = "Try again after 429 and 503, with growing pauses, and wait for as long as a cold start takes."
FIX_HANGS = "Give each request a timeout, and all its repetitions together an end."
HANGS = 250
TROUBLES: dict[str, tuple[str, dict[str, Any]]] = {
    "gives-up-on-429": ("429, twice", {"status": 429, "times": 2, "retry_after": 1}),
    "gives-up-on-503": ("503, once", {"status": 503, "times": 1}),
    "gives-up-on-cold-start": ("a cold start of 20 s", {"latency": 20.0, "times": 1}),
}


@scenario(
    title="The caller's own code lives through what passes, and gives up on what does not",
    rules={
        "timeouts-and-retries/gives-up-on-429": "The caller fails where it is told to come back a little later.",
        "timeouts-and-retries/gives-up-on-503": "The caller fails where a replica is gone for a moment.",
        "timeouts-and-retries/gives-up-on-cold-start": "The caller fails where the endpoint has to wake up.",
        "timeouts-and-retries/waits-too-long": "The caller waits longer than it should for an endpoint that hangs.",
    },
    source=SOURCE,
    meanings={
        "call": "The caller's own code, which asks the endpoint once.",
        "patience": "How long it may wait for an endpoint that hangs.",
    },
)
def timeouts_and_retries(
    deployment: Deployment, *, call: Callable[[], object] | None = None, patience: Duration = Duration(120)
) -> None:
    code = given("timeouts_and_retries.call", call, "the caller's own code, which asks the endpoint")
    ServedEndpoint(deployment).must_answer()
    faults, clock = deployment.workspace.faults, deployment.workspace.clock
    if len(faults):
        raise NotApplicable("the workspace has faults of its own")
    must_ask(deployment, code)
    try:
        for rule, (title, fault) in TROUBLES.items():
            _inject(faults, **fault)
            if (error := failure(code)) is not None:
                _found(deployment, rule, f"The caller gives up on {title}: {error}", error)
            faults.clear()
        _inject(faults, latency=float(HANGS), times=None)
        began = clock.time()
        error = failure(code)
        waited = clock.time() - began
        if waited > patience:
            message = f"The caller waits {waited:.0f} s for an endpoint that hangs; {patience} are enough."
            _found(deployment, "waits-too-long", message, error or f"an answer after {waited:.0f} s")
    finally:
        faults.clear()


def _inject(faults: Any, **fault: Any) -> None:
    """The fault, whichever way the endpoint is asked."""
    for operation in QUERIES:
        faults.inject(operation, **fault)


def _found(deployment: Deployment, rule: str, message: str, answer: str) -> None:
    evidence = (Evidence("What the caller's code came to", answer=answer, expected="an answer, in time"),)
    fix = FIX_HANGS if rule == "waits-too-long" else FIX
    deployment.found(Finding(f"timeouts-and-retries/{rule}", message, fix=fix, source=SOURCE, evidence=evidence))
