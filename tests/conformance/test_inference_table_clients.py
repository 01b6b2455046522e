"""Inference tables through unmodified clients: asked for by databricks-sdk, fed by its queries, read by its readers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from conftest import Entered
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue
from databricks.sdk.service import serving
from databricks.sdk.service.serving import (
    AiGatewayConfig,
    AiGatewayInferenceTableConfig,
    AutoCaptureConfigInput,
    EndpointCoreConfigInput,
    ServedEntityInput,
)
from serving_fixtures import MODEL, register_in

from fakebricks import Workspace

PLACE = {"catalog_name": "main", "schema_name": "default"}
TABLE = "main.default.fraud_payload"


def create(workspace: Workspace, auto_capture: AutoCaptureConfigInput | None = None, **more: Any) -> WorkspaceClient:
    client = WorkspaceClient()
    entity = ServedEntityInput(
        entity_name=MODEL, entity_version=register_in(workspace), workload_size="Small", scale_to_zero_enabled=False
    )
    config = EndpointCoreConfigInput(name="fraud", served_entities=[entity], auto_capture_config=auto_capture)
    client.serving_endpoints.create_and_wait("fraud", config=config, **more)
    return client


def gateway() -> AiGatewayConfig:
    return AiGatewayConfig(inference_table_config=AiGatewayInferenceTableConfig(**PLACE, enabled=True))


def test_traffic_becomes_features_that_any_reader_of_delta_reads(entered: Entered):
    with entered() as workspace:
        client = create(workspace, ai_gateway=gateway())
        labels = pd.DataFrame({"order": ["a", "b", "c"], "label": [0, 1, 1]})
        frame = pd.DataFrame({"amount": [1.0, 2.0, 3.0], "order": labels["order"]})
        workspace.replay("fraud", frame, over=timedelta(days=3), client_request_id="order", check=True)
        workspace.clock.advance(hours=1)
        info = client.tables.get(TABLE)
        features = workspace.unpacked(TABLE).to_pandas()
        joined = features.merge(labels, left_on="client_request_id", right_on="order")
        assert joined[["amount", "prediction", "label"]].to_numpy().tolist() == [[1, 2, 0], [2, 4, 1], [3, 6, 1]]
        assert features["request_time"].dt.date.nunique() >= 3
        assert _rows_by_reader(info.storage_location) == {3}


def _rows_by_reader(location: str) -> set[int]:
    """How many rows each reader of Delta finds that is installed here."""
    import pyarrow.dataset as ds
    from deltalake import DeltaTable

    found = {len(DeltaTable(location).to_pandas())}
    dataset = DeltaTable(location).to_pyarrow_dataset()
    assert isinstance(dataset, ds.Dataset)
    found.add(dataset.count_rows())
    for name in ("polars", "duckdb"):
        reader = _imported(name)
        if name == "polars" and reader:
            found.add(reader.read_delta(location).height)
        if name == "duckdb" and reader:
            found.add(reader.sql("SELECT count(*) FROM dataset").fetchone()[0])
    return found


def _imported(name: str) -> Any:
    try:
        return __import__(name)
    except ModuleNotFoundError:
        return None


def test_legacy_tables_are_refused_as_the_platform_does_since_2026(entered: Entered):
    with entered(legacy_inference_tables="refuse") as workspace:
        with pytest.raises(InvalidParameterValue, match="Legacy inference tables have been deprecated"):
            create(workspace, AutoCaptureConfigInput(**PLACE, enabled=True))
        create(workspace, AutoCaptureConfigInput(enabled=False), ai_gateway=gateway())


@pytest.mark.skipif(not hasattr(serving, "TelemetryConfig"), reason="this databricks-sdk knows no telemetry")
def test_a_sample_is_asked_for_by_the_telemetry(entered: Entered):
    table = serving.TelemetryInferenceTableConfig(name=TABLE, sampling_fraction=0.25)
    with entered() as workspace:
        client = create(workspace, telemetry_config=serving.TelemetryConfig(inference_table_config=table))
        assert client.serving_endpoints.get("fraud").telemetry_config.inference_table_config == table
        workspace.replay("fraud", pd.DataFrame({"amount": [1.0] * 60}))
        workspace.clock.advance(hours=1)
        assert 3 < workspace.table(TABLE).num_rows < 35
        without = client.serving_endpoints.patch_telemetry_config("fraud")
        assert without.telemetry_config is None


def test_who_asks_a_route_optimised_endpoint_of_custom_models_is_not_told(entered: Entered):
    with entered() as workspace:
        workspace.service_principal("robot", groups=["admins"])
        create(workspace, ai_gateway=gateway(), route_optimized=True)
        with workspace.acting_as("robot", auth="oauth-m2m"):
            WorkspaceClient().serving_endpoints_data_plane.query("fraud", dataframe_records=[{"amount": 1.0}])
        workspace.clock.advance(hours=1)
        assert workspace.table(TABLE)["requester"].to_pylist() == [None]
