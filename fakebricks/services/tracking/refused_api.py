"""What MLflow's clients and databricks-sdk know about tracking and fakebricks does not compute, each refused by name.

Refused: all of `REFUSED`, by the names of MLflow's own service where it has one. Traces and artifacts refuse by
themselves what they have.
"""

from __future__ import annotations

from fakebricks.services.tracking.rate_limits import MLFLOW
from fakebricks.wire.operations import Routes
from fakebricks.wire.refusals import refuse_all

_WORKSPACES = "they are a part of MLflow's own server; use one Databricks workspace, and a fake one, for each"
_GATEWAY = "it is MLflow's own AI gateway; on Databricks set ai_gateway of a serving endpoint"
_DATASETS = (
    "on Databricks they are tables of Unity Catalog, which databricks-agents makes; evaluate a DataFrame instead"
)
_SCORERS = "it keeps no scorers; pass them to mlflow.genai.evaluate, which runs them in its own process"
_REVIEWS = "nobody reviews traces in a fake workspace; log assessments of them instead"
_ISSUES = "it finds no issues in traces; log assessments of them instead"
_PROMPTS = "it optimises no prompts"
_PRESIGNED = "a Databricks workspace signs URLs by artifacts/credentials-for-read and artifacts/credentials-for-write"

REFUSED: dict[str, dict[str, str]] = {
    _WORKSPACES: {
        "listWorkspaces": "GET /api/3.0/mlflow/workspaces",
        "createWorkspace": "POST /api/3.0/mlflow/workspaces",
        "getWorkspace": "GET /api/3.0/mlflow/workspaces/<name>",
        "updateWorkspace": "PATCH /api/3.0/mlflow/workspaces/<name>",
        "deleteWorkspace": "DELETE /api/3.0/mlflow/workspaces/<name>",
    },
    _PRESIGNED: {
        "createPresignedUploadUrl": "POST /api/2.0/mlflow/artifacts/presigned-upload-url",
        "createPresignedDownloadUrl": "POST /api/2.0/mlflow/artifacts/presigned-download-url",
    },
    _ISSUES: {
        "createIssue": "POST /api/3.0/mlflow/issues",
        "updateIssue": "PATCH /api/3.0/mlflow/issues/<issue_id>",
        "getIssue": "GET /api/3.0/mlflow/issues/<issue_id>",
        "searchIssues": "POST /api/3.0/mlflow/issues/search",
        "create_issue": "POST /api/2.0/mlflow/experiments/<experiment_id>/issues",
        "search_issues": "POST /api/2.0/mlflow/experiments/<experiment_id>/issues:search",
        "get_issue": "GET /api/2.0/mlflow/experiments/<experiment_id>/issues/<issue_id>",
        "update_issue": "PATCH /api/2.0/mlflow/experiments/<experiment_id>/issues/<issue_id>",
    },
    _DATASETS: {
        "createDataset": "POST /api/3.0/mlflow/datasets/create",
        "getDataset": "GET /api/3.0/mlflow/datasets/<dataset_id>",
        "deleteDataset": "DELETE /api/3.0/mlflow/datasets/<dataset_id>",
        "searchEvaluationDatasets": "POST /api/3.0/mlflow/datasets/search",
        "setDatasetTags": "PATCH /api/3.0/mlflow/datasets/<dataset_id>/tags",
        "deleteDatasetTag": "DELETE /api/3.0/mlflow/datasets/<dataset_id>/tags/<path:key>",
        "upsertDatasetRecords": "POST /api/3.0/mlflow/datasets/<dataset_id>/records",
        "getDatasetRecords": "GET /api/3.0/mlflow/datasets/<dataset_id>/records",
        "deleteDatasetRecords": "DELETE /api/3.0/mlflow/datasets/<dataset_id>/records",
        "getDatasetExperimentIds": "GET /api/3.0/mlflow/datasets/<dataset_id>/experiment-ids",
        "addDatasetToExperiments": "POST /api/3.0/mlflow/datasets/<dataset_id>/add-experiments",
        "removeDatasetFromExperiments": "POST /api/3.0/mlflow/datasets/<dataset_id>/remove-experiments",
    },
    _SCORERS: {
        "registerScorer": "POST /api/3.0/mlflow/scorers/register",
        "listScorers": "GET /api/3.0/mlflow/scorers/list",
        "listScorerVersions": "GET /api/3.0/mlflow/scorers/versions",
        "getScorer": "GET /api/3.0/mlflow/scorers/get",
        "deleteScorer": "DELETE /api/3.0/mlflow/scorers/delete",
    },
    _REVIEWS: {
        "createLabelSchema": "POST /api/3.0/mlflow/label-schemas/create",
        "getLabelSchema": "GET /api/3.0/mlflow/label-schemas/get",
        "getLabelSchemaByName": "GET /api/3.0/mlflow/label-schemas/get-by-name",
        "listLabelSchemas": "GET /api/3.0/mlflow/label-schemas/list",
        "updateLabelSchema": "PATCH /api/3.0/mlflow/label-schemas/update",
        "deleteLabelSchema": "DELETE /api/3.0/mlflow/label-schemas/delete",
        "createReviewQueue": "POST /api/3.0/mlflow/review-queues/create",
        "getOrCreateUserQueue": "POST /api/3.0/mlflow/review-queues/get-or-create-user",
        "getReviewQueue": "GET /api/3.0/mlflow/review-queues/get",
        "getReviewQueueByName": "GET /api/3.0/mlflow/review-queues/get-by-name",
        "listReviewQueues": "GET /api/3.0/mlflow/review-queues/list",
        "updateReviewQueue": "POST /api/3.0/mlflow/review-queues/update",
        "deleteReviewQueue": "POST /api/3.0/mlflow/review-queues/delete",
        "addItemsToReviewQueue": "POST /api/3.0/mlflow/review-queues/items/add",
        "removeItemsFromReviewQueue": "POST /api/3.0/mlflow/review-queues/items/remove",
        "listReviewQueueItems": "GET /api/3.0/mlflow/review-queues/items/list",
        "setReviewQueueItemStatus": "POST /api/3.0/mlflow/review-queues/items/set-status",
    },
    _PROMPTS: {
        "createPromptOptimizationJob": "POST /api/3.0/mlflow/prompt-optimization/jobs",
        "getPromptOptimizationJob": "GET /api/3.0/mlflow/prompt-optimization/jobs/<job_id>",
        "searchPromptOptimizationJobs": "POST /api/3.0/mlflow/prompt-optimization/jobs/search",
        "cancelPromptOptimizationJob": "POST /api/3.0/mlflow/prompt-optimization/jobs/<job_id>/cancel",
        "deletePromptOptimizationJob": "DELETE /api/3.0/mlflow/prompt-optimization/jobs/<job_id>",
    },
    _GATEWAY: {
        "readGateway": "GET /api/3.0/mlflow/gateway/<path:rest>",
        "changeGateway": "POST /api/3.0/mlflow/gateway/<path:rest>",
        "updateGateway": "PATCH /api/3.0/mlflow/gateway/<path:rest>",
        "deleteFromGateway": "DELETE /api/3.0/mlflow/gateway/<path:rest>",
    },
}
"""Why, and what to do instead: what is refused for that reason, by name."""

routes = Routes(rate_limit=MLFLOW)
refuse_all(routes, REFUSED)
