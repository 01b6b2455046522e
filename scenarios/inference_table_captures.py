"""What the endpoint was asked is not in the inference table, or cannot be read there.

Monitoring sees what the inference table has, and nothing else. Rows come some minutes after their request. A request of
more than 1 MiB is NULL; an answer whose rows are not those of the request cannot be joined to it; and when the creator
of the endpoint loses the use of the schema, rows stop coming while the endpoint goes on answering.
"""

from __future__ import annotations

from typing import Any

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Evidence, Finding
from fakebricks.contracts.parameters import Duration
from fakebricks.contracts.scenarios import NotApplicable, scenario

SOURCE = "https://docs.databricks.com/aws/en/ai-gateway/inference-tables"
FIX = "See that the endpoint's creator may use the table's schema, and that each row of a request has a prediction."


@scenario(
    title="Each request is a row of the inference table, which can be read as features and predictions",
    rules={
        "inference-table-captures/lost": "A request is not in the table in time.",
        "inference-table-captures/unreadable": "A row of the table cannot be read as features and predictions.",
    },
    source=SOURCE,
)
def inference_table_captures(deployment: Deployment, *, requests: int = 20, within: Duration = Duration(3600)) -> None:
    endpoint = ServedEndpoint(deployment)
    table = _table(deployment)
    if table is None:
        raise NotApplicable("the endpoint has no inference table")
    endpoint.must_answer()
    answers = [endpoint.ask() for _ in range(requests)]
    endpoint.client.wait(seconds=within)
    asked = {one.headers["x-databricks-request-id"] for one in answers}
    found = set(deployment.workspace.table(table)["databricks_request_id"].to_pylist())
    evidence = Evidence(f"{requests} requests", answer=f"{len(asked & found)} rows in {table}", expected=f"{requests}")
    deployment.show(evidence)
    if lost := asked - found:
        message = f"{len(lost)} of {requests} requests are not in {table} after {within}."
        deployment.found(
            Finding("inference-table-captures/lost", message, fix=FIX, source=SOURCE, evidence=(evidence,))
        )
    rows = deployment.workspace.unpacked(table).to_pylist()
    unreadable = [one for one in rows if one["databricks_request_id"] in asked and one["error"] is not None]
    if unreadable:
        message = f"{len(unreadable)} rows of {table} cannot be read: {unreadable[0]['error']}"
        shown = Evidence("The first of them", answer=str(unreadable[0]), expected="features, and a prediction")
        deployment.found(
            Finding("inference-table-captures/unreadable", message, fix=FIX, source=SOURCE, evidence=(shown,))
        )


def _table(deployment: Deployment) -> str | None:
    of_gateway = deployment.config.get("ai_gateway", {}).get("inference_table_config")
    told: dict[str, Any] | None = of_gateway or deployment.config.get("config", {}).get("auto_capture_config")
    if not told or not told.get("enabled"):
        return None
    prefix = told.get("table_name_prefix") or deployment.endpoint
    return f"{told['catalog_name']}.{told['schema_name']}.{prefix}_payload"
