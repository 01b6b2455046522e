"""More callers at once than the endpoint has places for: the last ones are turned away with 429.

Each served entity takes as many requests at once as its concurrency: 4 for `Small`, up to 16 for `Medium`. It grows
within a minute or so where it may, and until then requests wait; beyond the upper bound they get 429 at once. A burst,
such as a batch job with a thread per row, meets that on its first day.
"""

from __future__ import annotations

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Finding
from fakebricks.contracts.parameters import Count
from fakebricks.contracts.scenarios import scenario

SOURCE = "https://docs.databricks.com/aws/en/machine-learning/model-serving/model-serving-limits"
FIX = "Raise the upper bound of the concurrency, or let callers wait for each other, and try again after 429."


@scenario(
    title="As many callers as there will be are answered at once",
    rules={"concurrency-limit/turned-away": "Some of the callers get 429."},
    source=SOURCE,
    meanings={
        "callers": "How many ask at once.",
    },
)
def concurrency_limit(deployment: Deployment, *, callers: Count = Count(4)) -> None:
    endpoint = ServedEndpoint(deployment)
    endpoint.must_answer()
    endpoint.client.wait(seconds=60)
    answers = endpoint.ask_at_once(callers)
    turned_away = [one for one in answers if one.status == 429]  # noqa: PLR2004 - HTTP's own
    deployment.show(answers[-1].evidence(f"The last of {callers} requests at once", "200"))
    if turned_away:
        message = f"Of {callers} requests at once, {deployment.endpoint} turns {len(turned_away)} away."
        evidence = (turned_away[0].evidence(f"The first that is turned away, of {callers} at once", "200"),)
        deployment.found(Finding("concurrency-limit/turned-away", message, fix=FIX, source=SOURCE, evidence=evidence))
