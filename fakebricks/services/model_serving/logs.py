"""The build log and the service log of a served entity.

Simulated: no container image is built here, and the build log says so. The service log has what really happened when
the model was loaded, with the traceback where it failed.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fakebricks.services.model_serving.records import Config, Endpoint, Failure, ServedEntity


def build(endpoint: Endpoint, config: Config, entity: ServedEntity) -> str:
    """The build log."""
    lines = [
        f"{entity.entity_name} version {entity.entity_version}, for '{entity.name}' of '{endpoint.name}'",
        "fakebricks builds no container image: the model is loaded with the libraries that are installed here.",
    ]
    if _started(endpoint, config):
        lines.append("Container image creation finished successfully")
    return "\n".join(lines)


def server(endpoint: Endpoint, config: Config, entity: ServedEntity) -> str:
    """The service log; empty while the deployment is in progress."""
    failure = _failure(endpoint, config, entity)
    if failure:
        return f"{failure.message}\n{failure.log}"
    if not config.deployed_at:
        return ""
    at = datetime.fromtimestamp(config.deployed_at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"[{at} +0000] Loaded {entity.entity_name} version {entity.entity_version}."


def _started(endpoint: Endpoint, config: Config) -> bool:
    return bool(config.deployed_at or (endpoint.pending and endpoint.pending.failures))


def _failure(endpoint: Endpoint, config: Config, entity: ServedEntity) -> Failure | None:
    update = endpoint.pending
    if update is None or update.config != config or not update.failures:
        return None
    return update.failures[config.served_entities.index(entity)]
