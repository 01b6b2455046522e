"""A workspace and MLflow's own tracking server, asked the same and compared.

Ids of runs and logged models, times and generated names are the same on both sides; ids of experiments are mapped. What
the platform has and MLflow's server has not is named in `DIFFERENCES`; everything else must be equal.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

from conftest import Rest
from mlflow_tracking import MlflowTracking

from fakebricks import Workspace
from fakebricks.clock import VirtualClock

MLFLOW = "/api/2.0/mlflow"
_INFINITY = 1.7976931348623157e308
_NAN = "NaN"

DIFFERENCES = {
    # Of the platform
    "tags that Databricks adds": "an experiment has four tags of the platform's own (observed in a workspace)",
    "numeric ids": "ids of experiments are numbers of many digits, not 1, 2, 3 (observed in a workspace)",
    "creator": "a logged model says who made it (documented: databricks-sdk's LoggedModelInfo)",
    "logged_models": "artifacts of logged models are in a folder of that name, not `models` (observed in a workspace)",
    "what a metric is of": "a run's metric names its logged model and data set (documented: databricks-sdk's Metric)",
    "absolute names": "an experiment's name is an absolute path (observed in a workspace)",
    "parent folders": "of which the parent must exist (observed in a workspace)",
    "a deleted name is free": "what is in the trash no longer bears its name (inferred)",
    "ids are numbers": "what is no number is said to be no input string (observed in a workspace)",
    "search in a missing experiment": "says so (inferred from what other operations say)",
    "no number of experiments": "`max_results` may be left out of a search of experiments (observed in a workspace)",
    "missing experiment": "what is done to its runs says INVALID_PARAMETER_VALUE (observed in a workspace)",
    # Of MLflow's server, or of its database
    "workspace": "an experiment says in which of the server's workspaces it is; here there is one",
    "cut values": "values that are too long are cut, unless it is told not to; the platform refuses them (documented)",
    "twice in order_by": "is refused without a code, so that the code says INTERNAL_ERROR; it is a bad parameter",
    "no zero for NaN": "NaN is stored as zero with a mark, and a history is sorted so; here it is the last",
    "a letter for NaN": "a history in bulk has NaN without quotes, which is no JSON; here it is 'NaN', as elsewhere",
    "no end of numbers": "an infinity is stored as the largest number; JSON has 'Infinity'",
    "like in small letters": "is refused for tags of experiments, and nowhere else",
    "quotes in filters of logged models": 'only single ones are known there, and " is read as a letter',
    "status of logged models": "is a number in the database, so that no filter finds it",
    "the same output again": "there is no place for it in the database, which says BAD_REQUEST",
    "two values of a model's metric at one time": "there is no place for both in the database, which says BAD_REQUEST",
    "a slash in a key in a path": "there is no such route",
}
"""What only the platform has, or only MLflow's database; by name, with the source."""

_ADDED_TAGS = {"mlflow.ownerId", "mlflow.ownerEmail", "mlflow.experiment.sourceName", "mlflow.experimentType"}
_UNORDERED = {"dataset_summaries", "tags", "params", "dataset_inputs", "model_inputs", "model_outputs"}
_OF_METRICS = {"model_id", "dataset_name", "dataset_digest"}
_CODES = {
    ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"): "missing experiment",
    ("INVALID_PARAMETER_VALUE", "INTERNAL_ERROR"): "twice in order_by",
}
"""Error codes that differ for a named reason: the workspace's, MLflow's."""


class SteppedClock(VirtualClock):
    """Stands still, but for one millisecond before each call."""

    def __init__(self) -> None:
        super().__init__()
        self.now_millis = 1_700_000_000_000

    def time(self) -> float:
        return (self.now_millis + 0.5) / 1000


@dataclass(frozen=True)
class Refusal:
    """An error, as either side says it."""

    status: int
    error_code: str
    message: str


