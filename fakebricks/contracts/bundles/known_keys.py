"""The keys of a bundle, and the types of their values.

Documented: the reference of bundles, and databricks-sdk's dataclasses, which the resources are made of. What a job's
tasks, clusters and environments hold is not looked into, as the fake does not run jobs.
"""

from __future__ import annotations

from typing import Any

from fakebricks.contracts.bundles.schema import Known, Leaf, Named

TEXT, WHOLE, NUMBER, BOOLEAN = Leaf.TEXT, Leaf.WHOLE, Leaf.NUMBER, Leaf.BOOLEAN
MAPPING, ANYTHING = Leaf.MAPPING, Leaf.ANYTHING


def _all(leaf: Known, *names: str) -> dict[str, Any]:
    return dict.fromkeys(names, leaf)


_PERMISSION = _all(TEXT, "level", "user_name", "group_name", "service_principal_name")
_GRANT = {"principal": TEXT, "privileges": [TEXT]}
_TAG = {"key": TEXT, "value": TEXT}
_COMMON = {"permissions": [_PERMISSION], "lifecycle": MAPPING}
_GRANTED = {"grants": [_GRANT], "lifecycle": MAPPING}

_TABLES = {
    **_all(TEXT, "catalog_name", "schema_name", "table_name_prefix"),
    "enabled": BOOLEAN,
}
_RATE_LIMIT = {**_all(WHOLE, "calls", "tokens"), **_all(TEXT, "key", "principal", "renewal_period")}
_GUARDRAIL = {
    "invalid_keywords": [TEXT],
    "valid_topics": [TEXT],
    "safety": BOOLEAN,
    "pii": {"behavior": TEXT},
}
_SERVED = {
    **_all(TEXT, "name", "workload_size", "workload_type", "instance_profile_arn"),
    **_all(BOOLEAN, "scale_to_zero_enabled", "burst_scaling_enabled"),
    **_all(WHOLE, "min_provisioned_concurrency", "max_provisioned_concurrency", "provisioned_model_units"),
    **_all(WHOLE, "min_provisioned_throughput", "max_provisioned_throughput"),
    "environment_vars": Named(TEXT),
}
_ENDPOINT = {
    **_COMMON,
    **_all(TEXT, "name", "description", "budget_policy_id"),
    "route_optimized": BOOLEAN,
    "tags": [_TAG],
    "rate_limits": [_RATE_LIMIT],
    "email_notifications": {"on_update_success": [TEXT], "on_update_failure": [TEXT]},
    "telemetry_config": MAPPING,
    "config": {
        "name": TEXT,
        "served_entities": [
            {**_SERVED, **_all(TEXT, "entity_name", "entity_version"), "external_model": MAPPING},
        ],
        "served_models": [{**_SERVED, **_all(TEXT, "model_name", "model_version")}],
        "traffic_config": {
            "routes": [{**_all(TEXT, "served_model_name", "served_entity_name"), "traffic_percentage": WHOLE}]
        },
        "auto_capture_config": _TABLES,
    },
    "ai_gateway": {
        "inference_table_config": _TABLES,
        "usage_tracking_config": {"enabled": BOOLEAN},
        "fallback_config": {"enabled": BOOLEAN},
        "guardrails": {"input": _GUARDRAIL, "output": _GUARDRAIL},
        "rate_limits": [_RATE_LIMIT],
    },
}
_SERIES = {"timestamp_col": TEXT, "granularities": [TEXT]}
_ADDRESSES = {"email_addresses": [TEXT]}
_MONITOR = {
    **_all(TEXT, "table_name", "assets_dir", "output_schema_name", "baseline_table_name", "warehouse_id"),
    "lifecycle": MAPPING,
    "skip_builtin_dashboard": BOOLEAN,
    "slicing_exprs": [TEXT],
    "snapshot": MAPPING,
    "time_series": _SERIES,
    "inference_log": {
        **_SERIES,
        **_all(TEXT, "problem_type", "prediction_col", "model_id_col", "label_col", "prediction_proba_col"),
    },
    "custom_metrics": [{**_all(TEXT, "type", "name", "definition", "output_data_type"), "input_columns": [TEXT]}],
    "schedule": _all(TEXT, "quartz_cron_expression", "timezone_id", "pause_status"),
    "notifications": {"on_failure": _ADDRESSES, "on_new_classification_tag_detected": _ADDRESSES},
    "data_classification_config": {"enabled": BOOLEAN},
    "latest_monitor_failure_msg": TEXT,
}
_TASK = {
    **_all(TEXT, "task_key", "description", "job_cluster_key", "environment_key", "existing_cluster_id", "run_if"),
    **_all(TEXT, "disable_auto_optimization", "compute_key", "environment_variables_key"),
    **_all(WHOLE, "max_retries", "min_retry_interval_millis", "timeout_seconds"),
    **_all(BOOLEAN, "retry_on_timeout", "disabled"),
    "depends_on": [_all(TEXT, "task_key", "outcome")],
    "libraries": [MAPPING],
    **_all(MAPPING, "new_cluster", "health", "email_notifications", "webhook_notifications", "notification_settings"),
    **_all(MAPPING, "notebook_task", "spark_python_task", "python_wheel_task", "spark_jar_task", "spark_submit_task"),
    **_all(MAPPING, "pipeline_task", "sql_task", "dbt_task", "run_job_task", "condition_task", "for_each_task"),
    **_all(MAPPING, "clean_rooms_notebook_task", "dashboard_task", "gen_ai_compute_task", "power_bi_task", "compute"),
    **_all(MAPPING, "ai_runtime_task", "alert_task", "dbt_cloud_task", "dbt_platform_task", "python_operator_task"),
}
_JOB = {
    **_COMMON,
    **_all(TEXT, "name", "description", "edit_mode", "format", "parent_path", "duration_target"),
    **_all(TEXT, "performance_target", "budget_policy_id", "usage_policy_id"),
    **_all(WHOLE, "max_concurrent_runs", "timeout_seconds"),
    "tags": Named(TEXT),
    "tasks": [_TASK],
    **_all(MAPPING, "schedule", "continuous", "trigger", "queue", "run_as", "health", "git_source", "deployment"),
    **_all(MAPPING, "email_notifications", "webhook_notifications", "notification_settings"),
    "job_clusters": [{**_all(TEXT, "job_cluster_key", "serverless_compute_id"), "new_cluster": MAPPING}],
    "environments": [{"environment_key": TEXT, "spec": MAPPING}],
    **_all([MAPPING], "environment_variables", "triggers"),
    "parameters": [_all(TEXT, "name", "default")],
}

