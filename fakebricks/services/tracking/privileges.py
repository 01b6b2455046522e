"""What a caller must be allowed, per operation of tracking: declared beside the operations, decided here.

Real: viewing, editing and managing of experiments, and through them of all that is in them: runs, logged models,
traces, their data and files (documented: which operation needs which, for experiments and runs; inferred for the rest).
What does not exist is not refused here; the operation itself says what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from fakebricks.services.files.paths import Parts
from fakebricks.services.tracking.artifacts import EXPERIMENT_PART
from fakebricks.services.tracking.experiment_permissions import EDIT, MANAGE, VIEW, Access, ExperimentPermissions
from fakebricks.services.tracking.experiments import Experiments
from fakebricks.services.tracking.logged_models import LoggedModels
from fakebricks.services.tracking.runs import Runs
from fakebricks.services.tracking.shapes import RunOf
from fakebricks.services.tracking.traces.traces import Traces
from fakebricks.services.workspace.directories import Directories
from fakebricks.services.workspace.folder_permissions import FolderPermissions
from fakebricks.services.workspace.paths import normal, split
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import ResourceDoesNotExist
from fakebricks.wire.operations import Call, Privilege


class InExperiment(Protocol):
    """Something that belongs to an experiment."""

    @property
    def experiment_id(self) -> str: ...


class Privileges:
    """Decides whether a caller may do something with an experiment, or with something in one."""

    def __init__(
        self,
        permissions: ExperimentPermissions,
        directories: Directories,
        folders: FolderPermissions,
        experiments: Experiments,
        *,
        runs: Runs,
        logged_models: LoggedModels,
        traces: Traces,
    ) -> None:
        self._permissions = permissions
        self._directories = directories
        self._folders = folders
        self._experiments = experiments
        self._runs = runs
        self._logged_models = logged_models
        self._traces = traces

    def experiment(self, experiment_id: str, access: Access, caller: Caller) -> None:
        """Raise PermissionDenied where the caller may not do that with an experiment."""
        self._permissions.require(experiment_id, access, caller)

    def experiment_of_name(self, name: str, access: Access, caller: Caller) -> None:
        """Raise PermissionDenied where the caller may not do that with the experiment of a name."""
        self._in_experiment(self._experiments.get_by_name, name, access, caller)

    def new_name(self, name: str, caller: Caller) -> None:
        """Raise PermissionDenied where the caller may not name an experiment so; it is in a folder of others."""
        path = normal(name)
        if not caller.is_admin and path and self._directories.find(split(path)[0]):
            self._folders.require_changes(split(path)[0], caller)

    def run(self, run_id: str, access: Access, caller: Caller) -> None:
        """Raise PermissionDenied where the caller may not do that with a run."""
        if caller.is_admin:
            return
        run = self._runs.find(run_id)
        if run is not None:
            self._permissions.require(run.experiment_id, access, caller)

    def logged_model(self, model_id: str, access: Access, caller: Caller) -> None:
        """Raise PermissionDenied where the caller may not do that with a logged model, deleted ones too."""
        self._in_experiment(lambda one: self._logged_models.get(one, allow_deleted=True), model_id, access, caller)

    def trace(self, trace_id: str, access: Access, caller: Caller) -> None:
        """Raise PermissionDenied where the caller may not do that with a trace."""
        self._in_experiment(self._traces.get, trace_id, access, caller)

    def path(self, parts: Parts, caller: Caller, *, writing: bool) -> None:
        """Raise PermissionDenied where the caller may not read or write artifacts; a root of the storage asks it."""
        if len(parts) > EXPERIMENT_PART:
            self._permissions.require(parts[EXPERIMENT_PART], EDIT if writing else VIEW, caller)

    def _in_experiment(self, get: Callable[[str], InExperiment], name: str, access: Access, caller: Caller) -> None:
        if caller.is_admin:
            return
        try:
            found = get(name)
        except ResourceDoesNotExist:
            return
        self._permissions.require(found.experiment_id, access, caller)


def of_experiment(access: Access) -> Privilege:
    """To do that with the experiment that the request names."""

    def check(privileges: Privileges, call: Call, body: Any) -> None:
        privileges.experiment(body.experiment_id, access, call.caller)

    return check


def of_experiments(access: Access) -> Privilege:
    """To do that with all the experiments that the request names."""

    def check(privileges: Privileges, call: Call, body: Any) -> None:
        _each(privileges.experiment, body.experiment_ids, access, call.caller)

    return check


def of_named_experiment(privileges: Privileges, call: Call, body: Any) -> None:
    """To view the experiment of the name that the request gives."""
    privileges.experiment_of_name(body.experiment_name, VIEW, call.caller)


def of_new_experiment(privileges: Privileges, call: Call, body: Any) -> None:
    """To make an experiment in its folder."""
    privileges.new_name(body.name, call.caller)


def of_renamed_experiment(privileges: Privileges, call: Call, body: Any) -> None:
    """To manage the experiment, and to make one in the folder that it goes to."""
    privileges.experiment(body.experiment_id, MANAGE, call.caller)
    if body.new_name is not None:
        privileges.new_name(body.new_name, call.caller)


def of_run(access: Access) -> Privilege:
    """To do that with the run that the request names."""

    def check(privileges: Privileges, call: Call, body: Any) -> None:
        privileges.run(body.id if isinstance(body, RunOf) else body.run_id, access, call.caller)

    return check


def of_run_or_model(access: Access) -> Privilege:
    """To do that with the run that the request names, or with the logged model: MLflow names either as `run_id`."""

    def check(privileges: Privileges, call: Call, body: Any) -> None:
        privileges.run(body.run_id, access, call.caller)
        privileges.logged_model(body.run_id, access, call.caller)

    return check


def of_runs(access: Access, field: str) -> Privilege:
    """To do that with all the runs that the request names in a field."""

    def check(privileges: Privileges, call: Call, body: Any) -> None:
        _each(privileges.run, getattr(body, field), access, call.caller)

    return check


def of_metric(privileges: Privileges, call: Call, body: Any) -> None:
    """To edit the run, and the logged model that the metric is of."""
    privileges.run(body.id, EDIT, call.caller)
    if body.model_id:
        privileges.logged_model(body.model_id, EDIT, call.caller)


def of_batch(privileges: Privileges, call: Call, body: Any) -> None:
    """To edit the run, and the logged models that metrics are of."""
    privileges.run(body.run_id, EDIT, call.caller)
    if not call.caller.is_admin:
        _each(privileges.logged_model, {one.model_id for one in body.metrics if one.model_id}, EDIT, call.caller)


def of_run_and_models(access: Access) -> Privilege:
    """To edit the run, and to do that with the logged models that it reads or writes."""

    def check(privileges: Privileges, call: Call, body: Any) -> None:
        privileges.run(body.run_id, EDIT, call.caller)
        _each(privileges.logged_model, [one.model_id for one in body.models], access, call.caller)

    return check


def of_new_logged_model(privileges: Privileges, call: Call, body: Any) -> None:
    """To edit the experiment, and to view the run that the model comes from."""
    privileges.experiment(body.experiment_id, EDIT, call.caller)
    if body.source_run_id:
        privileges.run(body.source_run_id, VIEW, call.caller)


def of_logged_model(access: Access) -> Privilege:
    """To do that with the logged model that the request names."""

    def check(privileges: Privileges, call: Call, body: Any) -> None:
        privileges.logged_model(body.model_id, access, call.caller)

    return check


def of_trace(access: Access, field: str = "trace_id") -> Privilege:
    """To do that with the trace that the request names in a field."""

    def check(privileges: Privileges, call: Call, body: Any) -> None:
        privileges.trace(getattr(body, field), access, call.caller)

    return check


def of_new_trace(privileges: Privileges, call: Call, body: Any) -> None:
    """To edit the experiment that a trace is exported to."""
    privileges.experiment(body.trace.trace_info.trace_location.experiment_id, EDIT, call.caller)


def of_locations(privileges: Privileges, call: Call, body: Any) -> None:
    """To view all the experiments whose traces are searched."""
    _each(privileges.experiment, [one.experiment_id for one in body.locations], VIEW, call.caller)


def of_linked_traces(privileges: Privileges, call: Call, body: Any) -> None:
    """To edit the run and the traces."""
    privileges.run(body.run_id, EDIT, call.caller)
    _each(privileges.trace, body.trace_ids, EDIT, call.caller)


def _each(check: Callable[[str, Access, Caller], None], names: Iterable[str], access: Access, caller: Caller) -> None:
    for name in names:
        check(name, access, caller)
