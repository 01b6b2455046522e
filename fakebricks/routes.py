"""Which operations there are: the declarations of all services, and the router over them.

A service's declarations load when a path is first asked for that looks like one of theirs: who tracks runs never loads
what speaks SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import chain

from fakebricks.wire.operations import Operation
from fakebricks.wire.router import Declares, Router


@cache
def router() -> Router:
    """The router over every service's declarations; they are constants, so one serves all workspaces."""
    return Router(_ROOMS)


def _control() -> Iterable[Operation]:
    from fakebricks.control import api

    return api.routes


def _iam() -> Iterator[Operation]:
    from fakebricks.services.iam import api, client_secrets_api, oauth_api, permissions_api, tokens_api
    from fakebricks.services.iam.scim import groups_api, service_principals_api, users_api

    return chain(
        api.routes,
        permissions_api.routes,
        users_api.routes,
        groups_api.routes,
        service_principals_api.routes,
        tokens_api.routes,
        client_secrets_api.routes,
        oauth_api.routes,
    )


def _workspace() -> Iterator[Operation]:
    from fakebricks.services.workspace import api, contents_api

    return chain(api.routes, contents_api.routes)


def _secrets() -> Iterable[Operation]:
    from fakebricks.services.secrets import api

    return api.routes


def _tracking() -> Iterator[Operation]:
    from fakebricks.services.tracking import (
        artifacts_api,
        bulk_api,
        experiments_api,
        logged_models_api,
        refused_api,
        runs_api,
        server_api,
    )
    from fakebricks.services.tracking.traces import api as traces_api
    from fakebricks.services.tracking.traces import assessments_api, v2_api
    from fakebricks.services.tracking.traces import refused_api as refused_traces_api

    return chain(
        experiments_api.routes,
        runs_api.routes,
        bulk_api.routes,
        logged_models_api.routes,
        artifacts_api.routes,
        server_api.routes,
        refused_api.routes,
        traces_api.routes,
        v2_api.routes,
        assessments_api.routes,
        refused_traces_api.routes,
    )


def _files() -> Iterator[Operation]:
    from fakebricks.services.files import api
    from fakebricks.services.files.s3 import api as s3_api

    return chain(api.routes, s3_api.routes)


def _dbfs() -> Iterable[Operation]:
    from fakebricks.services.dbfs import api

    return api.routes


def _unity_catalog() -> Iterator[Operation]:
    from fakebricks.services.unity_catalog import (
        catalogs_api,
        functions_api,
        grants_api,
        metastore_api,
        refused_api,
        schemas_api,
        tables_api,
        tags_api,
        volumes_api,
    )

    return chain(
        metastore_api.routes,
        catalogs_api.routes,
        schemas_api.routes,
        tables_api.routes,
        volumes_api.routes,
        functions_api.routes,
        tags_api.routes,
        refused_api.routes,
        grants_api.routes,
    )


def _model_registry() -> Iterator[Operation]:
    from fakebricks.services.model_registry import mlflow_api, native_models_api, native_versions_api

    return chain(mlflow_api.routes, native_models_api.routes, native_versions_api.routes)


def _workspace_model_registry() -> Iterator[Operation]:
    from fakebricks.services.workspace_model_registry import api, databricks_api

    return chain(api.routes, databricks_api.routes)


def _model_serving() -> Iterator[Operation]:
    from fakebricks.services.model_serving import (
        api,
        data_plane_api,
        lifecycle_api,
        openai_api,
        openapi_api,
        refused_api,
        settings_api,
    )

    return chain(
        api.routes,
        settings_api.routes,
        data_plane_api.routes,
        refused_api.routes,
        lifecycle_api.routes,
        openai_api.routes,
        openapi_api.routes,
    )


def _monitoring() -> Iterator[Operation]:
    from fakebricks.services.monitoring import data_quality_api, quality_monitors_api

    return chain(quality_monitors_api.routes, data_quality_api.routes)


def _jobs() -> Iterator[Operation]:
    from fakebricks.services.jobs import api, refused_api

    return chain(api.routes, refused_api.routes)


def _sql() -> Iterator[Operation]:
    from fakebricks.services.sql import connector_api, refused_api, statements_api, warehouses_api
    from fakebricks.services.sql.thrift import api as thrift_api

    return chain(
        warehouses_api.routes,
        statements_api.routes,
        thrift_api.routes,
        connector_api.routes,
        refused_api.routes,
    )


_ROOMS: Mapping[Declares, tuple[str, ...]] = {
    _control: ("/_fakebricks/",),
    _iam: ("/.well-known/", "/accounts/", "/oidc/", "/permissions/", "/scim/", "/token"),
    _workspace: ("/workspace/", "/workspace-files/"),
    _secrets: ("/secrets/",),
    _tracking: ("/mlflow/", "/otel/", "/tracing/"),
    _files: ("/fs/", "/_fakebricks/s3", "/_fakebricks/storage/"),
    _dbfs: ("/dbfs/",),
    _unity_catalog: ("/unity-catalog/",),
    _model_registry: ("/mlflow/unity-catalog/", "/unity-catalog/models"),
    _workspace_model_registry: (
        "/mlflow/comments/",
        "/mlflow/databricks/",
        "/mlflow/model-versions/",
        "/mlflow/registered-models/",
        "/mlflow/registry-webhooks/",
        "/mlflow/transition-requests/",
    ),
    _model_serving: ("/serving-endpoints",),
    _monitoring: ("/data-quality/", "/monitor", "/quality-monitoring/"),
    _jobs: ("/jobs/",),
    _sql: ("/connector-service/", "/sql/", "/telemetry-", "/warehouses/"),
}
"""What declares the operations of each room, with texts of which one is in the paths of nearly all of them."""
