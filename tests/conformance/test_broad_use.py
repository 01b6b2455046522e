"""Tracking used broadly by MLflow's unmodified client: what training scripts do beside the basics."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

mlflow = pytest.importorskip("mlflow")
pytest.importorskip("sklearn")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from mlflow import MlflowClient  # noqa: E402
from mlflow.entities import Metric, Param, RunTag, ViewType  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

MLFLOW_2 = mlflow.__version__.startswith("2.")
of_mlflow_3 = pytest.mark.skipif(MLFLOW_2, reason="logged models are of MLflow 3")

rng = np.random.default_rng(0)
X = pd.DataFrame({"amount": rng.normal(size=60), "age": rng.normal(size=60)})
y = (X["amount"] + X["age"] > 0).astype(int)


@pytest.fixture
def workspace(entered):
    with entered() as workspace:
        mlflow.set_experiment("/Shared/broad")
        yield workspace


@pytest.fixture
def client(workspace):
    return MlflowClient()


@pytest.fixture
def autolog(monkeypatch):
    # It would import the model in another process for many seconds, and has nothing to do with a workspace.
    monkeypatch.setattr("mlflow.models.infer_pip_requirements", lambda *_, **__: [])
    yield mlflow.sklearn.autolog
    mlflow.sklearn.autolog(disable=True)


def paths(client, run_id, path=None):
    """All files below a path of a run's artifacts."""
    found = []
    for one in client.list_artifacts(run_id, path):
        found += paths(client, run_id, one.path) if one.is_dir else [one.path]
    return sorted(found)


def test_autolog_of_scikit_learn(workspace, client, autolog):
    autolog(log_models=False, log_datasets=True, extra_tags={"team": "risk"})
    with workspace.watch_runs() as made:
        LogisticRegression(C=0.5).fit(X, y)

    (one,) = made
    assert made.experiments == {"/Shared/broad": 1}
    assert not made.unfinished
    run = client.get_run(one.run_id)
    assert run.data.params["C"] == "0.5"
    assert run.data.params["solver"] == "lbfgs"
    assert 0.8 < run.data.metrics["training_accuracy_score"] <= 1
    assert run.data.tags["team"] == "risk"
    assert run.data.tags["estimator_name"] == "LogisticRegression"
    assert run.data.tags["mlflow.user"]
    assert run.data.tags["mlflow.source.name"]
    assert run.data.tags["mlflow.source.type"] in ("LOCAL", "4")
    (given,) = run.inputs.dataset_inputs
    assert {tag.key: tag.value for tag in given.tags}["mlflow.data.context"] == "train"
    assert given.dataset.name == "dataset"
    assert json.loads(given.dataset.profile)
    assert json.loads(given.dataset.source)["tags"]["mlflow.user"] == run.data.tags["mlflow.user"]


def test_autolog_of_a_grid_search_nests_its_runs(workspace, client, autolog):
    autolog(log_models=False, log_datasets=False)
    with workspace.watch_runs() as made:
        GridSearchCV(
            make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": [0.1, 1, 10]}
        ).fit(X, y)

    (parent,) = (run for run in made if run.parent_run_id is None)
    assert len(made.nested) == 3
    assert {run.parent_run_id for run in made.nested} == {parent.run_id}
    assert "cv_results.csv" in paths(client, parent.run_id)
    assert client.get_run(parent.run_id).data.params["best_logisticregression__C"] in ("0.1", "1", "10")
    children = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{parent.run_id}'")
    assert sorted(children["params.logisticregression__C"]) == ["0.1", "1", "10"]
    assert not made.unfinished


def test_autolog_logs_the_model(workspace, client, autolog):
    autolog(log_input_examples=True, silent=True)
    with mlflow.start_run() as run:
        LogisticRegression().fit(X, y)

    found = client.get_run(run.info.run_id)
    if MLFLOW_2:
        assert "model/MLmodel" in paths(client, run.info.run_id)
        uri = f"runs:/{run.info.run_id}/model"
    else:
        (output,) = found.outputs.model_outputs
        uri = f"models:/{output.model_id}"
    model = mlflow.pyfunc.load_model(uri)
    assert model.predict(X).shape == (60,)
    assert model.metadata.get_input_schema().input_names() == ["amount", "age"]


