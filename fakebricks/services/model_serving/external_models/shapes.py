"""What configurations of external models hold, provider by provider (documented: databricks-sdk's dataclasses)."""

from __future__ import annotations

from fakebricks.wire.operations import Shape


class Ai21LabsConfig(Shape):
    ai21labs_api_key: str | None = None
    ai21labs_api_key_plaintext: str | None = None


class AmazonBedrockConfig(Shape, kw_only=True):
    aws_region: str
    bedrock_provider: str
    aws_access_key_id: str | None = None
    aws_access_key_id_plaintext: str | None = None
    aws_secret_access_key: str | None = None
    aws_secret_access_key_plaintext: str | None = None
    instance_profile_arn: str | None = None
    uc_service_credential_name: str | None = None


class AnthropicConfig(Shape):
    anthropic_api_key: str | None = None
    anthropic_api_key_plaintext: str | None = None


class CohereConfig(Shape):
    cohere_api_base: str | None = None
    cohere_api_key: str | None = None
    cohere_api_key_plaintext: str | None = None


class ApiKeyAuth(Shape, kw_only=True):
    key: str
    value: str | None = None
    value_plaintext: str | None = None


class BearerTokenAuth(Shape):
    token: str | None = None
    token_plaintext: str | None = None


class CustomProviderConfig(Shape, kw_only=True):
    custom_provider_url: str
    api_key_auth: ApiKeyAuth | None = None
    bearer_token_auth: BearerTokenAuth | None = None


class DatabricksModelServingConfig(Shape, kw_only=True):
    databricks_workspace_url: str
    databricks_api_token: str | None = None
    databricks_api_token_plaintext: str | None = None


class GoogleCloudVertexAiConfig(Shape, kw_only=True):
    project_id: str
    region: str
    private_key: str | None = None
    private_key_plaintext: str | None = None


class OpenAiConfig(Shape):
    microsoft_entra_client_id: str | None = None
    microsoft_entra_client_secret: str | None = None
    microsoft_entra_client_secret_plaintext: str | None = None
    microsoft_entra_tenant_id: str | None = None
    openai_api_base: str | None = None
    openai_api_key: str | None = None
    openai_api_key_plaintext: str | None = None
    openai_api_type: str | None = None
    openai_api_version: str | None = None
    openai_deployment_name: str | None = None
    openai_organization: str | None = None


class PaLmConfig(Shape):
    palm_api_key: str | None = None
    palm_api_key_plaintext: str | None = None


class ExternalModelShape(Shape, kw_only=True):
    name: str
    provider: str
    task: str
    ai21labs_config: Ai21LabsConfig | None = None
    amazon_bedrock_config: AmazonBedrockConfig | None = None
    anthropic_config: AnthropicConfig | None = None
    cohere_config: CohereConfig | None = None
    custom_provider_config: CustomProviderConfig | None = None
    databricks_model_serving_config: DatabricksModelServingConfig | None = None
    google_cloud_vertex_ai_config: GoogleCloudVertexAiConfig | None = None
    openai_config: OpenAiConfig | None = None
    palm_config: PaLmConfig | None = None
