"""A canary gets another share of the traffic than was meant, or fails on the share that it gets.

A traffic split is shared out per request. With one per cent for the canary, few requests meet it, and an error in it
looks like a glitch of the network: the endpoint as a whole is healthy, at 99 per cent. Only counting by served entity
tells that every request to the canary fails. And whoever takes ten for one notices by the same count alone: the
endpoint does what its configuration says, and nothing says what was meant.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Evidence, Finding
from fakebricks.contracts.parameters import Count, ParameterError, Share
from fakebricks.contracts.scenarios import NotApplicable, scenario

SOURCE = "https://docs.databricks.com/aws/en/machine-learning/model-serving/serve-multiple-models-to-serving-endpoint"
FIX_SHARE = "Put the shares that are meant into the endpoint's traffic_config."
FIX_FAILS = "Take the entity's traffic away, look into its log, and watch the errors by served entity, not by endpoint."


@scenario(
    title="Each served entity gets the share of the requests that was meant, and answers them",
    rules={
        "traffic-split/other-share": "An entity gets another share of the requests than was meant.",
        "traffic-split/entity-fails": "An entity fails on the requests that it gets, while others answer.",
    },
    source=SOURCE,
    meanings={
        "meant": "The shares, such as `champion=90%, canary=10%`; what the endpoint declares by default.",
        "requests": "How many are sent.",
        "tolerance": "By how much of all requests a share may differ.",
    },
)
def traffic_split(
    deployment: Deployment, *, meant: str = "", requests: Count = Count(100), tolerance: Share = Share(0.02)
) -> None:
    endpoint = ServedEndpoint(deployment)
    config = endpoint.config()
    routes = config.get("traffic_config", {}).get("routes", [])
    declared = {one["served_model_name"]: Share(one["traffic_percentage"] / 100) for one in routes}
    if len(config["served_entities"]) == 1:
        raise NotApplicable("the endpoint has one served entity, which gets all")
    shares = _meant(meant, declared) if meant else declared
    answers = [endpoint.ask() for _ in range(requests)]
    count = Counter(one.headers.get("served-model-name") for one in answers)
    told = "\n".join(
        f"{name}: {count[name]} of {requests}, meant {share}, declared {declared[name]}"
        for name, share in shares.items()
    )
    evidence = Evidence(f"{requests} requests", answer=told, expected=f"as was meant, within {tolerance}")
    deployment.show(evidence)
    for name, share in shares.items():
        if abs(count[name] / requests - share) > tolerance:
            message = f"{name} gets {count[name]} of {requests} requests; {share} are meant."
            deployment.found(
                Finding("traffic-split/other-share", message, fix=FIX_SHARE, source=SOURCE, evidence=(evidence,))
            )
    for name in declared:
        direct = endpoint.ask(entity=name)
        if not direct.ok and any(one.ok for one in answers):
            message = f"{name} answers with {direct.status}, while others answer: {direct.message}"
            shown = (direct.evidence(f"A request to {name} alone", "200"), evidence)
            deployment.found(
                Finding("traffic-split/entity-fails", message, fix=FIX_FAILS, source=SOURCE, evidence=shown)
            )


def _meant(text: str, declared: Mapping[str, Share]) -> dict[str, Share]:
    """The shares as users write them, such as `champion=90%, canary=10%`; who is left out is to get nothing.

    Raises:
        ParameterError: they are none.
    """
    try:
        pairs = [one.split("=") for one in re.split(r"[,;\s]+", text.strip())]
        shares = {name: Share.read(share) for name, share in pairs}
    except ValueError:
        message = (
            f"meant={text!r} makes no sense to traffic_split: it is to be shares such as 'champion=90%, canary=10%'"
        )
        raise ParameterError(message) from None
    if unknown := shares.keys() - declared.keys():
        known = ", ".join(declared)
        raise ParameterError(f"meant={text!r}: the endpoint serves no {', '.join(sorted(unknown))}; it serves {known}")
    return {name: shares.get(name, Share(0.0)) for name in declared}