def test_nested_runs_and_what_is_active(workspace, client):
    with workspace.watch_runs() as made, mlflow.start_run(run_name="sweep", tags={"kind": "sweep"}) as parent:
        for number in range(3):
            with mlflow.start_run(run_name=f"trial {number}", nested=True, description="one of three"):
                mlflow.log_metric("loss", 1 / (number + 1))
            assert mlflow.active_run().info.run_id == parent.info.run_id
    assert mlflow.active_run() is None
    assert mlflow.last_active_run().info.run_id == parent.info.run_id
    assert [run.run_name for run in made.nested] == ["trial 0", "trial 1", "trial 2"]
    assert made.nested[0].tags["mlflow.note.content"] == "one of three"
    best = mlflow.search_runs(
        filter_string=f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'",
        order_by=["metrics.loss ASC"],
        max_results=1,
    )
    assert list(best["tags.mlflow.runName"]) == ["trial 2"]
    with mlflow.start_run(run_id=parent.info.run_id):
        mlflow.log_metric("again", 1)
    assert len(workspace.runs) == 4
    assert client.get_parent_run(made.nested[0].run_id).info.run_id == parent.info.run_id


def test_figures_images_tables_dicts_and_texts(client):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot([1, 2], [3, 4])
    image = np.zeros((8, 8, 3), dtype=np.uint8)
    image[:, :4] = 255
    with mlflow.start_run() as run:
        mlflow.log_figure(figure, "plots/line.png")
        mlflow.log_image(image, "images/half.png")
        mlflow.log_dict({"a": [1, 2.5, None]}, "config.json")
        mlflow.log_dict({"a": 1}, "config.yaml")
        mlflow.log_text("grüße\n", "notes/today.txt")
        mlflow.log_table({"x": [1, 2], "y": ["a", "b"]}, "tables/scores.json")
        mlflow.log_table(pd.DataFrame({"x": [3], "y": ["c"]}), "tables/scores.json")
        for step in range(2):
            mlflow.log_image(image, key="sample", step=step, synchronous=step == 0)
        mlflow.flush_artifact_async_logging()
    run_id = run.info.run_id

    found = paths(client, run_id)
    assert {"plots/line.png", "images/half.png", "config.json", "config.yaml", "notes/today.txt"} <= set(found)
    assert len([one for one in found if one.startswith("images/sample")]) == 4
    assert mlflow.artifacts.load_dict(f"runs:/{run_id}/config.json") == {"a": [1, 2.5, None]}
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/notes/today.txt") == "grüße\n"
    assert mlflow.artifacts.load_image(f"runs:/{run_id}/images/half.png").getpixel((0, 0)) == (255, 255, 255)
    table = mlflow.load_table("tables/scores.json", run_ids=[run_id], extra_columns=["run_id"])
    assert list(table["x"]) == [1, 2, 3]
    assert set(table["run_id"]) == {run_id}
    tags = client.get_run(run_id).data.tags
    assert json.loads(tags["mlflow.loggedArtifacts"]) == [{"path": "tables/scores.json", "type": "table"}]


