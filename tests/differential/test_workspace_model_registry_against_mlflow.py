"""Random sequences of registry calls are answered as MLflow's own server and registry store answer them.

The CI profile runs 30 sequences, `--hypothesis-profile=nightly` 600. What only the workspace has is named in
`DIFFERENCES`; everything else must be equal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

pytest.importorskip("mlflow", minversion="3.0")
pytest.importorskip("mlflow.store.model_registry.sqlalchemy_store")

from conftest import Rest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from mlflow_registry import MlflowRegistry

from fakebricks import Workspace
from fakebricks.clock import VirtualClock

MLFLOW = "/api/2.0/mlflow"

DIFFERENCES = {
    "user_id": "the workspace says who made a model or version (documented: databricks-sdk's ModelVersion.user_id)",
    "pending": "a version is PENDING_REGISTRATION first (documented: databricks-sdk's ModelVersionStatus)",
    "in use": "what is in Staging or Production is not deleted (observed: clean-up scripts archive first)",
    "like": "`name LIKE 'x'` finds the models that contain x (documented: databricks-sdk's search_models)",
    "no internal error": "archiving for a stage that archives nothing is INVALID_PARAMETER_VALUE, where MLflow's store "
    "gives INTERNAL_ERROR; bad input is no fault of a server (inferred)",
    "storage": "a download URI leads into the registry's own storage (observed: dbfs:/databricks/mlflow-registry)",
    "messages": "texts of errors are the platform's, where they are known (observed)",
    "aliases": "there are none (documented: MLflow's client refuses them)",
    "periods": "a name may hold no period (observed)",
}
"""By name, with the source."""

_PLATFORMS_OWN = {"user_id", "aliases", "workspace"}
_CODES = {("INVALID_PARAMETER_VALUE", "INTERNAL_ERROR")}

NAMES = st.sampled_from(["a", "a", "ab", "A c"])
ALL_NAMES = st.one_of(NAMES, NAMES, NAMES, st.sampled_from(["missing", "", "x/y", "x:y"]))
VERSIONS = st.one_of(st.sampled_from(["1", "1", "2", "3"]), st.sampled_from(["0", "9", "-1", "x"]))
STAGES = st.sampled_from(["None", "Staging", "Production", "Archived", "staging", "PRODUCTION", "Live"])
KEYS = st.sampled_from(["k", "a b", "k/j", "", "../a", "k" * 251])
TEXTS = st.sampled_from(["v", "V", "vw", "é", "x_y"])
TAGS = st.dictionaries(st.sampled_from(["k", "a b"]), TEXTS, max_size=2).map(
    lambda pairs: [{"key": key, "value": value} for key, value in pairs.items()]
)
PATTERNS = st.sampled_from(["a%", "%b", "%", "A%", "_b%", "%c%"])
PAGES = st.sampled_from([1, 2, 100])


def texts() -> st.SearchStrategy[str]:
    """A comparator and a quoted text."""
    like = st.tuples(st.sampled_from(["LIKE", "ILIKE", "like"]), PATTERNS)
    plain = st.tuples(st.sampled_from(["=", "!="]), st.one_of(TEXTS, st.sampled_from(["a", "ab", "A c"])))
    return st.one_of(like, plain).map(lambda one: f" {one[0]} '{one[1]}'")


def listed() -> st.SearchStrategy[str]:
    names = st.lists(st.sampled_from(["'a'", "'ab'", "'r1'"]), min_size=1, max_size=2)
    return st.tuples(st.sampled_from(["IN", "NOT IN"]), names).map(lambda one: f" {one[0]} ({', '.join(one[1])})")


def numbers() -> st.SearchStrategy[str]:
    comparators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    return st.tuples(comparators, st.sampled_from(["1", "2", "3"])).map(lambda one: f" {one[0]} {one[1]}")


def named(names: list[str], rest: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(names), rest).map("".join)


def conjunctions(clauses: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(clauses, max_size=2).map(" AND ".join)


_OF_BOTH = [named(["name", "attribute.name"], st.one_of(texts(), listed())), named(["tags.k", "tag.`a b`"], texts())]
_BAD = st.sampled_from(
    ["color = 'red'", "name > 'a'", "name = a", "run.name = 'a'", "name = 'a' OR name = 'b'", "name"]
)
MODEL_FILTERS = conjunctions(st.one_of(*_OF_BOTH, _BAD))
VERSION_FILTERS = conjunctions(
    st.one_of(
        *_OF_BOTH,
        named(["run_id"], st.one_of(st.just(" = 'r1'"), st.just(" != 'r1'"), st.just(" IN ('r1')"))),
        named(["version_number"], numbers()),
        named(["source_path"], st.one_of(st.just(" LIKE '%/model'"), st.just(" = 'x'"))),
        _BAD,
    )
)


def orders(columns: list[str]) -> st.SearchStrategy[list[str]]:
    directions = st.sampled_from(["", " ASC", " DESC"])
    one = st.tuples(st.sampled_from(columns), directions)
    return st.lists(one, max_size=2, unique_by=lambda order: order[0]).map(lambda found: list(map("".join, found)))


class SteppedClock(VirtualClock):
    """Stands still, but for one millisecond before each call, and for the time that a registration takes."""

    def __init__(self) -> None:
        super().__init__()
        self.now_millis = 1_700_000_000_000

    def time(self) -> float:
        return (self.now_millis + 0.5) / 1000


class Registry(RuleBasedStateMachine):
    """Calls of the registry, each answered by both sides and compared."""

    mlflow: MlflowRegistry

    def __init__(self) -> None:
        super().__init__()
        self.clock = SteppedClock()
        self.workspace = Workspace(clock=self.clock)
        self.rest = Rest(self.workspace)
        self.mlflow.clear()

    def teardown(self) -> None:
        self.workspace.close()

    @initialize()
    def something_to_register(self) -> None:
        experiment = self.rest.post(f"{MLFLOW}/experiments/create", name="/Shared/x")["experiment_id"]
        run = self.rest.post(f"{MLFLOW}/runs/create", experiment_id=experiment)["run"]["info"]
        path = f"/WorkspaceInternal/Mlflow/Artifacts/{experiment}/Runs/{run['run_id']}/artifacts/model/MLmodel"
        assert self.rest.call("PUT", f"/api/2.0/fs/files{path}", b"flavors: {}").status == 204
        self.source = f"{run['artifact_uri']}/model"
        self.ask("POST", "registered-models/create", name="a")
        self._register("a", [])

    # Models

    @rule(name=ALL_NAMES, tags=TAGS, description=st.sampled_from(["", "d"]))
    def create_model(self, name: str, tags: Any, description: str) -> None:
        self.ask("POST", "registered-models/create", name=name, tags=tags, description=description)

    @rule(name=ALL_NAMES)
    def get_model(self, name: str) -> None:
        self.ask("GET", "registered-models/get", name=name)

    @rule(name=ALL_NAMES, new_name=ALL_NAMES)
    def rename_model(self, name: str, new_name: str) -> None:
        self.ask("POST", "registered-models/rename", name=name, new_name=new_name)

    @rule(name=ALL_NAMES, description=st.sampled_from(["", "d", "e"]))
    def update_model(self, name: str, description: str) -> None:
        self.ask("PATCH", "registered-models/update", name=name, description=description)

    @rule(name=ALL_NAMES)
    def delete_model(self, name: str) -> None:
        self.ask("DELETE", "registered-models/delete", name=name)

    @rule(name=ALL_NAMES, key=KEYS, value=TEXTS)
    def set_model_tag(self, name: str, key: str, value: str) -> None:
        self.ask("POST", "registered-models/set-tag", name=name, key=key, value=value)

    @rule(name=NAMES, key=st.sampled_from(["k", "a b"]))
    def delete_model_tag(self, name: str, key: str) -> None:
        self.ask("DELETE", "registered-models/delete-tag", name=name, key=key)

    # Versions

    @rule(name=ALL_NAMES, tags=TAGS)
    def create_version(self, name: str, tags: Any) -> None:
        self._register(name, tags, description="d", run_id="r1")

    @rule(name=NAMES, version=VERSIONS)
    def copy_version(self, name: str, version: str) -> None:
        if self.rest.call("GET", f"{MLFLOW}/model-versions/get?name=a&version={version}").status == 200:
            self._register(name, [], source=f"models:/a/{version}")

    @rule(name=ALL_NAMES, version=VERSIONS)
    def get_version(self, name: str, version: str) -> None:
        self.ask("GET", "model-versions/get", name=name, version=version)

    @rule(name=NAMES, version=VERSIONS, description=st.sampled_from(["", "d", "e"]))
    def update_version(self, name: str, version: str, description: str) -> None:
        self.ask("PATCH", "model-versions/update", name=name, version=version, description=description)

    @rule(name=NAMES, version=VERSIONS, stage=STAGES, archive=st.booleans())
    def transition(self, name: str, version: str, stage: str, archive: bool) -> None:
        fields = {"name": name, "version": version, "stage": stage, "archive_existing_versions": archive}
        self.ask("POST", "model-versions/transition-stage", **fields)

    @rule(name=NAMES, version=VERSIONS)
    def delete_version(self, name: str, version: str) -> None:
        self.ask("DELETE", "model-versions/delete", name=name, version=version)

    @rule(name=NAMES, version=VERSIONS, key=KEYS, value=TEXTS)
    def set_version_tag(self, name: str, version: str, key: str, value: str) -> None:
        self.ask("POST", "model-versions/set-tag", name=name, version=version, key=key, value=value)

    @rule(name=NAMES, version=VERSIONS, key=st.sampled_from(["k", "a b"]))
    def delete_version_tag(self, name: str, version: str, key: str) -> None:
        self.ask("DELETE", "model-versions/delete-tag", name=name, version=version, key=key)

    @rule(name=ALL_NAMES, stages=st.lists(STAGES, max_size=2))
    def latest_versions(self, name: str, stages: Any) -> None:
        self.ask("POST", "registered-models/get-latest-versions", name=name, stages=stages)

    # Search

    @rule(text=MODEL_FILTERS, order_by=orders(["name", "timestamp", "last_updated_timestamp"]), size=PAGES)
    def search_models(self, text: str, order_by: list[str], size: int) -> None:
        if sum("timestamp" in one for one in order_by) < 2:
            self._pages("registered-models/search", filter=text, order_by=order_by, max_results=size)

    @rule(
        text=VERSION_FILTERS,
        order_by=orders(["name", "version_number", "creation_timestamp", "last_updated_timestamp", "color"]),
        size=PAGES,
    )
    def search_versions(self, text: str, order_by: list[str], size: int) -> None:
        self._pages("model-versions/search", filter=text, order_by=order_by, max_results=size)

    # Asking both

    def ask(self, method: str, path: str, **fields: Any) -> Any:
        self._tick()
        ours = self._ask_workspace(method, path, fields)
        if method == "DELETE" and ours == (400, "INVALID_STATE"):
            return ours  # what is in use
        theirs = self._ask_mlflow(method, path, fields)
        if path.endswith("get-latest-versions"):
            ours, theirs = _unordered(ours), _unordered(theirs)
        self._compare(f"{method} {path} {fields}", ours, theirs)
        return ours

    def _register(self, name: str, tags: Any, **fields: Any) -> None:
        self.ask("POST", "model-versions/create", **{"name": name, "source": self.source, "tags": tags, **fields})
        self.clock.now_millis += 2000

    def _pages(self, path: str, **fields: Any) -> None:
        self._tick()
        mine: dict[str, str] = {}
        theirs: dict[str, str] = {}
        while True:
            ours = self._ask_workspace("GET", path, {**fields, **mine})
            of_mlflow = self._ask_mlflow("GET", path, {**fields, **theirs})
            tokens = [one.pop("next_page_token", None) for one in (ours, of_mlflow) if isinstance(one, dict)]
            self._compare(f"GET {path} {fields}", ours, of_mlflow)
            if not tokens or tokens == [None, None]:
                return
            mine, theirs = {"page_token": tokens[0]}, {"page_token": tokens[1]}

    def _tick(self) -> None:
        self.clock.now_millis += 1
        self.mlflow.millis = self.clock.now_millis

    def _ask_workspace(self, method: str, path: str, fields: dict[str, Any]) -> Any:
        url = f"{MLFLOW}/{path}"
        body = b""
        if method == "GET":
            url = f"{url}?{urlencode(fields, doseq=True)}"
        else:
            body = json.dumps(fields).encode()
        reply = self.rest.call(method, url, body)
        assert reply.status < 500, reply.body
        return _answer(reply.status, reply.json())

    def _ask_mlflow(self, method: str, path: str, fields: dict[str, Any]) -> Any:
        if path == "registered-models/search":
            fields = {
                **fields,
                "filter": re.sub(r"(name i?like) '([^%']*)'", r"\1 '%\2%'", fields["filter"], flags=re.IGNORECASE),
            }
        return _answer(*self.mlflow.call(method, f"{MLFLOW}/{path}", fields))

    @staticmethod
    def _compare(asked: str, ours: Any, theirs: Any) -> None:
        if isinstance(ours, tuple) and isinstance(theirs, tuple):
            same = ours[1] == theirs[1] or (ours[1], theirs[1]) in _CODES
        else:
            same = ours == theirs
        assert same, f"{asked}\n  workspace: {ours}\n  MLflow:    {theirs}"


def _answer(status: int, body: Any) -> Any:
    """What both sides mean: a refusal's status and code, or what was found, without order where there is none."""
    return (status, body["error_code"]) if status >= 400 else _plain(body)


