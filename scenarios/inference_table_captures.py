"""What the endpoint was asked is not in the inference table, or cannot be read there.

Monitoring sees what the inference table has, and nothing else. Rows come some minutes after their request. A request of
more than 1 MiB is NULL; an answer whose rows are not those of the request cannot be joined to it; and when the creator
of the endpoint loses the use of the schema, rows stop coming while the endpoint goes on answering.
"""

from __future__ import annotations

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Evidence, Finding
from fakebricks.contracts.parameters import Count, Duration
from fakebricks.contracts.scenarios import NotApplicable, scenario

SOURCE = "https://docs.databricks.com/aws/en/ai-gateway/inference-tables"
FIX_LOST = "See that the endpoint's creator may still use the table's catalog and schema, and create tables in it."
FIX_UNREADABLE = "Answer each row of a request with one prediction, in the order of the rows."


@scenario(
    title="Each request is a row of the inference table, which can be read as features and predictions",
    rules={
        "inference-table-captures/lost": "A request is not in the table in time.",
        "inference-table-captures/unreadable": "A row of the table cannot be read as features and predictions.",
    },
    source=SOURCE,
    meanings={
        "requests": "How many are sent.",
        "within": "How long rows may take.",
    },
)
def inference_table_captures(
    deployment: Deployment, *, requests: Count = Count(20), within: Duration = Duration(3600)
) -> None:
    endpoint = ServedEndpoint(deployment)
    table = endpoint.inference_table()
    if table is None:
        raise NotApplicable("the endpoint has no inference table")
    endpoint.must_answer()
    answers = [endpoint.ask() for _ in range(requests)]
    endpoint.client.wait(seconds=within)
    asked = {one.headers["x-databricks-request-id"] for one in answers if one.ok}
    found = set(deployment.workspace.table(table)["databricks_request_id"].to_pylist())
    evidence = Evidence(
        f"{requests} requests", answer=f"{len(asked & found)} rows in {table}", expected=f"{len(asked)}"
    )
    deployment.show(evidence)
    if lost := asked - found:
        message = f"{len(lost)} of {len(asked)} requests are not in {table} after {within}."
        deployment.found(
            Finding("inference-table-captures/lost", message, fix=FIX_LOST, source=SOURCE, evidence=(evidence,))
        )
    rows = deployment.workspace.unpacked(table).to_pylist()
    unreadable = [one for one in rows if one["databricks_request_id"] in asked and one["error"] is not None]
    if unreadable:
        message = f"{len(unreadable)} rows of {table} cannot be read: {unreadable[0]['error']}"
        shown = Evidence("The first of them", answer=str(unreadable[0]), expected="features, and a prediction")
        deployment.found(
            Finding(
                "inference-table-captures/unreadable", message, fix=FIX_UNREADABLE, source=SOURCE, evidence=(shown,)
            )
        )
