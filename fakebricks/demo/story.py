"""The story: train, log, register, alias, deploy, query, wait, and read what was logged."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import mlflow
import numpy as np
import requests
import sklearn
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import ResourceDoesNotExist
from databricks.sdk.service.serving import (
    AiGatewayConfig,
    AiGatewayInferenceTableConfig,
    AutoCaptureConfigInput,
    EndpointCoreConfigInput,
    ServedEntityInput,
)
from mlflow import MlflowClient
from mlflow.deployments import get_deploy_client
from mlflow.models import infer_signature
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from fakebricks.demo.admin import Admin
from fakebricks.demo.data import Transactions, transactions
from fakebricks.demo.telling import Teller

_MODEL = "prod.ml.fraud_score"
_CATALOG, _SCHEMA, _ = _MODEL.split(".")
_MINUTE = 60
_PATIENCE = 60
_IDLE_MINUTES = 31


@dataclass
class Deployed:
    """An endpoint of the story, and the inference table that it writes."""

    name: str
    table: str
    queries: int = 0


class Story:
    """One telling, to the workspace that `DATABRICKS_HOST` and `DATABRICKS_TOKEN` name.

    Raises:
        StoryError: something is not as told.
    """

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._admin = Admin()
        self._data = transactions()
        self._payload = json.loads(self._data.validation.head(3).to_json(orient="split", index=False))

    def tell(self) -> None:
        """All chapters, in order."""
        self._workspace = WorkspaceClient()
        self._began = self._admin.clock()
        self._teller.say(f"workspace {os.environ['DATABRICKS_HOST']}, MLflow {mlflow.__version__}")
        runs = self._train()
        expected = self._register(runs)
        endpoints = self._deploy()
        self._query(endpoints, expected)
        self._wait(endpoints[0])
        self._read(endpoints)
        self._sum_up()

    def _train(self) -> list[Any]:
        self._teller.chapter("1 · Train and log")
        user = self._workspace.current_user.me().user_name
        name = f"/Users/{user}/fraud-detection"
        mlflow.set_experiment(name)
        with self._teller.busy("training and logging two models"):
            runs = [
                _trained(self._data, "gb-baseline", {"n_estimators": 20, "max_depth": 1}),
                _trained(self._data, "gb-deeper", {"n_estimators": 100, "max_depth": 3}),
            ]
        found = mlflow.search_runs(experiment_names=[name], filter_string="metrics.val_auc > 0.5", output_format="list")
        ours = {run.info.run_id for run in runs}
        self._teller.fact(f"both runs are found in {name} by their metric", ours <= {run.info.run_id for run in found})
        for run in runs:
            stored = MlflowClient().get_run(run.info.run_id)
            auc, depth = stored.data.metrics["val_auc"], stored.data.params["max_depth"]
            self._teller.fact(f"{stored.info.run_name}: max_depth {depth}, validation AUC {auc:.4f}", auc > 0.5)
        return runs

    def _register(self, runs: list[Any]) -> Any:
        self._teller.chapter("2 · Register in Unity Catalog, and point an alias at the better one")
        self._make_schema()
        with self._teller.busy("registering both models"):
            versions = [mlflow.register_model(f"runs:/{run.info.run_id}/model", _MODEL) for run in runs]
        auc = [MlflowClient().get_run(run.info.run_id).data.metrics["val_auc"] for run in runs]
        champion = versions[int(np.argmax(auc))]
        client = MlflowClient()
        client.set_registered_model_alias(_MODEL, "champion", champion.version)
        aliased = client.get_model_version_by_alias(_MODEL, "champion")
        told = f"champion is version {aliased.version}, {aliased.status}"
        self._teller.fact(told, aliased.version == champion.version)
        with self._teller.busy(f"loading models:/{_MODEL}@champion back"):
            model = mlflow.pyfunc.load_model(f"models:/{_MODEL}@champion")
        original = mlflow.pyfunc.load_model(f"runs:/{runs[int(np.argmax(auc))].info.run_id}/model")
        expected = original.predict(self._data.validation)
        same = np.array_equal(model.predict(self._data.validation), expected)
        self._teller.fact(f"it predicts what the run's own model predicts, on {len(expected)} rows", same)
        return expected

    def _make_schema(self) -> None:
        catalogs, schemas = self._workspace.catalogs, self._workspace.schemas
        if _CATALOG not in {catalog.name for catalog in catalogs.list()}:
            made = catalogs.create(_CATALOG)
            self._teller.fact(f"the catalog {made.name} did not exist, and was made", made.name == _CATALOG)
        if _SCHEMA not in {schema.name for schema in schemas.list(_CATALOG)}:
            made = schemas.create(_SCHEMA, _CATALOG)
            self._teller.fact(f"the schema {made.full_name} did not exist, and was made", made.name == _SCHEMA)

    def _deploy(self) -> list[Deployed]:
        self._teller.chapter("3 · Deploy")
        first = self._free_name("fraud-score")
        prefix = first.replace("-", "_")
        legacy = AutoCaptureConfigInput(
            enabled=True, catalog_name=_CATALOG, schema_name=_SCHEMA, table_name_prefix=f"{prefix}_inference"
        )
        self._create(first, auto_capture_config=legacy)
        second = self._free_name("fraud-score-gateway")
        gateway = AiGatewayConfig(
            inference_table_config=AiGatewayInferenceTableConfig(
                enabled=True, catalog_name=_CATALOG, schema_name=_SCHEMA, table_name_prefix=second.replace("-", "_")
            )
        )
        self._create(second, gateway=gateway)
        return [
            Deployed(first, f"{_CATALOG}.{_SCHEMA}.{prefix}_inference_payload"),
            Deployed(second, f"{_CATALOG}.{_SCHEMA}.{second.replace('-', '_')}_payload"),
        ]

    def _free_name(self, wanted: str) -> str:
        """The name wanted, or with a number where an earlier telling has taken it."""
        name, number = wanted, 1
        while True:
            try:
                self._workspace.serving_endpoints.get(name)
            except ResourceDoesNotExist:
                return name
            number += 1
            name = f"{wanted}-{number}"

    def _create(
        self,
        name: str,
        *,
        auto_capture_config: AutoCaptureConfigInput | None = None,
        gateway: AiGatewayConfig | None = None,
    ) -> None:
        version = MlflowClient().get_model_version_by_alias(_MODEL, "champion").version
        entity = ServedEntityInput(
            entity_name=_MODEL, entity_version=str(version), workload_size="Small", scale_to_zero_enabled=True
        )
        config = EndpointCoreConfigInput(name=name, served_entities=[entity], auto_capture_config=auto_capture_config)
        started = self._admin.clock()
        with self._teller.busy(f"create_and_wait({name!r})"):
            ready = self._workspace.serving_endpoints.create_and_wait(name, config=config, ai_gateway=gateway)
        minutes = (self._admin.clock() - started) / _MINUTE
        seen = [json.loads(call["reply_body"])["state"] for call in self._polls(name)]
        first, last = seen[0], seen[-1]
        self._teller.fact(
            f"the waiter first saw {first['ready']} / {first['config_update']}",
            (first["ready"], first["config_update"]) == ("NOT_READY", "IN_PROGRESS"),
        )
        self._teller.fact(
            f"and after {len(seen)} polls and {minutes:.1f} minutes {last['ready']} / {last['config_update']}",
            ready.state.ready.value == "READY" and 5 <= minutes <= 11,
        )

    def _polls(self, name: str) -> list[dict[str, Any]]:
        """What the waiter was answered; the story's own look for a free name was a 404."""
        polls = self._admin.calls(f"GET /api/2.0/serving-endpoints/{name}")
        return [call for call in polls if call["status"] == requests.codes.ok]

    def _query(self, endpoints: list[Deployed], expected: Any) -> None:
        self._teller.chapter("4 · Query")
        wanted = expected[:3].tolist()
        for endpoint in endpoints:
            name = endpoint.name
            records = self._data.validation.head(3).to_dict(orient="records")
            predictions = self._workspace.serving_endpoints.query(name, dataframe_records=records).predictions
            self._teller.fact(f"{name}: databricks-sdk gets {predictions}", predictions == wanted)
            client = get_deploy_client("databricks")
            predictions = client.predict(endpoint=name, inputs={"dataframe_split": self._payload})["predictions"]
            self._teller.fact(f"{name}: mlflow.deployments gets {predictions}", predictions == wanted)
            response = self._post(endpoint, {"dataframe_split": self._payload, "client_request_id": "story-1"})
            predictions = response.json()["predictions"]
            self._teller.fact(f"{name}: plain HTTP gets {predictions}", predictions == wanted)
            endpoint.queries += 2
            self._send_without_amount(endpoint)

    def _send_without_amount(self, endpoint: Deployed) -> None:
        frame = self._data.validation.head(1).drop(columns="amount")
        split = json.loads(frame.to_json(orient="split", index=False))
        response = self._post(endpoint, {"dataframe_split": split})
        message = response.json()["message"]
        missing = "Model is missing inputs ['amount']."
        self._teller.fact(
            f"{endpoint.name}: without its amount, {response.status_code}: … {missing}",
            response.status_code == requests.codes.bad_request and missing in message,
        )

    def _post(self, endpoint: Deployed, body: dict[str, Any]) -> requests.Response:
        endpoint.queries += 1
        url = f"{os.environ['DATABRICKS_HOST'].rstrip('/')}/serving-endpoints/{endpoint.name}/invocations"
        headers = {"Authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"}
        return requests.post(url, json=body, headers=headers, timeout=_PATIENCE)

    def _wait(self, endpoint: Deployed) -> None:
        self._teller.chapter("5 · Half an hour later")
        self._admin.advance(minutes=_IDLE_MINUTES)
        state = self._workspace.serving_endpoints.get(endpoint.name).config.served_entities[0].state
        told = f"after {_IDLE_MINUTES} idle minutes the endpoint says: {state.deployment_state_message}"
        self._teller.fact(told, state.deployment_state_message == "Scaled to zero")
        cold = self._latency(endpoint)
        warm = self._latency(endpoint)
        self._teller.fact(f"the first query meets a cold start: {cold:.1f} s, simulated", 10 <= cold <= 31)
        self._teller.fact(f"the second finds it warm: {warm * 1000:.0f} ms", warm < 1)

    def _latency(self, endpoint: Deployed) -> float:
        """What the caller waited, in seconds: simulated, and the time that scoring really took."""
        response = self._post(endpoint, {"dataframe_split": self._payload})
        response.raise_for_status()
        simulated = float(response.headers.get("x-fakebricks-duration-ms", 0)) / 1000
        return simulated + (0 if simulated else response.elapsed.total_seconds())

    def _read(self, endpoints: list[Deployed]) -> None:
        self._teller.chapter("6 · Read the inference tables")
        self._admin.advance(minutes=_MINUTE)
        for endpoint in endpoints:
            rows = self._admin.table(endpoint.table)
            shown = [(_time_of(row), row["status_code"], row["request"], row["response"]) for row in rows]
            self._teller.table(endpoint.table, ("time", "status", "request", "response"), shown)
            statuses = sorted(row["status_code"] for row in rows)
            wanted = [200] * (endpoint.queries - 1) + [400]
            self._teller.fact(f"one row per request, the 400 too: {len(rows)} rows", statuses == wanted)
            named = [row for row in rows if row["client_request_id"] == "story-1"]
            self._teller.fact("the client_request_id is there", len(named) == 1)

    def _sum_up(self) -> None:
        self._teller.chapter("Done")
        calls = self._admin.calls("*")
        own = sum(call["cost"] for call in calls)
        hours = (self._admin.clock() - self._began) / _MINUTE / _MINUTE
        self._teller.say(f"{len(calls)} calls, {hours:.1f} simulated hours, {own:.2f} s of fakebricks' own time")


def _time_of(row: dict[str, Any]) -> str:
    """When a request arrived: the two schemas of inference tables say it in their own ways."""
    time = row["request_time"] if "request_time" in row else datetime.fromtimestamp(row["timestamp_ms"] / 1000, UTC)
    return f"{time:%H:%M:%S}"


def _trained(data: Transactions, name: str, params: dict[str, Any]) -> Any:
    """A run as the article makes it."""
    with mlflow.start_run(run_name=name) as run:
        mlflow.log_params(params)
        model = GradientBoostingClassifier(**params, random_state=0)
        model.fit(data.train, data.train_labels)
        auc = roc_auc_score(data.validation_labels, model.predict_proba(data.validation)[:, 1])
        mlflow.log_metric("val_auc", float(auc))
        mlflow.log_metric("train_size", len(data.train))
        where = {"artifact_path": "model"} if mlflow.__version__.startswith("2.") else {"name": "model"}
        mlflow.sklearn.log_model(
            model,
            **where,
            signature=infer_signature(data.train, model.predict(data.train)),
            input_example=data.train.head(),
            pip_requirements=[f"scikit-learn=={sklearn.__version__}"],
        )
    return run
