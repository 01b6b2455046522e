"""A contract, verified against what its provider has deployed: signature, endpoint, examples and SLA.

Real: the examples are sent to the endpoint, which scores them. The SLA is that of a warm endpoint, in simulated time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from fakebricks.contracts.agreements.agreement import Agreement
from fakebricks.contracts.agreements.signatures import breaking_changes
from fakebricks.contracts.calling import Client, part
from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.findings import Finding, Verdict
from fakebricks.contracts.parameters import Duration
from fakebricks.contracts.weighing import breaks, outcome_of


def verified(agreement: Agreement, deployment: Deployment) -> Verdict:
    """What of a contract a deployment breaks.

    Args:
        agreement: what consumers rely on.
        deployment: what the provider has.
    """
    began, simulated = time.perf_counter(), deployment.workspace.clock.time()
    signature = None if deployment.signature is None else deployment.signature.to_dict()
    findings = list(breaking_changes(agreement.signature, signature))
    findings += _of_examples(agreement, deployment)
    number = sum(map(breaks, findings))
    promise = f"what {agreement.model or 'the model'} promised"
    return Verdict(
        "contract",
        deployment.endpoint,
        outcome_of(findings),
        f"{number} of {promise} broken" if number else f"{promise} is kept",
        tuple(findings),
        seconds=time.perf_counter() - began,
        simulated_seconds=deployment.workspace.clock.time() - simulated,
    )


def _of_examples(agreement: Agreement, deployment: Deployment) -> Iterator[Finding]:
    client = Client(deployment.workspace)
    path = f"/serving-endpoints/{part(deployment.endpoint)}/invocations"
    for number, example in enumerate(agreement.examples, 1):
        client.call("POST", path, example)  # what it takes to become warm is not part of the promise
        answer = client.call("POST", path, example)
        if not answer.ok:
            yield Finding(
                "contract/example-refused",
                f"The example number {number} is answered {answer.status}: {answer.message}",
                fix="Keep answering what consumers send.",
                evidence=(answer.evidence("An example of the contract", "200"),),
            )
        elif agreement.sla is not None and answer.seconds > agreement.sla:
            sla, took = Duration(agreement.sla), Duration(answer.seconds)
            yield Finding(
                "contract/over-sla",
                f"The example number {number} took {took} on a warm endpoint; the SLA is {sla}.",
                fix="Make the model faster, or its endpoint larger.",
                evidence=(answer.evidence("An example of the contract", f"within {sla}"),),
            )