@dataclass
class Both:
    """One workspace, and MLflow's server, empty at the start."""

    mlflow: MlflowTracking
    experiments: dict[str, str] = field(default_factory=dict)
    """Ids of experiments: the workspace's, MLflow's."""

    def __post_init__(self) -> None:
        self.clock = SteppedClock()
        self.workspace = Workspace(clock=self.clock)
        self.rest = Rest(self.workspace)
        self.mlflow.clear()

    def close(self) -> None:
        self.workspace.close()

    def ask(self, method: str, path: str, **fields: Any) -> Any:
        """The workspace's answer, or its refusal, which MLflow's server gives too."""
        ours, theirs = self.answers(method, path, **fields)
        _compare(f"{method} {path} {json.dumps(fields)}", ours, theirs)
        return ours

    def first_of_history(self, path: str, **fields: Any) -> None:
        """The first points of histories. With a NaN in them, which are the first is a named difference."""
        ours, theirs = self.answers("GET", path, **fields)
        if isinstance(ours, Refusal) or isinstance(theirs, Refusal):
            _compare(f"GET {path} {json.dumps(fields)}", ours, theirs)
            return
        points = [[_of_nothing(point) for point in one.get("metrics", [])] for one in (ours, theirs)]
        if any(point["value"] == _NAN for point in (*points[0], *points[1])):
            assert len(points[0]) == len(points[1]), (path, fields)
            return
        _compare(f"GET {path} {json.dumps(fields)}", *points)

    def post(self, path: str, **fields: Any) -> Any:
        return self.ask("POST", path, **fields)

    def get(self, path: str, **fields: Any) -> Any:
        return self.ask("GET", path, **fields)

    def pages(self, path: str, of: str, *, method: str = "POST", **fields: Any) -> Any:
        """All that a search finds, a page at a time, each side with its own tokens; or the refusal."""
        found: list[Any] = []
        tokens: tuple[dict[str, str], dict[str, str]] = ({}, {})
        while True:
            self.tick()
            ours = self.of_workspace(method, path, {**fields, **tokens[0]})
            theirs = self.of_mlflow(method, path, {**fields, **tokens[1]})
            next_tokens = tuple(_token(one) for one in (ours, theirs))
            _compare(f"{method} {path} {json.dumps(fields)}, after {len(found)}", ours, theirs)
            if isinstance(ours, Refusal):
                return ours
            found += ours.get(of, [])
            assert [bool(one) for one in next_tokens] in ([True, True], [False, False]), (path, fields, next_tokens)
            if not next_tokens[0]:
                return found
            tokens = next_tokens  # type: ignore[assignment]

    def answers(self, method: str, path: str, **fields: Any) -> tuple[Any, Any]:
        """What each side says, in the words of the workspace."""
        self.tick()
        ours = self.of_workspace(method, path, fields)
        self._lend(ours)
        theirs = self.of_mlflow(method, path, fields)
        return ours, theirs

    def tick(self) -> None:
        self.clock.now_millis += 1
        self.mlflow.borrowed.millis = self.clock.now_millis

    def create_experiment(self, name: str, **fields: Any) -> str | Refusal:
        """The new experiment's id."""
        ours, theirs = self.answers("POST", "experiments/create", name=name, **fields)
        if isinstance(ours, Refusal) or isinstance(theirs, Refusal):
            _compare(f"experiments/create {name} {fields}", ours, theirs)
            return ours  # type: ignore[no-any-return]
        self.experiments[ours["experiment_id"]] = theirs["experiment_id"]
        return str(ours["experiment_id"])

    def of_workspace(self, method: str, path: str, fields: dict[str, Any]) -> Any:
        if method == "GET":
            reply = self.rest.call("GET", f"{_url(path)}?{_query(fields)}")
        else:
            reply = self.rest.call(method, _url(path), json.dumps(fields).encode())
        assert reply.status < 500, reply.body
        return _plain(_answer(reply.status, reply.json()))

    def of_mlflow(self, method: str, path: str, fields: dict[str, Any]) -> Any:
        sent = json.dumps(fields)
        for ours, theirs in self.experiments.items():
            sent = sent.replace(ours, theirs)
        status, body = self.mlflow.call(method, _url(path), json.loads(sent))
        back = {theirs: ours for ours, theirs in self.experiments.items()}
        return _plain(_in_our_words(_answer(status, body), back))

    def _lend(self, ours: Any) -> None:
        borrowed = self.mlflow.borrowed
        borrowed.ids, borrowed.names = [], ["a name"]
        if isinstance(ours, Refusal):
            return
        if "run" in ours:
            info = ours["run"]["info"]
            borrowed.ids, borrowed.names = [info["run_id"]], [info["run_name"]]
        if "model" in ours:
            info = ours["model"]["info"]
            borrowed.ids, borrowed.names = [info["model_id"].removeprefix("m-")], [info["name"]]


