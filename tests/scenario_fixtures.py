"""Pairs for scenarios: deployments that have a fault, and their siblings that have not."""

from __future__ import annotations

import atexit
import json
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from clocks import standing_at
from serving_fixtures import DOUBLE, saved

from fakebricks import Workspace, fake_workspace
from fakebricks.contracts.catalogue import catalogue
from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.findings import Outcome, Verdict
from fakebricks.contracts.making import deploy_model
from fakebricks.contracts.running import run

EXAMPLE = {"dataframe_records": [{"amount": 21.0}]}

Judge = Callable[..., Verdict]


@cache
def model(
    body: str = DOUBLE, top: str = "", example: str | None = json.dumps(EXAMPLE), edit: tuple[str, str] = ("", "")
) -> Path:
    """A model whose `predict` has that body, with an input example; `edit` replaces a text in its MLmodel."""
    root = Path(mkdtemp(prefix="fakebricks-test-")) / "model"
    atexit.register(shutil.rmtree, root.parent, ignore_errors=True)
    shutil.copytree(saved(body, top), root)
    told = (root / "MLmodel").read_text()
    if example is not None:
        (root / "serving_input_example.json").write_text(example)
        told += "saved_input_example_info:\n  artifact_path: input_example.json\n  type: json_object\n"
        told += "  serving_input_path: serving_input_example.json\n"
    assert edit[0] in told
    (root / "MLmodel").write_text(told.replace(*edit) if edit[0] else told)
    return root


@pytest.fixture(scope="module")
def contract_workspace() -> Iterator[Workspace]:
    """One for the module: scenarios leave nothing behind. Its models take two seconds, so that requests meet."""
    timings = {"deployment": 300, "cold_start": 15, "model": 2}
    workspace = Workspace(clock=standing_at(), serving=timings, catalogs=("main", "prod"))
    yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def entered_workspace() -> Iterator[Workspace]:
    """One for the module that clients find, for the team's own code."""
    with fake_workspace() as workspace:
        yield workspace


@pytest.fixture(scope="module")
def deploy_once(contract_workspace) -> Callable[..., Deployment]:
    """Deploy a model, each in each way once."""
    numbers = count(1)

    @cache
    def deploy_once(directory: Path, **entity: Any) -> Deployment:
        return deploy_model(contract_workspace, directory, f"model{next(numbers)}", **entity)

    return deploy_once


@pytest.fixture
def judge(deploy_once) -> Judge:
    """The verdict of a scenario on a deployment, or on a model that is deployed for it."""

    def judge(name: str, subject: Deployment | Path | None = None, **parameters: Any) -> Verdict:
        deployment = subject if isinstance(subject, Deployment) else deploy_once(subject or model())
        *_, verdict = run([catalogue()[name]], lambda: deployment, {name: parameters})
        assert {one.rule for one in verdict.findings} <= set(catalogue()[name].rules)
        return verdict

    return judge


def rules(verdict: Verdict) -> list[str]:
    """The rules that are broken; a failed verdict has evidence and says what to do."""
    broken = [one for one in verdict.findings if one.severity == "error"]
    assert bool(broken) == (verdict.outcome is Outcome.FAILED)
    assert all(one.fix and one.source for one in broken)
    return [one.rule for one in broken]
