"""What a test can assert on: which runs a piece of code made, where, and in which state it left them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from conftest import RefusedError

CREATE = "/api/2.0/mlflow/runs/create"
MLFLOW = "/api/2.0/mlflow"


@pytest.fixture
def make(rest):
    experiments: dict[str, str] = {}

    def make(experiment="/Shared/a", start=1, name="", **tags):
        if experiment not in experiments:
            experiments[experiment] = rest.post(f"{MLFLOW}/experiments/create", name=experiment)["experiment_id"]
        given = [{"key": key.replace("__", "."), "value": value} for key, value in tags.items()]
        run = rest.post(CREATE, experiment_id=experiments[experiment], start_time=start, run_name=name, tags=given)
        return SimpleNamespace(id=run["run"]["info"]["run_id"], experiment_id=experiments[experiment])

    return make


def names(made) -> list[str]:
    return [run.run_name for run in made]


def test_only_what_is_made_meanwhile_is_counted_and_what_becomes_of_it_is_seen(rest, workspace, make):
    make(name="before")
    with workspace.watch_runs() as made:
        assert len(made) == 0
        first = make(name="first", start=1)
        assert names(made) == ["first"]
        make(name="second", start=2, experiment="/Shared/b")
        make(name="third", start=3)
    make(name="after")

    assert names(made) == ["first", "second", "third"]
    assert made.experiments == {"/Shared/a": 2, "/Shared/b": 1}
    assert (made[0].run_id, made[0].user_id, made[-1].run_name) == (first.id, workspace.user_name, "third")
    assert len(workspace.runs) == 5
    rest.post(f"{MLFLOW}/runs/update", run_id=first.id, status="FINISHED", end_time=5)
    assert names(made.unfinished) == ["second", "third"]
    assert (made[0].status, made[0].end_time) == ("FINISHED", 5)


def test_two_watches_do_not_mind_each_other(workspace, make):
    with workspace.watch_runs() as outer:
        make(name="a")
        with workspace.watch_runs() as inner:
            make(name="b", start=2)
    assert (names(outer), names(inner)) == (["a", "b"], ["b"])


def test_an_error_inside_is_the_caller_s_and_what_was_made_before_it_is_known(workspace, make):
    with pytest.raises(ZeroDivisionError), workspace.watch_runs() as made:
        make(name="a")
        raise ZeroDivisionError
    make(name="b")
    assert names(made) == ["a"]


def test_runs_that_a_restored_snapshot_does_not_have_are_gone(workspace, make):
    snapshot = workspace.snapshot()
    with workspace.watch_runs() as made:
        make()
        workspace.restore(snapshot)
        assert len(made) == 0
    assert len(made) == 0


def test_deleted_runs_and_those_of_deleted_experiments(rest, workspace, make):
    gone, kept, with_experiment = make(name="gone"), make(name="kept", start=2), make("/Shared/b", name="with", start=3)
    rest.post(f"{MLFLOW}/runs/delete", run_id=gone.id)
    rest.post(f"{MLFLOW}/experiments/delete", experiment_id=with_experiment.experiment_id)
    assert (names(workspace.runs.deleted), names(workspace.runs.active)) == (["gone", "with"], ["kept"])
    rest.post(f"{MLFLOW}/runs/restore", run_id=gone.id)
    assert names(workspace.runs.active) == ["gone", "kept"]
    assert kept.id in repr(workspace.runs.active)


def test_tags(workspace, make):
    make(name="none", start=1, mlflow__source__name="x")
    make(name="team", start=2, team="a")
    make(name="both", start=3, team="a", ticket="1")
    assert names(workspace.runs.untagged()) == ["none"]
    assert names(workspace.runs.untagged("ticket")) == ["none", "team"]
    assert names(workspace.runs.untagged("team", "ticket")) == ["none", "team"]
    assert names(workspace.runs.unfinished.untagged("team")) == ["none"]
    assert workspace.runs[2].own_tags == {"team": "a", "ticket": "1"}


def test_nested_runs(workspace, make):
    parent = make(name="parent")
    make(name="child", start=2, mlflow__parentRunId=parent.id)
    assert [(run.run_name, run.parent_run_id) for run in workspace.runs.nested] == [("child", parent.id)]


def test_what_is_seen_explains_itself(workspace, make):
    assert repr(workspace.runs) == "<0 runs>"
    run = make(name="debug", team="a")
    assert repr(workspace.runs) == f"<1 run:\n  debug ({run.id}) in /Shared/a: RUNNING, team=a>"


def test_looking_at_runs_is_no_call(workspace, make):
    make()
    before = len(workspace.calls)
    assert len(workspace.runs) == 1
    assert len(workspace.calls) == before


def test_the_admin_plane_tells_the_same(rest, make):
    make(name="before")
    watch = rest.post("/_fakebricks/runs/watch")["id"]
    make(name="a", team="x")
    run = make(name="b", start=2, experiment="/Shared/b")
    rest.post("/_fakebricks/runs/watch/stop", id=watch)
    make(name="after")

    told = rest.get("/_fakebricks/runs", watch=watch)
    assert [one["run_name"] for one in told["runs"]] == ["a", "b"]
    assert told["experiments"] == {"/Shared/a": 1, "/Shared/b": 1}
    assert {"run_id": run.id, "status": "RUNNING", "lifecycle_stage": "active"}.items() <= told["runs"][1].items()
    assert len(rest.get("/_fakebricks/runs")["runs"]) == 4

    rest.post(f"{MLFLOW}/runs/delete", run_id=run.id)
    for condition, expected in (
        ({"untagged": "team"}, ["b"]),
        ({"untagged": ""}, ["b"]),
        ({"active": "true"}, ["a"]),
        ({"deleted": "true"}, ["b"]),
        ({"unfinished": "true", "active": "true"}, ["a"]),
        ({"nested": "true"}, []),
    ):
        told = rest.get("/_fakebricks/runs", watch=watch, **condition)
        assert [one["run_name"] for one in told["runs"]] == expected, condition


def test_an_unknown_watch_is_refused(rest):
    with pytest.raises(RefusedError, match="no watch of runs 'none'"):
        rest.get("/_fakebricks/runs", watch="none")
    with pytest.raises(RefusedError, match="no watch of runs 'none'"):
        rest.post("/_fakebricks/runs/watch/stop", id="none")
