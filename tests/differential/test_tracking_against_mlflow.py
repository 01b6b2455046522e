"""Random sequences of tracking calls are answered as MLflow's own server and store answer them.

The CI profile, which is the default, runs 100 sequences of up to 25 calls; the nightly one runs 2,000:

    pytest tests/differential/test_tracking_against_mlflow.py --hypothesis-profile=nightly

What the platform has and MLflow has not, and the reverse, is named in `both.py`, and tested to differ in
`test_named_differences.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("mlflow", minversion="3.0")
pytest.importorskip("mlflow.store.tracking.sqlalchemy_store")

from both import Both, Refusal
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)
from mlflow_tracking import MlflowTracking
from queries import (
    experiment_filters,
    experiment_orders,
    filters,
    model_filters,
    model_orders,
    orders,
)

KEYS = st.sampled_from(["k", "a b", "mlflow.x", "k/j"])
BAD_KEYS = st.sampled_from(["", "a//b", "../a", "/a", "a?b", ".", "k" * 251])
TEXTS = st.sampled_from(["", "a", "A", "ab", "x_y", "é", "v" * 100])
ALL_KEYS = st.one_of(KEYS, KEYS, KEYS, KEYS, BAD_KEYS)
NUMBERS = st.sampled_from([0.0, 1.0, -1.5, 2.5, 1e30])
VALUES = st.one_of(NUMBERS, st.sampled_from(["NaN", "Infinity", "-Infinity"]))
TIMES = st.integers(0, 3)
STEPS = st.sampled_from([-1, 0, 1, 2])
VIEWS = st.sampled_from(["ACTIVE_ONLY", "DELETED_ONLY", "ALL"])
PAGES = st.sampled_from([1, 2, 3, 50])
STATUSES = st.sampled_from(["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"])
PAIRS = st.lists(st.fixed_dictionaries({"key": KEYS, "value": TEXTS}), max_size=3)
DISTINCT_PAIRS = st.dictionaries(KEYS, TEXTS, max_size=3).map(
    lambda pairs: [{"key": key, "value": value} for key, value in pairs.items()]
)
POINTS = st.fixed_dictionaries({"key": KEYS, "value": VALUES, "timestamp": TIMES, "step": STEPS})
DATASETS = st.fixed_dictionaries(
    {
        "dataset": st.fixed_dictionaries(
            {
                "name": st.sampled_from(["train", "test"]),
                "digest": st.sampled_from(["d1", "d2"]),
                "source_type": st.just("local"),
                "source": st.just("s"),
            },
            optional={"schema": st.just("sch"), "profile": st.just("p")},
        ),
        "tags": st.sampled_from(["training", "eval"]).map(lambda one: [{"key": "mlflow.data.context", "value": one}]),
    }
)
METRIC_DATASETS = st.sampled_from(
    [{}, {"dataset_name": "t"}, {"dataset_name": "t", "dataset_digest": "d"}, {"dataset_digest": "d"}]
)
MODEL_STATUSES = st.sampled_from(["LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"])

_NO_RUN = "0" * 32
_NO_EXPERIMENT = "9" * 16


@pytest.fixture(scope="module")
def mlflow_tracking() -> Iterator[MlflowTracking]:
    tracking = MlflowTracking()
    yield tracking
    tracking.close()


class Tracking(RuleBasedStateMachine):
    """Calls of tracking, each compared; the ids that a call gave are what later calls are about."""

    mlflow: MlflowTracking

    experiments = Bundle("experiments")
    runs = Bundle("runs")
    models = Bundle("models")

    def __init__(self) -> None:
        super().__init__()
        self.both = Both(self.mlflow)
        self.names = 0
        self.known: list[str] = []
        self.outputs: set[tuple[str, str]] = set()
        self.of_models: dict[tuple[str, str, int], Any] = {}

    def teardown(self) -> None:
        self.both.close()

    # Experiments

    @initialize(target=experiments)
    def first_experiment(self) -> Any:
        return self._new_experiment([])

    @rule(target=experiments, tags=DISTINCT_PAIRS)
    def create_experiment(self, tags: Any) -> Any:
        return self._new_experiment(tags)

    def _new_experiment(self, tags: Any) -> Any:
        self.names += 1
        created = self.both.create_experiment(f"/Shared/e{self.names}", tags=tags)
        assert isinstance(created, str)
        self.known.append(created)
        return created

    @rule(experiment=experiments)
    def get_experiment(self, experiment: str) -> None:
        self.both.get("experiments/get", experiment_id=experiment)

    @rule(number=st.integers(1, 3))
    def get_experiment_by_name(self, number: int) -> None:
        self.both.get("experiments/get-by-name", experiment_name=f"/Shared/e{number}")

    @rule(experiment=experiments)
    def rename_experiment(self, experiment: str) -> None:
        self.names += 1
        self.both.post("experiments/update", experiment_id=experiment, new_name=f"/Shared/e{self.names}")

    @rule(experiment=experiments)
    def delete_experiment(self, experiment: str) -> None:
        self.both.post("experiments/delete", experiment_id=experiment)

    @rule(experiment=experiments)
    def restore_experiment(self, experiment: str) -> None:
        self.both.post("experiments/restore", experiment_id=experiment)

    @rule(experiment=experiments, key=ALL_KEYS, value=TEXTS)
    def set_experiment_tag(self, experiment: str, key: str, value: str) -> None:
        self.both.post("experiments/set-experiment-tag", experiment_id=experiment, key=key, value=value)

    @rule(experiment=experiments, key=KEYS)
    def delete_experiment_tag(self, experiment: str, key: str) -> None:
        self.both.post("experiments/delete-experiment-tag", experiment_id=experiment, key=key)

    @rule(
        filter_string=st.one_of(st.just(""), experiment_filters()),
        order_by=st.lists(experiment_orders(), max_size=2),
        view=VIEWS,
        size=PAGES,
    )
    def search_experiments(self, filter_string: str, order_by: list[str], view: str, size: int) -> None:
        self.both.pages(
            "experiments/search",
            "experiments",
            method="GET",
            filter=filter_string,
            order_by=order_by,
            view_type=view,
            max_results=size,
        )

    # Runs

    @rule(
        target=runs,
        experiment=experiments,
        name=st.sampled_from(["", "n", "a"]),
        start=TIMES,
        tags=st.one_of(DISTINCT_PAIRS, st.just([{"key": "mlflow.runName", "value": "n"}])),
    )
    def create_run(self, experiment: str, name: str, start: int, tags: Any) -> Any:
        created = self.both.post(
            "runs/create", experiment_id=experiment, run_name=name, start_time=start, user_id="u", tags=tags
        )
        return multiple() if isinstance(created, Refusal) else created["run"]["info"]["run_id"]

    @rule(run=runs)
    def get_run(self, run: str) -> None:
        self.both.get("runs/get", run_id=run)

    @rule(
        run=runs,
        changed=st.fixed_dictionaries(
            {},
            optional={
                "status": STATUSES,
                "end_time": st.integers(1, 3),
                "run_name": st.sampled_from(["", "a", "other"]),
            },
        ),
    )
    def update_run(self, run: str, changed: dict[str, Any]) -> None:
        self.both.post("runs/update", run_id=run, **changed)

    @rule(run=runs)
    def delete_run(self, run: str) -> None:
        self.both.post("runs/delete", run_id=run)

    @rule(run=runs)
    def restore_run(self, run: str) -> None:
        self.both.post("runs/restore", run_id=run)

    @rule(run=runs, key=ALL_KEYS, value=VALUES, timestamp=st.integers(-1, 3), step=STEPS)
    def log_metric(self, run: str, key: str, value: Any, timestamp: int, step: int) -> None:
        self.both.post("runs/log-metric", run_id=run, key=key, value=value, timestamp=timestamp, step=step)

    @rule(run=runs, model=models, value=NUMBERS, timestamp=TIMES, dataset=METRIC_DATASETS)
    def log_metric_of_model(self, run: str, model: str, value: Any, timestamp: int, dataset: dict[str, str]) -> None:
        value, dataset = self.of_models.setdefault((run, model, timestamp), (value, dataset))
        point = {"key": "k", "value": value, "timestamp": timestamp, "step": 0}
        self.both.post("runs/log-metric", run_id=run, model_id=model, **point, **dataset)

    @rule(run=runs, key=ALL_KEYS, value=st.one_of(TEXTS, st.just("v" * 6001)))
    def log_param(self, run: str, key: str, value: str) -> None:
        self.both.post("runs/log-parameter", run_id=run, key=key, value=value)

    @rule(run=runs, metrics=st.lists(POINTS, max_size=5), params=PAIRS, tags=PAIRS)
    def log_batch(self, run: str, metrics: Any, params: Any, tags: Any) -> None:
        self.both.post("runs/log-batch", run_id=run, metrics=metrics, params=params, tags=tags)

    @rule(run=runs, key=st.one_of(ALL_KEYS, st.just("mlflow.runName")), value=st.one_of(TEXTS, st.just("v" * 8001)))
    def set_tag(self, run: str, key: str, value: str) -> None:
        self.both.post("runs/set-tag", run_id=run, key=key, value=value)

    @rule(run=runs, key=KEYS)
    def delete_tag(self, run: str, key: str) -> None:
        self.both.post("runs/delete-tag", run_id=run, key=key)

    @rule(run=runs, datasets=st.lists(DATASETS, max_size=2))
    def log_inputs(self, run: str, datasets: Any) -> None:
        self.both.post("runs/log-inputs", run_id=run, datasets=datasets)

    @rule(run=runs, key=KEYS, size=PAGES)
    def get_history(self, run: str, key: str, size: int) -> None:
        self.both.pages("metrics/get-history", "metrics", method="GET", run_id=run, metric_key=key, max_results=size)

    @rule(
        filter_string=st.one_of(st.just(""), filters()),
        order_by=st.lists(orders(), max_size=2),
        view=VIEWS,
        size=PAGES,
        number=st.integers(1, 2),
    )
    def search_runs(self, filter_string: str, order_by: list[str], view: str, size: int, number: int) -> None:
        self.both.pages(
            "runs/search",
            "runs",
            experiment_ids=self.known[:number],
            filter=filter_string,
            order_by=order_by,
            run_view_type=view,
            max_results=size,
        )

    @rule(
        some=st.lists(runs, min_size=1, max_size=3, unique=True),
        key=KEYS,
        size=st.integers(1, 4),
        steps=st.sampled_from([{}, {"start_step": 0, "end_step": 1}, {"start_step": 2, "end_step": 1}]),
    )
    def get_history_bulk_interval(self, some: list[str], key: str, size: int, steps: dict[str, int]) -> None:
        path = "metrics/get-history-bulk-interval"
        self.both.first_of_history(path, run_ids=some, metric_key=key, max_results=size, **steps)

    @rule(some=st.lists(runs, min_size=1, max_size=3, unique=True), key=KEYS, size=st.integers(1, 9))
    def get_history_bulk(self, some: list[str], key: str, size: int) -> None:
        path = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
        self.both.first_of_history(path, run_id=some, metric_key=key, max_results=size)

    @rule(number=st.integers(1, 3))
    def search_datasets(self, number: int) -> None:
        self.both.post("/ajax-api/2.0/mlflow/experiments/search-datasets", experiment_ids=self.known[:number])

    # Logged models

    @rule(
        target=models,
        experiment=experiments,
        name=st.sampled_from([None, "m", "n", "a.b", ""]),
        params=DISTINCT_PAIRS,
        tags=DISTINCT_PAIRS,
        model_type=st.sampled_from([None, "agent"]),
    )
    def create_logged_model(self, experiment: str, name: Any, params: Any, tags: Any, model_type: Any) -> Any:
        fields = {"name": name, "model_type": model_type}
        given = {key: value for key, value in fields.items() if value is not None}
        created = self.both.post("logged-models", experiment_id=experiment, params=params, tags=tags, **given)
        return multiple() if isinstance(created, Refusal) else created["model"]["info"]["model_id"]

    @rule(model=models, allow_deleted=st.booleans())
    def get_logged_model(self, model: str, allow_deleted: bool) -> None:
        self.both.get(f"logged-models/{model}", allow_deleted=str(allow_deleted).lower())

    @rule(model=models, status=MODEL_STATUSES)
    def finalize_logged_model(self, model: str, status: str) -> None:
        self.both.ask("PATCH", f"logged-models/{model}", model_id=model, status=status)

    @rule(model=models, tags=PAIRS)
    def set_logged_model_tags(self, model: str, tags: Any) -> None:
        self.both.ask("PATCH", f"logged-models/{model}/tags", tags=tags)

    @rule(
        model=models, key=KEYS.filter(lambda key: "/" not in key)
    )  # which the route of MLflow's server has no place for
    def delete_logged_model_tag(self, model: str, key: str) -> None:
        self.both.ask("DELETE", f"logged-models/{model}/tags/{key}")

    @rule(model=consumes(models))
    def delete_logged_model(self, model: str) -> None:
        self.both.ask("DELETE", f"logged-models/{model}")

    @rule(run=runs, model=models, step=STEPS)
    def log_outputs(self, run: str, model: str, step: int) -> None:
        if (run, model) in self.outputs:
            return
        self.outputs.add((run, model))
        self.both.post("runs/outputs", run_id=run, models=[{"model_id": model, "step": step}])

    @rule(
        filter_string=st.one_of(st.just(""), model_filters()),
        order_by=st.lists(model_orders(), max_size=2),
        size=PAGES,
        number=st.integers(1, 2),
    )
    def search_logged_models(self, filter_string: str, order_by: Any, size: int, number: int) -> None:
        self.both.pages(
            "logged-models/search",
            "models",
            experiment_ids=self.known[:number],
            filter=filter_string,
            order_by=order_by,
            max_results=size,
        )

    # What is not there

    @rule(
        path=st.sampled_from(["log-parameter", "set-tag", "delete-tag", "update", "delete", "restore", "log-inputs"]),
    )
    def write_to_no_run(self, path: str) -> None:
        fields = {"log-parameter": {"key": "k", "value": "v"}, "set-tag": {"key": "k", "value": "v"}}
        more: dict[str, Any] = fields.get(path, {"key": "k"} if path == "delete-tag" else {})
        assert isinstance(self.both.post(f"runs/{path}", run_id=_NO_RUN, **more), Refusal)

    @rule(path=st.sampled_from(["delete", "restore", "update"]))
    def change_no_experiment(self, path: str) -> None:
        more = {"new_name": "/Shared/never"} if path == "update" else {}
        assert isinstance(self.both.post(f"experiments/{path}", experiment_id=_NO_EXPERIMENT, **more), Refusal)


def test_sequences_of_calls_are_answered_as_mlflow_answers_them(mlflow_tracking: MlflowTracking) -> None:
    Tracking.mlflow = mlflow_tracking
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Tracking,
        settings=settings(
            stateful_step_count=25,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )
