"""An endpoint's telemetry: of what it offers, the inference table, with its sampling.

Real: a share of the requests, drawn under the workspace's seed, and `sampling_fraction` in each row.
Inferred: the columns, which are those of an AI Gateway inference table; that the table is called `<logs_table>_payload`
where no name is given is observed. Refused: logs, metrics and traces, and profiles, which are about them.
"""

from __future__ import annotations

from typing import Any

from fakebricks.services.model_serving.records import Endpoint, TelemetryTable
from fakebricks.services.model_serving.shapes import TelemetryShape
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks

_PAYLOADS = "TELEMETRY_FEATURE_INFERENCE_TABLE"
_FEATURES = (_PAYLOADS, "TELEMETRY_FEATURE_LOGS", "TELEMETRY_FEATURE_METRICS", "TELEMETRY_FEATURE_TRACES")


def wanted(asked: TelemetryShape, endpoint: Endpoint) -> TelemetryTable:
    """The inference table that is asked for.

    Raises:
        InvalidParameterValue: the endpoint cannot have one, or what is asked for cannot be.
        NotImplementedByFakebricks: other telemetry is asked for.
    """
    _check_endpoint(endpoint)
    features = asked.enabled_telemetry_features or []
    unknown = [one for one in features if one not in _FEATURES]
    if unknown:
        raise InvalidParameterValue(f"The telemetry feature {unknown[0][:255]!r} is none of {', '.join(_FEATURES)}.")
    if asked.telemetry_profile_id or any(one != _PAYLOADS for one in features) or (asked.table_names and not features):
        message = (
            "fakebricks does not implement 'telemetry_config' but for the inference table: set "
            f"enabled_telemetry_features to ['{_PAYLOADS}'], or give an inference_table_config alone."
        )
        raise NotImplementedByFakebricks(message)
    table = asked.inference_table_config
    name = (table and table.name) or _beside_logs(asked.table_names or {})
    fraction = 1.0 if table is None or table.sampling_fraction is None else table.sampling_fraction
    if not 0 <= fraction <= 1:
        raise InvalidParameterValue(f"The sampling_fraction must be between 0.0 and 1.0, not {fraction}.")
    return TelemetryTable(full_name=name.lower(), sampling_fraction=fraction)


def shown(table: TelemetryTable) -> dict[str, Any]:
    """The telemetry as answers have it."""
    return {
        "enabled_telemetry_features": [_PAYLOADS],
        "inference_table_config": {"name": table.full_name, "sampling_fraction": table.sampling_fraction},
    }


def _beside_logs(table_names: dict[str, str]) -> str:
    logs = table_names.get("logs_table")
    if not logs:
        message = "The telemetry_config needs a name in its inference_table_config, or a logs_table in its table_names."
        raise InvalidParameterValue(message)
    return f"{logs}_payload"


def _check_endpoint(endpoint: Endpoint) -> None:
    """Refuse endpoints that have no custom models (observed)."""
    config = endpoint.config or (endpoint.pending.config if endpoint.pending else None)
    kind = "NO_CONFIG" if config is None else "EXTERNAL_MODELS" if config.external else None
    if kind:
        message = (
            f"Telemetry configuration is not supported for endpoint type '{kind}'. This API only supports endpoints "
            "with custom served models."
        )
        raise InvalidParameterValue(message)