def _url(path: str) -> str:
    return path if path.startswith("/") else f"{MLFLOW}/{path}"


def _query(fields: dict[str, Any]) -> str:
    from urllib.parse import urlencode

    return urlencode(fields, doseq=True)


def _token(answer: Any) -> dict[str, str]:
    token = None if isinstance(answer, Refusal) else answer.pop("next_page_token", None)
    return {"page_token": token} if token else {}


def _answer(status: int, body: Any) -> Any:
    if status < 400:
        return body
    return Refusal(status, body["error_code"], body["message"])


def _compare(asked: str, ours: Any, theirs: Any) -> None:
    if isinstance(ours, Refusal) and isinstance(theirs, Refusal):
        same = ours.error_code == theirs.error_code or (ours.error_code, theirs.error_code) in _CODES
        assert same, f"{asked}\n  workspace: {ours}\n  MLflow:    {theirs}"
        return
    assert ours == theirs, f"{asked}\n  workspace: {ours}\n  MLflow:    {theirs}"


def _in_our_words(found: Any, experiments: dict[str, str], parent: str = "") -> Any:
    """MLflow's answer with the workspace's ids, and without what is a named difference."""
    if isinstance(found, dict):
        return {name: _in_our_words(value, experiments, name) for name, value in found.items() if name != "workspace"}
    if isinstance(found, list):
        return [_in_our_words(one, experiments, parent) for one in found]
    if parent == "experiment_id":
        return experiments.get(found, found)
    if parent in ("artifact_uri", "artifact_location"):
        prefix, _, rest = found.partition("/mlflow-tracking/")
        experiment_id, slash, rest = rest.partition("/")
        rest = f"logged_{rest}" if rest.startswith("models/") else rest
        return f"{prefix}/mlflow-tracking/{experiments.get(experiment_id, experiment_id)}{slash}{rest}"
    if parent == "value" and isinstance(found, float):
        return _number_in_our_words(found)
    return found


def _number_in_our_words(number: float) -> float | str:
    if math.isnan(number):
        return _NAN
    if abs(number) == _INFINITY:
        return "Infinity" if number > 0 else "-Infinity"
    return number


def _plain(found: Any, parent: str = "") -> Any:
    """An answer without what says nothing, and without order where there is none."""
    if isinstance(found, dict):
        kept = {name: _plain(value, name) for name, value in found.items() if name != "creator_id"}
        return {name: value for name, value in kept.items() if name == "value" or value not in ("", [], {})}
    if not isinstance(found, list):
        return found
    items = [_plain(one, parent) for one in found]
    if parent == "metrics":
        items = [_of_nothing(one) if "run_id" not in one else one for one in items]
    if parent == "tags":
        items = [one for one in items if one.get("key") not in _ADDED_TAGS]
    points = parent == "metrics" and any(one.get("value") == _NAN for one in items)
    if parent in _UNORDERED or points:
        return sorted(items, key=lambda one: json.dumps(one, sort_keys=True))
    if parent == "metrics":
        return sorted(items, key=lambda one: one["key"])
    return items


def _of_nothing(metric: dict[str, Any]) -> dict[str, Any]:
    """A run's metric without what it is of."""
    return {name: value for name, value in metric.items() if name not in _OF_METRICS}
