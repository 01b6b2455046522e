"""MLflow Tracking: experiments, runs, logged models, artifacts, traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakebricks.services.files.files import Files
from fakebricks.services.files.signed_urls import SignedUrls
from fakebricks.services.files.uploads import Uploads
from fakebricks.services.iam.access_control import AccessControl
from fakebricks.services.tracking.artifact_uploads import ArtifactUploads
from fakebricks.services.tracking.artifacts import Artifacts
from fakebricks.services.tracking.experiment_permissions import ExperimentPermissions
from fakebricks.services.tracking.experiments import Experiments
from fakebricks.services.tracking.logged_model_search import LoggedModelSearch
from fakebricks.services.tracking.logged_models import LoggedModels
from fakebricks.services.tracking.made_runs import AllRuns
from fakebricks.services.tracking.metrics import Metrics
from fakebricks.services.tracking.privileges import Privileges
from fakebricks.services.tracking.run_data import RunData
from fakebricks.services.tracking.runs import Runs
from fakebricks.services.tracking.search import ExperimentSearch, RunSearch
from fakebricks.services.tracking.traces.assessments import Assessments
from fakebricks.services.tracking.traces.data import TraceData
from fakebricks.services.tracking.traces.search import TraceSearch
from fakebricks.services.tracking.traces.traces import Traces
from fakebricks.services.workspace.directories import Directories
from fakebricks.services.workspace.folder_permissions import FolderPermissions

if TYPE_CHECKING:
    from fakebricks.wiring.services import Services


def wire(services: Services) -> None:
    """Add what is tracked, how it is searched, and who may."""
    state, ids = services.state, services.ids
    files, signed_urls, directories = services[Files], services[SignedUrls], services[Directories]
    experiments = Experiments(state, ids, directories)
    runs = Runs(state, ids, experiments)
    logged_models = LoggedModels(state, ids, experiments, runs)
    metrics = Metrics(state)
    run_data = RunData(state, runs, logged_models, metrics)
    traces = Traces(state, ids, experiments, runs)
    assessments = Assessments(state, ids, traces)
    artifacts = Artifacts(files, signed_urls, runs, logged_models, traces)
    permissions = ExperimentPermissions(services[AccessControl], experiments, services[FolderPermissions])
    privileges = Privileges(
        permissions,
        directories,
        services[FolderPermissions],
        experiments,
        runs=runs,
        logged_models=logged_models,
        traces=traces,
    )
    services.add(
        experiments,
        permissions,
        privileges,
        ExperimentSearch(experiments, permissions),
        runs,
        AllRuns(state, runs, experiments),
        run_data,
        RunSearch(runs, run_data),
        metrics,
        logged_models,
        LoggedModelSearch(logged_models, metrics),
        artifacts,
        ArtifactUploads(artifacts, services[Uploads], signed_urls),
        traces,
        TraceSearch(traces, assessments),
        TraceData(traces, assessments, artifacts, files, signed_urls),
        assessments,
    )