DEPLOYED: dict[str, Any] = {
    "schemas": {
        **_GRANTED,
        **_all(TEXT, "catalog_name", "name", "comment", "storage_root"),
        "custom_max_retention_hours": WHOLE,
        "properties": Named(TEXT),
    },
    "volumes": {
        **_GRANTED,
        **_all(TEXT, "catalog_name", "schema_name", "name", "comment", "storage_location", "volume_type"),
    },
    "experiments": {
        **_COMMON,
        **_all(TEXT, "name", "artifact_location", "description"),
        "tags": [_TAG],
        "trace_location": MAPPING,
    },
    "registered_models": {
        **_GRANTED,
        **_all(TEXT, "catalog_name", "schema_name", "name", "comment", "storage_location", "owner", "full_name"),
        **_all(TEXT, "metastore_id", "created_by", "updated_by"),
        **_all(WHOLE, "created_at", "updated_at"),
        "browse_only": BOOLEAN,
        "aliases": [MAPPING],
        "depends_on": [TEXT],
    },
    "jobs": _JOB,
    "model_serving_endpoints": _ENDPOINT,
    "quality_monitors": _MONITOR,
}
"""The resources that are deployed, by their type, in the order in which they can be."""

NOT_DEPLOYED = (
    *("alerts", "app_spaces", "apps", "catalogs", "cluster_policies", "clusters", "dashboards", "database_catalogs"),
    *("database_instances", "external_locations", "features", "genie_spaces", "instance_pools", "job_runs"),
    *("mcp_services", "model_provider_services", "model_services", "models", "pipelines", "postgres_branches"),
    *("postgres_catalogs", "postgres_databases", "postgres_endpoints", "postgres_projects", "postgres_roles"),
    *("postgres_snapshot_schedules", "postgres_synced_tables", "secret_scopes", "secrets", "sql_warehouses"),
    *("synced_database_tables", "vector_search_endpoints", "vector_search_indexes"),
)
"""The resources of bundles that fakebricks does not deploy."""

_RESOURCES = {
    **{kind: Named(fields) for kind, fields in DEPLOYED.items()},
    **dict.fromkeys(NOT_DEPLOYED, Named(MAPPING)),
}
_PRESETS = {
    **_all(TEXT, "name_prefix", "trigger_pause_status"),
    **_all(BOOLEAN, "pipelines_development", "source_linked_deployment", "in_place_deployment"),
    "artifacts_dynamic_version": BOOLEAN,
    "jobs_max_concurrent_runs": WHOLE,
    "tags": Named(TEXT),
}
_WORKSPACE = {
    **_all(TEXT, "host", "profile", "auth_type", "root_path", "file_path", "artifact_path", "state_path"),
    **_all(TEXT, "resource_path", "client_id", "account_id", "workspace_id", "google_service_account"),
    **_all(TEXT, "azure_client_id", "azure_environment", "azure_login_app_id", "azure_tenant_id"),
    **_all(TEXT, "azure_workspace_resource_id"),
    **_all(BOOLEAN, "azure_use_msi", "experimental_is_unified_host"),
}
_GIT = _all(TEXT, "branch", "origin_url")
_BUNDLE = {
    **_all(TEXT, "name", "uuid", "databricks_cli_version", "cluster_id", "compute_id", "engine"),
    "git": _GIT,
    "deployment": MAPPING,
}
_RUN_AS = _all(TEXT, "user_name", "service_principal_name", "group_name")
_VARIABLE = {
    "default": ANYTHING,
    "description": TEXT,
    "type": TEXT,
    "lookup": ANYTHING,
}
_SECTIONS = {
    "bundle": _BUNDLE,
    "workspace": _WORKSPACE,
    "presets": _PRESETS,
    "resources": _RESOURCES,
    "permissions": [_PERMISSION],
    "run_as": _RUN_AS,
    **_all(MAPPING, "artifacts", "sync"),
}
TARGET = {
    **_SECTIONS,
    **_all(TEXT, "mode", "cluster_id", "compute_id"),
    "default": BOOLEAN,
    "git": _GIT,
    "variables": Named(ANYTHING),
}
BUNDLE = {
    **_SECTIONS,
    "include": [TEXT],
    "variables": Named(_VARIABLE),
    "targets": Named(TARGET),
    "environments": Named(TARGET),
    "experimental": MAPPING,
    "scripts": MAPPING,
    "python": MAPPING,
}
VARIABLE = _VARIABLE
SECTIONS = _SECTIONS
FOR_TARGET = {**BUNDLE, "bundle": {**_BUNDLE, **_all(TEXT, "target", "environment", "mode")}}
"""A bundle whose target has been selected."""