def _unordered(found: Any) -> Any:
    """The latest versions of stages, which come in no order."""
    if isinstance(found, tuple):
        return found
    return sorted(found.get("model_versions", []), key=lambda one: int(one["version"]))


def _plain(found: Any) -> Any:
    if isinstance(found, dict):
        told = {name: _plain(value) for name, value in found.items() if name not in _PLATFORMS_OWN}
        if "current_stage" in told:
            told["status"] = told["status"].replace("PENDING_REGISTRATION", "READY")
            told["version"] = str(told["version"])
        for name in ("tags", "latest_versions"):
            if name in told:
                told[name] = sorted(told[name], key=lambda one: json.dumps(one, sort_keys=True))
        return {name: value for name, value in told.items() if value not in ("", [], None)}
    return [_plain(one) for one in found] if isinstance(found, list) else found


@pytest.fixture(scope="module")
def mlflow_registry() -> Iterator[MlflowRegistry]:
    registry = MlflowRegistry()
    yield registry
    registry.close()


def test_sequences_of_calls_are_answered_as_mlflow_answers_them(mlflow_registry: MlflowRegistry) -> None:
    Registry.mlflow = mlflow_registry
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Registry,
        settings=settings(
            max_examples=max(settings.default.max_examples * 3 // 10, 1),
            stateful_step_count=25,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )
