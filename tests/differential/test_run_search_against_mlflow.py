"""The search over runs answers as MLflow's own does, on random runs, filters and orders."""

from __future__ import annotations

import math
from typing import Any

import pytest
from conftest import RefusedError, Rest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakebricks import Workspace

mlflow = pytest.importorskip("mlflow")

from mlflow.entities import (  # noqa: E402
    Dataset,
    DatasetInput,
    InputTag,
    LifecycleStage,
    Metric,
    Param,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunTag,
)
from mlflow.exceptions import MlflowException  # noqa: E402
from mlflow.utils.search_utils import SearchUtils  # noqa: E402
from queries import WORDS, filters, orders  # noqa: E402

MLFLOW = "/api/2.0/mlflow"

FULL_WORDS = st.sampled_from(["a", "A", "ab", "x_y"])
NUMBERS = st.sampled_from([math.nan, 0.0, 1.0, math.nan, math.inf, -math.inf])


def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A value, or none, under each key."""
    each = st.fixed_dictionaries({key: st.one_of(st.none(), values) for key in ("k", "a b", "mlflow.x")})
    return each.map(lambda one: {key: value for key, value in one.items() if value is not None})


@st.composite
def given_runs(draw: st.DrawFn) -> list[dict[str, Any]]:
    one = st.fixed_dictionaries(
        {
            "name": st.sampled_from(["n", "a", "ab"]),
            "start_time": st.integers(0, 3),
            "end_time": st.sampled_from([None, 1, 5]),
            "status": st.sampled_from(["RUNNING", "FINISHED"]),
            "user_id": st.sampled_from(["u1", "a"]),
            "metrics": some(NUMBERS),
            "params": some(WORDS),
            "tags": some(WORDS),
            "datasets": st.lists(st.tuples(FULL_WORDS, FULL_WORDS, WORDS), max_size=2),
        }
    )
    return draw(st.lists(one, min_size=3, max_size=6))


@settings(max_examples=120)
@given(runs=given_runs(), filter_string=filters())
def test_filters_as_mlflow_does(runs: list[dict[str, Any]], filter_string: str) -> None:
    _compare(runs, filter_string, [])


@settings(max_examples=120)
@given(runs=given_runs(), order_by=st.lists(orders(), min_size=1, max_size=2))
def test_orders_as_mlflow_does(runs: list[dict[str, Any]], order_by: list[str]) -> None:
    _compare(runs, "", order_by)


@settings(max_examples=30)
@given(runs=given_runs(), filter_string=filters(), order_by=st.lists(orders(), max_size=2))
def test_filters_and_orders_as_mlflow_does(runs: list[dict[str, Any]], filter_string: str, order_by: list[str]) -> None:
    _compare(runs, filter_string, order_by)


def _compare(runs: list[dict[str, Any]], filter_string: str, order_by: list[str]) -> None:
    workspace = Workspace()
    rest = Rest(workspace)
    experiment_id = rest.post(f"{MLFLOW}/experiments/create", name="/Shared/x")["experiment_id"]
    entities = [_logged(rest, experiment_id, one) for one in runs]
    # A page at a time, so that the tokens are part of the comparison.
    found: list[str] | None = []
    token = None
    try:
        while True:
            page = rest.post(
                f"{MLFLOW}/runs/search",
                experiment_ids=[experiment_id],
                filter=filter_string,
                order_by=order_by,
                max_results=2,
                **({"page_token": token} if token else {}),
            )
            found += [run["info"]["run_id"] for run in page.get("runs", [])]
            token = page.get("next_page_token")
            if not token:
                break
    except RefusedError as refused:
        assert refused.status == 400
        found = None

    assert found == _found_by_mlflow(entities, filter_string, order_by)


def _found_by_mlflow(runs: list[Run], filter_string: str, order_by: list[str]) -> list[str] | None:
    keys = [SearchUtils.parse_order_by_for_search_runs(one)[:2] for one in order_by]
    if len({(kind, SearchUtils.translate_key_alias(key)) for kind, key in keys}) < len(keys):
        return None  # MLflow's database store refuses the same field twice
    try:
        return [run.info.run_id for run in SearchUtils.sort(SearchUtils.filter(runs, filter_string), order_by)]
    except MlflowException:
        return None


def _logged(rest: Rest, experiment_id: str, run: dict[str, Any]) -> Run:
    """The run, logged over REST and as MLflow's own entity."""
    info = rest.post(
        f"{MLFLOW}/runs/create",
        experiment_id=experiment_id,
        run_name=run["name"],
        start_time=run["start_time"],
        user_id=run["user_id"],
    )["run"]["info"]
    run_id = info["run_id"]
    update = {"status": run["status"], **({"end_time": run["end_time"]} if run["end_time"] else {})}
    rest.post(f"{MLFLOW}/runs/update", run_id=run_id, **update)
    rest.post(
        f"{MLFLOW}/runs/log-batch",
        run_id=run_id,
        metrics=[{"key": key, "value": _wire(value), "timestamp": 1} for key, value in run["metrics"].items()],
        params=[{"key": key, "value": value} for key, value in run["params"].items()],
        tags=[{"key": key, "value": value} for key, value in run["tags"].items()],
    )
    datasets = {(name, digest): context for name, digest, context in run["datasets"]}
    rest.post(
        f"{MLFLOW}/runs/log-inputs",
        run_id=run_id,
        datasets=[
            {
                "dataset": {"name": name, "digest": digest, "source_type": "t", "source": "s"},
                "tags": [{"key": "mlflow.data.context", "value": context}],
            }
            for (name, digest), context in datasets.items()
        ],
    )
    tags = {**run["tags"], "mlflow.runName": run["name"]}
    return Run(
        RunInfo(
            **({"run_uuid": run_id} if mlflow.__version__.startswith("2.") else {}),
            run_id=run_id,
            experiment_id=experiment_id,
            user_id=run["user_id"],
            status=run["status"],
            start_time=run["start_time"],
            end_time=run["end_time"],
            lifecycle_stage=LifecycleStage.ACTIVE,
            artifact_uri=info["artifact_uri"],
            run_name=run["name"],
        ),
        RunData(
            metrics=[Metric(key, value, 1, 0) for key, value in run["metrics"].items()],
            params=[Param(key, value) for key, value in run["params"].items()],
            tags=[RunTag(key, value) for key, value in tags.items()],
        ),
        RunInputs(
            dataset_inputs=[
                DatasetInput(Dataset(name, digest, "t", "s"), [InputTag("mlflow.data.context", context)])
                for (name, digest), context in datasets.items()
            ]
        ),
    )


def _wire(value: float) -> float | str:
    return value if math.isfinite(value) else {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[repr(value)]
