"""After a quiet night, the morning's first burst waits until the endpoint has grown again.

An endpoint shrinks to its lower bound when little happens; with scale to zero that is nothing at all. What it keeps is
all that is answered at once in the morning: every request beyond it waits until the entity has grown, which takes about
a minute, though the upper bound would be high enough.
"""

from __future__ import annotations

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Finding, Series
from fakebricks.contracts.parameters import Count, Duration
from fakebricks.contracts.scenarios import scenario

SOURCE = "https://docs.databricks.com/aws/en/machine-learning/model-serving/production-optimization"
FIX = (
    "Raise min_provisioned_concurrency to what the first burst needs, and turn scale_to_zero_enabled off. Where "
    "callers can wait, say for how long: --param warm_minimum.sla=1m, or sla='1m' in a test."
)


@scenario(
    title="After a quiet night, the first burst is answered within the SLA",
    rules={
        "warm-minimum/waits": "Some requests of the first burst wait longer than the SLA.",
        "warm-minimum/turned-away": "Some requests of the first burst are not answered.",
    },
    source=SOURCE,
    meanings={
        "burst": "How many ask at once.",
        "sla": "How long a caller waits.",
        "quiet": "How long nobody has asked before.",
    },
)
def warm_minimum(
    deployment: Deployment,
    *,
    burst: Count = Count(4),
    sla: Duration = Duration(1),
    quiet: Duration = Duration(8 * 3600),
) -> None:
    endpoint = ServedEndpoint(deployment)
    endpoint.must_answer()
    endpoint.client.wait(seconds=quiet)
    answers = endpoint.ask_at_once(burst)
    latency = Series("Latency in the burst", "s", tuple((i, one.seconds) for i, one in enumerate(answers)), float(sla))
    slowest = max(answers, key=lambda one: one.seconds)
    evidence = slowest.evidence(f"The slowest of {burst} requests at once", f"200 within {sla}", latency)
    deployment.show(evidence)
    late = [one for one in answers if one.ok and one.seconds > sla]
    if late:
        message = (
            f"After {quiet} of quiet, {len(late)} of {burst} requests at once to {deployment.endpoint} wait longer "
            f"than {sla}: up to {slowest.seconds:.1f} s."
        )
        deployment.found(Finding("warm-minimum/waits", message, fix=FIX, source=SOURCE, evidence=(evidence,)))
    failed = [one for one in answers if not one.ok]
    if failed:
        message = f"After {quiet} of quiet, {len(failed)} of {burst} requests at once get {failed[0].status}."
        told = (failed[0].evidence("The first that fails", "200"),)
        deployment.found(Finding("warm-minimum/turned-away", message, fix=FIX, source=SOURCE, evidence=told))
