"""From a requested external model to one that an endpoint can serve.

Real: one config, of the model's own provider, with what that provider needs; each secret as a reference or as plain
text, and not both; external models and custom ones are not mixed, and those of an endpoint have one task (all
documented). Secrets that come as plain text are taken and forgotten: nobody is called with them.
Inferred: the texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from fakebricks.services.model_serving.external_models.records import ExternalModel
from fakebricks.services.model_serving.external_models.shapes import (
    AmazonBedrockConfig,
    CustomProviderConfig,
    ExternalModelShape,
    OpenAiConfig,
)
from fakebricks.wire.errors import InvalidParameterValue
from fakebricks.wire.operations import Shape

CHAT, COMPLETIONS, EMBEDDINGS = TASKS = ("llm/v1/chat", "llm/v1/completions", "llm/v1/embeddings")

_PLAINTEXT = "_plaintext"
_CONFIGS = {
    "ai21labs": "ai21labs_config",
    "amazon-bedrock": "amazon_bedrock_config",
    "anthropic": "anthropic_config",
    "cohere": "cohere_config",
    "custom": "custom_provider_config",
    "databricks-model-serving": "databricks_model_serving_config",
    "google-cloud-vertex-ai": "google_cloud_vertex_ai_config",
    "openai": "openai_config",
    "palm": "palm_config",
}
PROVIDERS = frozenset(_CONFIGS)
_BEDROCK = ("anthropic", "cohere", "ai21labs", "amazon")
_API_TYPES = ("openai", "azure", "azuread")
_OF_AZURE = ("openai_api_base", "openai_api_version", "openai_deployment_name")
_OF_ENTRA = ("microsoft_entra_client_id", "microsoft_entra_tenant_id")


def external_model(asked: ExternalModelShape) -> ExternalModel:
    """An external model, if it can be served as it is asked for.

    Raises:
        InvalidParameterValue: it cannot.
    """
    if not asked.name:
        raise InvalidParameterValue("The name of an external_model must not be empty.")
    _one_of(asked.provider, tuple(_CONFIGS), "provider")
    _one_of(asked.task, TASKS, "task")
    own = _CONFIGS[asked.provider]
    strange = [name for name in _CONFIGS.values() if name != own and getattr(asked, name) is not None]
    if strange:
        raise InvalidParameterValue(f"An external_model of provider '{asked.provider}' takes no {strange[0]}.")
    config = getattr(asked, own)
    if config is None:
        raise InvalidParameterValue(f"An external_model of provider '{asked.provider}' needs an {own}.")
    _check(config, own)
    return ExternalModel(name=asked.name, provider=asked.provider, task=asked.task, config=_kept(config))


def shown(model: ExternalModel) -> dict[str, Any]:
    """An external model as answers have it."""
    return {
        "name": model.name,
        "provider": model.provider,
        "task": model.task,
        _CONFIGS[model.provider]: model.config,
    }


def references(model: ExternalModel) -> Iterator[tuple[str, str]]:
    """The fields of a model's config that refer to secrets, each with its text."""
    known = {one.name: one.type for one in msgspec.structs.fields(ExternalModelShape)}
    own = _CONFIGS[model.provider]
    shape = next(one for one in known[own].__args__ if one is not type(None))
    yield from _references(shape, model.config, own)


def check_together(models: Sequence[ExternalModel | None]) -> None:
    """Raise `InvalidParameterValue` where models cannot be served by one endpoint; a custom model is None here."""
    external = [one for one in models if one is not None]
    if external and len(external) < len(models):
        raise InvalidParameterValue("External models and custom models cannot be served by the same endpoint.")
    tasks = sorted({one.task for one in external})
    if len(tasks) > 1:
        raise InvalidParameterValue(
            f"The external models of an endpoint must have the same task; there are {', '.join(tasks)}."
        )


def _check(config: Shape, where: str) -> None:
    for secret in _secrets(type(config)):
        if getattr(config, secret) is not None and getattr(config, secret + _PLAINTEXT) is not None:
            raise InvalidParameterValue(f"Only one of {where}.{secret} and {where}.{secret}{_PLAINTEXT} can be given.")
    if isinstance(config, AmazonBedrockConfig):
        _check_bedrock(config, where)
    elif isinstance(config, CustomProviderConfig):
        _check_custom(config, where)
    elif isinstance(config, OpenAiConfig):
        _check_openai(config, where)
    else:
        _require(config, where, *_secrets(type(config)))


def _check_bedrock(config: AmazonBedrockConfig, where: str) -> None:
    _one_of(config.bedrock_provider.lower(), _BEDROCK, f"{where}.bedrock_provider")
    if config.instance_profile_arn is None and config.uc_service_credential_name is None:
        _require(config, where, "aws_access_key_id", "aws_secret_access_key")


def _check_custom(config: CustomProviderConfig, where: str) -> None:
    auths = {"api_key_auth": config.api_key_auth, "bearer_token_auth": config.bearer_token_auth}
    given = {name: auth for name, auth in auths.items() if auth is not None}
    if len(given) != 1:
        raise InvalidParameterValue(f"{where} needs exactly one of {' and '.join(auths)}.")
    for name, auth in given.items():
        _check(auth, f"{where}.{name}")


def _check_openai(config: OpenAiConfig, where: str) -> None:
    kind = config.openai_api_type or _API_TYPES[0]
    _one_of(kind, _API_TYPES, f"{where}.openai_api_type")
    if kind != "openai":
        _require(config, where, *_OF_AZURE)
    if kind == "azuread":
        _require(config, where, *_OF_ENTRA, "microsoft_entra_client_secret")
    else:
        _require(config, where, "openai_api_key")


def _require(config: Shape, where: str, *names: str) -> None:
    for name in names:
        if not getattr(config, name) and not getattr(config, name + _PLAINTEXT, None):
            raise InvalidParameterValue(f"{where} needs {name}.")


def _one_of(value: str, known: tuple[str, ...], field: str) -> None:
    if value not in known:
        raise InvalidParameterValue(
            f"The {field} {value[:255]!r} of an external_model is not valid. It must be one of {', '.join(known)}."
        )


def _secrets(shape: type[Shape]) -> tuple[str, ...]:
    """The fields of a shape that refer to secrets: those that have a sibling for plain text."""
    names = shape.__struct_fields__
    return tuple(name for name in names if name + _PLAINTEXT in names)


def _kept(config: Shape) -> dict[str, Any]:
    """What was given, without plain text."""
    kept = {}
    for name in config.__struct_fields__:
        value = getattr(config, name)
        if value is not None and not name.endswith(_PLAINTEXT):
            kept[name] = _kept(value) if isinstance(value, Shape) else value
    return kept


def _references(shape: type[Shape], config: dict[str, Any], where: str) -> Iterator[tuple[str, str]]:
    for secret in _secrets(shape):
        if secret in config:
            yield f"{where}.{secret}", config[secret]
    for one in msgspec.structs.fields(shape):
        inner = config.get(one.name)
        if isinstance(inner, dict):
            of = next(kind for kind in one.type.__args__ if kind is not type(None))
            yield from _references(of, inner, f"{where}.{one.name}")
