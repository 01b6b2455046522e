"""REST operations of Model Serving that fakebricks does not compute: refused by name, with what to do instead."""

from __future__ import annotations

from fakebricks.services.model_serving.serving_endpoints import ServingEndpoints
from fakebricks.wire.operations import Call, Routes
from fakebricks.wire.refusals import Anything, refusal

routes = Routes()

_ENDPOINTS = "/api/2.0/serving-endpoints"


@routes.post(f"{_ENDPOINTS}/pt", raw=True)
@routes.put(f"{_ENDPOINTS}/pt/<name>/config", raw=True)
@routes.get(f"{_ENDPOINTS}/get-model-optimization-info/<entity_name>/<entity_version>", raw=True)
def provisioned_throughput(endpoints: ServingEndpoints, call: Call, body: Anything) -> None:
    raise refusal(
        call,
        "provisioned throughput: there is no hardware here that has one. Serve a custom model, or an external one "
        "whose provider is a function of the test",
    )


@routes.patch(f"{_ENDPOINTS}/<name>/budget-policy", raw=True)
def patch_budget_policy(endpoints: ServingEndpoints, call: Call, body: Anything) -> None:
    raise refusal(call, "budget policies: nothing is billed. Leave the policy out")
