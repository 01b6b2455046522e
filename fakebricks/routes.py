"""Which operations there are: the declarations of all services, and the router over them."""

from __future__ import annotations

from functools import cache

from fakebricks.wire.router import Router


@cache
def router() -> Router:
    """The router over every service's declarations; they are constants, so one serves all workspaces."""
    from fakebricks.control import api as control_api
    from fakebricks.services.dbfs import api as dbfs_api
    from fakebricks.services.files import api as files_api
    from fakebricks.services.files.s3 import api as s3_api
    from fakebricks.services.iam import api as iam_api
    from fakebricks.services.iam import client_secrets_api, oauth_api, permissions_api, tokens_api
    from fakebricks.services.iam.scim import groups_api, service_principals_api, users_api
    from fakebricks.services.jobs import api as jobs_api
    from fakebricks.services.jobs import refused_api as refused_jobs_api
    from fakebricks.services.model_registry import mlflow_api as model_registry_mlflow_api
    from fakebricks.services.model_registry import native_models_api, native_versions_api
    from fakebricks.services.model_serving import api as model_serving_api
    from fakebricks.services.model_serving import data_plane_api, openai_api, openapi_api
    from fakebricks.services.model_serving import lifecycle_api as serving_lifecycle_api
    from fakebricks.services.model_serving import refused_api as refused_model_serving_api
    from fakebricks.services.model_serving import settings_api as model_serving_settings_api
    from fakebricks.services.monitoring import data_quality_api, quality_monitors_api
    from fakebricks.services.secrets import api as secrets_api
    from fakebricks.services.sql import connector_api, statements_api, warehouses_api
    from fakebricks.services.sql import refused_api as refused_sql_api
    from fakebricks.services.sql.thrift import api as sql_thrift_api
    from fakebricks.services.tracking import (
        artifacts_api,
        bulk_api,
        experiments_api,
        logged_models_api,
        runs_api,
        server_api,
    )
    from fakebricks.services.tracking import refused_api as refused_tracking_api
    from fakebricks.services.tracking.traces import api as traces_api
    from fakebricks.services.tracking.traces import assessments_api
    from fakebricks.services.tracking.traces import refused_api as refused_traces_api
    from fakebricks.services.tracking.traces import v2_api as traces_v2_api
    from fakebricks.services.unity_catalog import (
        catalogs_api,
        functions_api,
        grants_api,
        metastore_api,
        schemas_api,
        tables_api,
        tags_api,
        volumes_api,
    )
    from fakebricks.services.unity_catalog import refused_api as refused_unity_catalog_api
    from fakebricks.services.workspace import api as workspace_api
    from fakebricks.services.workspace import contents_api
    from fakebricks.services.workspace_model_registry import api as workspace_model_registry_api
    from fakebricks.services.workspace_model_registry import databricks_api as workspace_model_registry_databricks_api

    return Router(
        [
            *control_api.routes,
            *iam_api.routes,
            *permissions_api.routes,
            *users_api.routes,
            *groups_api.routes,
            *service_principals_api.routes,
            *tokens_api.routes,
            *client_secrets_api.routes,
            *oauth_api.routes,
            *workspace_api.routes,
            *secrets_api.routes,
            *contents_api.routes,
            *experiments_api.routes,
            *runs_api.routes,
            *bulk_api.routes,
            *logged_models_api.routes,
            *artifacts_api.routes,
            *server_api.routes,
            *refused_tracking_api.routes,
            *traces_api.routes,
            *traces_v2_api.routes,
            *assessments_api.routes,
            *refused_traces_api.routes,
            *files_api.routes,
            *dbfs_api.routes,
            *s3_api.routes,
            *metastore_api.routes,
            *catalogs_api.routes,
            *schemas_api.routes,
            *tables_api.routes,
            *volumes_api.routes,
            *functions_api.routes,
            *tags_api.routes,
            *refused_unity_catalog_api.routes,
            *grants_api.routes,
            *model_registry_mlflow_api.routes,
            *native_models_api.routes,
            *native_versions_api.routes,
            *workspace_model_registry_api.routes,
            *workspace_model_registry_databricks_api.routes,
            *model_serving_api.routes,
            *model_serving_settings_api.routes,
            *data_plane_api.routes,
            *refused_model_serving_api.routes,
            *serving_lifecycle_api.routes,
            *openai_api.routes,
            *openapi_api.routes,
            *model_serving_settings_api.routes,
            *data_plane_api.routes,
            *refused_model_serving_api.routes,
            *quality_monitors_api.routes,
            *data_quality_api.routes,
            *jobs_api.routes,
            *refused_jobs_api.routes,
            *warehouses_api.routes,
            *statements_api.routes,
            *sql_thrift_api.routes,
            *connector_api.routes,
            *refused_sql_api.routes,
        ]
    )
