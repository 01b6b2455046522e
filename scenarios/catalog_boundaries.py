"""A model of one environment is served from another, or anybody in the workspace can load or replace it.

Environments are catalogs. What separates `dev` from `prod` is nothing but grants: a stray grant to `account users`,
made so that a demo would work, lets every notebook load the production model, or register the next version of it. And
an endpoint that serves a model of one catalog and logs to another mixes the two for good.
"""

from __future__ import annotations

from fakebricks.contracts.calling import Client, Exchange
from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.findings import Evidence, Finding
from fakebricks.contracts.scenarios import NotApplicable, scenario

SOURCE = "https://docs.databricks.com/catalogs.html"
FIX = (
    "Grant what is in a catalog to the groups of its environment alone, and keep an endpoint's objects in one catalog."
)
STRANGER = "stranger@fakebricks.test"


@scenario(
    title="The model's environment is its own",
    rules={
        "catalog-boundaries/crosses": "The endpoint uses objects of more than one catalog.",
        "catalog-boundaries/anyone-loads": "Anybody in the workspace can load the model.",
        "catalog-boundaries/anyone-replaces": "Anybody in the workspace can register the next version of the model.",
    },
    source=SOURCE,
)
def catalog_boundaries(deployment: Deployment) -> None:
    if not deployment.version:
        raise NotApplicable("the model is not registered")
    catalogs = _catalogs(deployment)
    if len(catalogs) > 1:
        message = f"{deployment.endpoint} uses objects of several catalogs: {', '.join(sorted(catalogs))}."
        told = (Evidence("The endpoint", answer=str(deployment.config.get("config")), expected="one catalog"),)
        deployment.found(Finding("catalog-boundaries/crosses", message, fix=FIX, source=SOURCE, evidence=told))
    stranger = Client(deployment.workspace, deployment.workspace.user(STRANGER).token)
    place = f"/Models/{deployment.model.replace('.', '/')}/{deployment.version}/MLmodel"
    loaded = stranger.call("GET", f"/api/2.0/fs/files{place}")
    _judge(deployment, "anyone-loads", "can load", loaded)
    version = {"name": deployment.model, "source": "dbfs:/fakebricks/stranger"}
    replaced = stranger.call("POST", "/api/2.0/mlflow/unity-catalog/model-versions/create", version)
    _judge(deployment, "anyone-replaces", "can register a next version of", replaced)


def _catalogs(deployment: Deployment) -> set[str]:
    """Those of the models that are served, and of the table that is written."""
    config = deployment.config.get("config", {})
    names = [one.get("entity_name", "") for one in config.get("served_entities", ())] or [deployment.model]
    tables = (deployment.config.get("ai_gateway", {}).get("inference_table_config"), config.get("auto_capture_config"))
    found = {name.partition(".")[0] for name in names if "." in name}
    return found | {one["catalog_name"] for one in tables if one and one.get("enabled")}


def _judge(deployment: Deployment, rule: str, what: str, exchange: Exchange) -> None:
    evidence = exchange.evidence("Asked by somebody who was granted nothing", "403")
    deployment.show(evidence)
    if exchange.ok:
        message = f"Anybody in the workspace {what} {deployment.model}."
        deployment.found(Finding(f"catalog-boundaries/{rule}", message, fix=FIX, source=SOURCE, evidence=(evidence,)))