def test_trees_of_artifacts(client, tmp_path):
    source = tmp_path / "source"
    for name, content in {
        "a.txt": b"a",
        "deep/er/b.bin": bytes(range(256)) * 40,
        "deep/c d.txt": b"",
        "ü.txt": b"u",
    }.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(source), artifact_path="tree")
        mlflow.log_artifact(str(source / "a.txt"))
        mlflow.log_artifact(str(source / "deep"), "again")
    run_id = run.info.run_id

    assert paths(client, run_id) == sorted(
        [
            "a.txt",
            "again/deep/c d.txt",
            "again/deep/er/b.bin",
            "tree/a.txt",
            "tree/deep/c d.txt",
            "tree/deep/er/b.bin",
            "tree/ü.txt",
        ]
    )
    sizes = {one.path: one.file_size for one in client.list_artifacts(run_id, "tree/deep/er")}
    assert sizes == {"tree/deep/er/b.bin": 256 * 40}
    local = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="tree", dst_path=str(tmp_path / "got"))
    assert (tmp_path / "got" / "tree" / "deep" / "er" / "b.bin").read_bytes() == bytes(range(256)) * 40
    assert sorted(one.name for one in Path(local).iterdir()) == ["a.txt", "deep", "ü.txt"]
    assert [one.path for one in client.list_artifacts(run_id, "nothing")] == []
    with pytest.raises(Exception, match=r"(?i)nothing|not found|does not exist|no such"):
        mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="nothing.txt", dst_path=str(tmp_path / "no"))


def test_datasets(client):
    frame = pd.DataFrame({"amount": [1.0, 2.0], "fraud": [0, 1]})
    of_pandas = mlflow.data.from_pandas(frame, source="https://example.test/train.csv", name="train", targets="fraud")
    of_numpy = mlflow.data.from_numpy(np.ones((2, 2)), name="grid")
    with mlflow.start_run() as run:
        mlflow.log_input(of_pandas, context="training")
        mlflow.log_input(of_numpy, context="validation", tags={"split": "2"})
        mlflow.log_input(of_pandas, context="training")

    found = {one.dataset.name: one for one in client.get_run(run.info.run_id).inputs.dataset_inputs}
    assert set(found) == {"train", "grid"}
    assert json.loads(found["train"].dataset.profile) == {"num_rows": 2, "num_elements": 4}
    assert {tag.key: tag.value for tag in found["grid"].tags} == {"mlflow.data.context": "validation", "split": "2"}
    source = mlflow.data.get_source(found["train"])
    assert source.url == "https://example.test/train.csv"
    assert len(mlflow.search_runs(filter_string="dataset.name = 'grid'")) == 1
    assert len(mlflow.search_runs(filter_string="dataset.context = 'test'")) == 0


def test_the_client_s_breadth(client):
    experiment_id = client.create_experiment("/Shared/breadth", tags={"team": "risk"})
    run = client.create_run(experiment_id, start_time=1_700_000_000_000, run_name="old", tags={"a": "1"})
    run_id = run.info.run_id
    client.log_param(run_id, "alpha", "0.5")
    client.log_metric(run_id, "loss", 0.5, timestamp=1_700_000_000_001, step=3)
    client.log_batch(
        run_id,
        metrics=[Metric("loss", 1 / n, 1_700_000_000_000 + n, n) for n in range(4, 900)],
        params=[Param(f"p{n}", str(n)) for n in range(50)],
        tags=[RunTag(f"t{n}", str(n)) for n in range(50)],
    )
    client.set_tag(run_id, "b", 2)
    client.log_text(run_id, "hello", "a.txt")
    client.log_dict(run_id, {"a": 1}, "a.json")
    client.set_experiment_tag(experiment_id, "owner", "jane")
    history = client.get_metric_history(run_id, "loss")
    client.set_terminated(run_id, status="FAILED", end_time=1_700_000_009_000)

    found = client.get_run(run_id)
    assert (found.info.status, found.info.start_time, found.info.end_time) == (
        "FAILED",
        1_700_000_000_000,
        1_700_000_009_000,
    )
    assert [one.step for one in history] == [3, *range(4, 900)]
    assert found.data.metrics["loss"] == history[-1].value
    assert len(found.data.params) == 51
    assert found.data.tags["b"] == "2"
    assert paths(client, run_id) == ["a.json", "a.txt"]
    assert client.get_experiment(experiment_id).tags["owner"] == "jane"
    assert client.download_artifacts(run_id, "a.txt").endswith("a.txt")
    pages = client.search_experiments(max_results=1, order_by=["name ASC"])
    assert (pages[0].name, bool(pages.token)) == ("/Shared/breadth", True)
    (rest,) = client.search_experiments(max_results=5, order_by=["name ASC"], page_token=pages.token)
    assert rest.name == "/Shared/broad"
    client.delete_run(run_id)
    assert client.search_runs([experiment_id]) == []
    assert [one.info.run_id for one in client.search_runs([experiment_id], run_view_type=ViewType.ALL)] == [run_id]
    with pytest.raises(MlflowException, match="must be in the 'active' state"):
        client.set_tag(run_id, "c", "3")


