"""What requests to Model Serving hold.

Every field that a client of the platform can send is declared. Honoured are the fields that the operations read;
`refused.py` names the others, which are refused with 501 when they are set to something that is not computed.
"""

from __future__ import annotations

from fakebricks.services.model_serving.ai_gateway.shapes import GuardrailsShape, RateLimitShape, SwitchShape
from fakebricks.services.model_serving.external_models.shapes import ExternalModelShape
from fakebricks.services.model_serving.records import EmailNotifications
from fakebricks.wire.operations import Shape


class TagShape(Shape):
    key: str
    value: str | None = None


class RouteShape(Shape):
    traffic_percentage: int
    served_entity_name: str | None = None
    served_model_name: str | None = None


class TrafficConfigShape(Shape):
    routes: list[RouteShape] | None = None


class ServedShape(Shape):
    """What served entities and the deprecated served models have in common."""

    name: str | None = None
    scale_to_zero_enabled: bool | None = None
    workload_size: str | None = None
    workload_type: str | None = None
    min_provisioned_concurrency: int | None = None
    max_provisioned_concurrency: int | None = None
    burst_scaling_enabled: bool | None = None
    environment_vars: dict[str, str] | None = None
    instance_profile_arn: str | None = None
    min_provisioned_throughput: int | None = None
    max_provisioned_throughput: int | None = None
    provisioned_model_units: int | None = None


class ServedEntityShape(ServedShape):
    entity_name: str | None = None
    entity_version: str | int | None = None
    external_model: ExternalModelShape | None = None


class ServedModelShape(ServedShape, kw_only=True):
    model_name: str
    model_version: str | int


class AutoCaptureShape(Shape):
    catalog_name: str | None = None
    schema_name: str | None = None
    table_name_prefix: str | None = None
    enabled: bool | None = None


class ConfigShape(Shape):
    name: str | None = None
    served_entities: list[ServedEntityShape] | None = None
    served_models: list[ServedModelShape] | None = None
    traffic_config: TrafficConfigShape | None = None
    auto_capture_config: AutoCaptureShape | None = None


class AiGatewayShape(Shape):
    inference_table_config: AutoCaptureShape | None = None
    fallback_config: SwitchShape | None = None
    guardrails: GuardrailsShape | None = None
    rate_limits: list[RateLimitShape] | None = None
    usage_tracking_config: SwitchShape | None = None


class TelemetryTableShape(Shape):
    name: str | None = None
    sampling_fraction: float | None = None


class TelemetryShape(Shape):
    enabled_telemetry_features: list[str] | None = None
    inference_table_config: TelemetryTableShape | None = None
    table_names: dict[str, str] | None = None
    telemetry_profile_id: str | None = None


class EmailNotificationsShape(Shape):
    on_update_success: list[str] | None = None
    on_update_failure: list[str] | None = None

    def record(self) -> EmailNotifications:
        """What is stored of it."""
        return EmailNotifications(
            on_update_success=tuple(self.on_update_success or ()), on_update_failure=tuple(self.on_update_failure or ())
        )


class CreateEndpoint(Shape):
    name: str
    config: ConfigShape | None = None
    ai_gateway: AiGatewayShape | None = None
    description: str | None = None
    tags: list[TagShape] | None = None
    route_optimized: bool | None = None
    rate_limits: list[RateLimitShape] | None = None
    budget_policy_id: str | None = None
    email_notifications: EmailNotificationsShape | None = None
    telemetry_config: TelemetryShape | None = None


class NamedEndpoint(Shape):
    name: str


class UpdateConfig(ConfigShape):
    pass


class PatchTags(NamedEndpoint):
    add_tags: list[TagShape] | None = None
    delete_tags: list[str] | None = None


class PutAiGateway(AiGatewayShape, kw_only=True):
    name: str


class PatchTelemetry(NamedEndpoint, kw_only=True):
    telemetry_config: TelemetryShape | None = None


class ServedModelOf(NamedEndpoint, kw_only=True):
    served_model_name: str
    config_version: int | None = None
