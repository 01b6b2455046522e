"""Policies on endpoints, and on the catalogs that environments are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fakebricks.contracts.policies.names import environment
from fakebricks.contracts.policies.policy import Broken, policy
from fakebricks.contracts.policies.seen import Seen, succeeded

_STATEMENTS = "/api/2.0/sql/statements"
_TABLE = re.compile(r"`?([A-Za-z_][\w-]*)`?\.`?[A-Za-z_][\w-]*`?\.`?[A-Za-z_][\w-]*`?")
_NO = frozenset(("false", "no", "0"))
_ENVIRONMENT_TAGS = frozenset(("env", "environment", "stage"))


@policy(
    title="Endpoints of production have an inference table",
    fix="Give it ai_gateway.inference_table_config with enabled: true, before it has its first incident.",
    source="https://docs.databricks.com/aws/en/ai-gateway/inference-tables",
)
def inference_table_on_prod_endpoints(seen: Seen) -> Iterator[Broken]:
    for endpoint in seen.endpoints:
        if "prod" in _environments(endpoint) and not _tables(endpoint):
            yield Broken(f"The endpoint {endpoint['name']!r} is one of production and logs to no inference table.")


@policy(
    title="Endpoints that are latency-critical do not scale to zero",
    fix="Set scale_to_zero_enabled: false: a cold start takes 10 to 30 seconds.",
    source="https://docs.databricks.com/aws/en/machine-learning/model-serving/production-optimization",
)
def no_scale_to_zero_when_latency_critical(seen: Seen) -> Iterator[Broken]:
    """Critical is what has the tag `latency-critical`, with any value but false, or `latency: critical`."""
    for endpoint in filter(_critical, seen.endpoints):
        for entity in _entities(endpoint):
            if entity.get("scale_to_zero_enabled"):
                message = (
                    f"The endpoint {endpoint['name']!r} is latency-critical, and its {entity['name']!r} scales to zero."
                )
                yield Broken(message)


@policy(
    title="Environments are catalogs, and none reads from another",
    fix="Copy what is promoted into its environment's catalog (MlflowClient().copy_model_version), and use it there.",
    source="https://docs.databricks.com/catalogs.html",
)
def catalogs_as_environments(seen: Seen) -> Iterator[Broken]:
    for endpoint in seen.endpoints:
        environments = _environments(endpoint) | {environment(table) for table in _tables(endpoint)} - {None}
        if len(environments) > 1:
            yield Broken(
                f"The endpoint {endpoint['name']!r} is of {_listed(environments)} at once: {_named(endpoint)}."
            )
    for call in seen.calls:
        if call.method != "POST" or call.path != _STATEMENTS or not succeeded(call):
            continue
        catalogs = set(_TABLE.findall(str(call.json().get("statement", ""))))
        environments = {environment(catalog) for catalog in catalogs} - {None}
        if len(environments) > 1:
            yield Broken(f"A statement reads and writes {_listed(environments)} at once: {_listed(catalogs)}.", call)


def _environments(endpoint: dict[str, Any]) -> set[str | None]:
    """Those that its tags tell, or else its name; and those of the catalogs of its models."""
    tags = {environment(tag.get("value", "")) for tag in endpoint.get("tags", ()) if tag["key"] in _ENVIRONMENT_TAGS}
    own = tags - {None} or {environment(endpoint["name"])}
    return (own | {environment(model.split(".")[0]) for model in _models(endpoint)}) - {None}


def _models(endpoint: dict[str, Any]) -> list[str]:
    return [name for entity in _entities(endpoint) if "." in (name := entity.get("entity_name", ""))]


def _entities(endpoint: dict[str, Any]) -> list[dict[str, Any]]:
    """As they will be: those of the update that is under way go before those that serve."""
    config = endpoint.get("pending_config") or endpoint.get("config") or {}
    entities: list[dict[str, Any]] = config.get("served_entities", [])
    return entities


def _tables(endpoint: dict[str, Any]) -> list[str]:
    """The catalogs of its inference tables that are on."""
    config = endpoint.get("pending_config") or endpoint.get("config") or {}
    told = (endpoint.get("ai_gateway", {}).get("inference_table_config", {}), config.get("auto_capture_config", {}))
    return [one.get("catalog_name", "") for one in told if one and one.get("enabled", True)]


def _critical(endpoint: dict[str, Any]) -> bool:
    tags = {tag["key"].lower().replace("_", "-"): str(tag.get("value", "")).lower() for tag in endpoint.get("tags", ())}
    return tags.get("latency-critical", "false") not in _NO or tags.get("latency") == "critical"


def _named(endpoint: dict[str, Any]) -> str:
    tables = [f"an inference table in {catalog}" for catalog in _tables(endpoint)]
    return ", ".join([*_models(endpoint), *tables])


def _listed(names: set[str | None] | set[str]) -> str:
    return " and ".join(sorted(str(name) for name in names))