def test_asynchronous_logging_arrives(client):
    with mlflow.start_run() as run:
        waits = [mlflow.log_metric("m", number, step=number, synchronous=False) for number in range(20)]
        waits.append(mlflow.log_params({"a": 1, "b": 2}, synchronous=False))
        waits.append(mlflow.set_tag("t", "x", synchronous=False))
        for one in waits:
            one.wait()
    found = client.get_run(run.info.run_id)
    assert (found.data.params, found.data.tags["t"]) == ({"a": "1", "b": "2"}, "x")
    assert sorted(one.step for one in client.get_metric_history(run.info.run_id, "m")) == list(range(20))


def test_values_that_are_hard_to_send(client):
    with mlflow.start_run() as run:
        mlflow.log_metrics(
            {"nan": math.nan, "inf": math.inf, "ninf": -math.inf, "tiny": 5e-324, "big": 1.7e308, "neg": -0.0}
        )
        mlflow.log_metric("int", np.int64(3))
        mlflow.log_param("unicode", "grün 🌱")
        mlflow.log_param("long", "x" * 6000)
        mlflow.log_param("none", None)
        mlflow.set_tag("a.b-c/d e:f", "x\ny")
        mlflow.set_tag("empty", "")
    found = client.get_run(run.info.run_id).data
    assert math.isnan(found.metrics["nan"])
    assert (found.metrics["inf"], found.metrics["ninf"]) == (math.inf, -math.inf)
    assert (found.metrics["tiny"], found.metrics["big"], found.metrics["int"]) == (5e-324, 1.7e308, 3.0)
    assert (found.params["unicode"], len(found.params["long"]), found.params["none"]) == ("grün 🌱", 6000, "None")
    assert (found.tags["a.b-c/d e:f"], found.tags["empty"]) == ("x\ny", "")


@of_mlflow_3
def test_logged_models_are_searched(client):
    experiment_id = mlflow.get_experiment_by_name("/Shared/broad").experiment_id
    ids = []
    for number in range(5):
        model = mlflow.create_external_model(
            name=f"agent-{number % 2}", params={"depth": str(number)}, tags={"team": "risk"}, model_type="agent"
        )
        with mlflow.start_run():
            frame = pd.DataFrame({"x": [1.0]})
            dataset = mlflow.data.from_pandas(frame, name="holdout")
            mlflow.log_metric("auc", number / 10, model_id=model.model_id, dataset=dataset)
        ids.append(model.model_id)
    mlflow.set_logged_model_tags(ids[0], {"stage": "old"})

    best = mlflow.search_logged_models(
        experiment_ids=[experiment_id],
        filter_string="metrics.auc >= 0.2 AND params.depth != '3' AND tags.team = 'risk'",
        order_by=[{"field_name": "metrics.auc", "ascending": False, "dataset_name": "holdout"}],
        output_format="list",
    )
    assert [one.model_id for one in best] == [ids[4], ids[2]]
    frame = mlflow.search_logged_models(experiment_ids=[experiment_id], filter_string="name = 'agent-1'")
    assert sorted(frame["model_id"]) == sorted([ids[1], ids[3]])
    page = client.search_logged_models([experiment_id], max_results=2, order_by=[{"field_name": "creation_time"}])
    assert (len(page), bool(page.token)) == (2, True)
    assert client.get_logged_model(ids[0]).tags["stage"] == "old"
    on_holdout = client.search_logged_models(
        [experiment_id], filter_string="metrics.auc > 0.3", datasets=[{"dataset_name": "holdout"}]
    )
    assert [one.model_id for one in on_holdout] == [ids[4]]
