"""Model Serving: endpoints, what their models run in, what is asked of them, and what is kept of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.environments.shared import environments
from fakebricks.services.files.files import Files
from fakebricks.services.iam.access_control import AccessControl
from fakebricks.services.iam.people import People
from fakebricks.services.inference_tables.inference_tables import InferenceTables
from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.model_serving.ai_gateway.gateway import Gateway
from fakebricks.services.model_serving.ai_gateway.rate_limits import EndpointRateLimits
from fakebricks.services.model_serving.ai_gateway.usage import UsageTable
from fakebricks.services.model_serving.capture import Capture
from fakebricks.services.model_serving.data_plane import DataPlane
from fakebricks.services.model_serving.deployments import Deployments
from fakebricks.services.model_serving.endpoint_permissions import EndpointPermissions
from fakebricks.services.model_serving.endpoint_settings import EndpointSettings
from fakebricks.services.model_serving.external_models.providers import Providers
from fakebricks.services.model_serving.external_models.queries import ExternalQueries
from fakebricks.services.model_serving.foundation_models import FoundationModels
from fakebricks.services.model_serving.history import History
from fakebricks.services.model_serving.in_flight import InFlight
from fakebricks.services.model_serving.invocations import Invocations
from fakebricks.services.model_serving.models import Models
from fakebricks.services.model_serving.observability import Observability
from fakebricks.services.model_serving.payload_features import PayloadFeatures
from fakebricks.services.model_serving.rights import Rights
from fakebricks.services.model_serving.runtimes.choice import libraries
from fakebricks.services.model_serving.runtimes.docker import DockerRuntime
from fakebricks.services.model_serving.runtimes.made import Runtimes
from fakebricks.services.model_serving.runtimes.process import ProcessRuntime
from fakebricks.services.model_serving.runtimes.virtualenv import VirtualenvRuntime
from fakebricks.services.model_serving.serving_endpoints import ServingEndpoints
from fakebricks.services.model_serving.serving_runtimes import ServingRuntimes
from fakebricks.services.model_serving.stored import StoredModels
from fakebricks.services.secrets.references import SecretReferences
from fakebricks.services.unity_catalog.authority import Authority
from fakebricks.services.workspace_model_registry.model_permissions import ModelPermissions
from fakebricks.services.workspace_model_registry.workspace_model_registry import WorkspaceModelRegistry

if TYPE_CHECKING:
    from fakebricks.wiring.services import Services


def wire(services: Services) -> None:
    """Add endpoints, the models behind them, and those who answer for them."""
    state, ids, clock, timings = services.state, services.ids, services.clock, services.timings
    rights = Rights(services[Authority], services[People], services[ModelPermissions])
    stored = StoredModels(
        services[ModelRegistry], services[WorkspaceModelRegistry], services[Files], services.scratch, rights
    )
    runtimes, chosen_runtimes = _runtimes(), ServingRuntimes(state, services.runtime)
    models = Models(runtimes, stored, services[SecretReferences], clock)
    services.closing.callback(models.close)
    history = History(state)
    providers = Providers()
    deployments = Deployments(state, clock, models, history, FoundationModels(providers))
    services.after_restore.append(deployments.free_unused)
    in_flight = InFlight(state, ids, clock, timings)
    capture = Capture(services[InferenceTables], rights, services.legacy_inference_tables)
    permissions = EndpointPermissions(services[AccessControl], state)
    data_plane = DataPlane(state, permissions, services.identity.workspace_id)
    usage_table = UsageTable(state, services.identity)
    gateway = Gateway(services[People], EndpointRateLimits(state), usage_table)
    endpoints = ServingEndpoints(
        state,
        ids,
        stored=stored,
        models=models,
        deployments=deployments,
        capture=capture,
        permissions=permissions,
        in_flight=in_flight,
        history=history,
        timings=timings,
        gateway=gateway,
        secrets=services[SecretReferences],
        data_plane=data_plane,
        runtimes=chosen_runtimes,
    )
    services.add(
        runtimes,
        chosen_runtimes,
        models,
        providers,
        deployments,
        permissions,
        endpoints,
        data_plane,
        usage_table,
        EndpointSettings(state, gateway),
        Observability(endpoints, in_flight, history),
        PayloadFeatures(services[InferenceTables], stored),
        Invocations(
            state,
            ids,
            deployments=deployments,
            models=models,
            capture=capture,
            in_flight=in_flight,
            gateway=gateway,
            external=ExternalQueries(providers),
        ),
    )


def _runtimes() -> Runtimes:
    return Runtimes(
        {
            "process": lambda _: ProcessRuntime(),
            "virtualenv": lambda chosen: VirtualenvRuntime(environments(), *libraries(chosen)),
            "docker": lambda chosen: DockerRuntime(*libraries(chosen)),
        }
    )
