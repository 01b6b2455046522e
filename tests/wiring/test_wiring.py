"""Services are wired, and their modules loaded, when the first of their room is asked for."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from contextlib import closing
from inspect import getsource
from typing import Any

import pytest

import fakebricks
from fakebricks import Workspace
from fakebricks.routes import router
from fakebricks.wire import Request

LATE_ROOMS = (
    *("inference_tables", "jobs", "model_registry", "monitoring", "search", "secrets", "workspace_model_registry"),
)
LATE = (
    *(f"fakebricks.services.{room}" for room in LATE_ROOMS),
    "fakebricks.services.model_serving.serving_endpoints",
    "fakebricks.services.sql.engine",
    "fakebricks.services.sql.thrift",
    "fakebricks.services.tracking.runs",
    "fakebricks.services.unity_catalog.delta_tables",
    "fakebricks.environments.environment",
    "fakebricks.drift",
    "fakebricks.contracts",
    "sqlglot",
    "yaml",
)

ASKED: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/api/2.0/mlflow/experiments/create", {"name": "/Shared/fraud"}),
    ("POST", "/api/2.0/mlflow/registered-models/create", {"name": "fraud"}),
    ("GET", "/api/2.0/serving-endpoints", {}),
    ("POST", "/api/2.0/secrets/scopes/create", {"scope": "llm"}),
    ("GET", "/api/2.1/unity-catalog/models", {}),
    ("GET", "/api/2.0/sql/statements/unknown", {}),
    ("GET", "/api/2.0/fs/directories/Volumes/main/default/none", {}),
    ("GET", "/api/2.0/preview/scim/v2/Me", {}),
]
STATUSES = [200, 200, 200, 200, 200, 404, 404, 200]


def asked(workspace: Workspace, method: str, path: str, body: dict[str, Any]) -> int:
    headers = {"authorization": f"Bearer {workspace.token}"}
    return workspace.handle(Request.of(method, path, headers, json.dumps(body).encode() if body else b"")).status


def printed(code: str) -> str:
    """What a new process prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_what_the_package_offers_is_there_though_it_loads_late() -> None:
    offered = {name: getattr(fakebricks, name) for name in fakebricks.__all__}
    assert all(one.__name__ == name for name, one in offered.items())
    with pytest.raises(AttributeError, match="has no attribute 'fake_workspaces'"):
        _ = fakebricks.fake_workspaces


def test_a_new_workspace_loads_no_service_that_nobody_has_asked_for() -> None:
    loaded = f"print([one for one in {LATE!r} if one in sys.modules])"
    assert printed(f"import sys, fakebricks; fakebricks.Workspace().close(); {loaded}") == "[]"


def test_who_tracks_runs_loads_neither_sql_nor_serving() -> None:
    code = f"""
import sys
import fakebricks
from fakebricks import Workspace
from fakebricks.wire import Request
workspace = Workspace()
body = b'{{"name": "/Shared/fraud"}}'
headers = {{"authorization": f"Bearer {{workspace.token}}"}}
print(workspace.handle(Request.of("POST", "/api/2.0/mlflow/experiments/create", headers, body)).status)
print([one for one in {LATE!r} if one in sys.modules])
"""
    assert printed(code).split("\n") == ["200", "['fakebricks.services.search', 'fakebricks.services.tracking.runs']"]


@pytest.mark.parametrize("seed", range(3))
def test_every_service_that_an_operation_names_is_there_whichever_is_asked_for_first(seed: int) -> None:
    named = {kind: None for one in router().operations for kind in (one.service, one.decided_by) if kind}
    kinds = list(named)
    random.Random(seed).shuffle(kinds)
    with closing(Workspace()) as workspace:
        services = {kind: workspace._services[kind] for kind in kinds}
        assert all(type(service) is kind for kind, service in services.items())
        assert all(workspace._services[kind] is service for kind, service in services.items())


def test_what_is_asked_for_first_by_many_at_once_is_there_for_all() -> None:
    """In a process of its own, in which the threads load the modules, too."""
    code = f"""
import json, threading
import fakebricks
from fakebricks import Workspace
from fakebricks.wire import Request
{getsource(asked)}
ASKED, STATUSES = {ASKED!r}, {STATUSES!r}
workspace, statuses = Workspace(), {{}}
start = threading.Barrier(len(ASKED))
def ask(index):
    start.wait()
    statuses[index] = asked(workspace, *ASKED[index])
threads = [threading.Thread(target=ask, args=[index]) for index in range(len(ASKED))]
for one in threads:
    one.start()
for one in threads:
    one.join()
print([statuses[index] for index in range(len(ASKED))], list(workspace.unsupported))
"""
    assert printed(f"from typing import Any\n{code}") == f"{STATUSES} []"


def test_a_room_that_is_wired_in_a_transaction_that_fails_is_there_all_the_same() -> None:
    with closing(Workspace()) as workspace:
        with pytest.raises(ZeroDivisionError), workspace._state.transaction():
            assert asked(workspace, *ASKED[0]) == 200
            raise ZeroDivisionError
        assert asked(workspace, *ASKED[0]) == 200


def test_a_snapshot_from_before_a_room_was_wired_is_without_what_is_in_it() -> None:
    with closing(Workspace()) as workspace:
        before = workspace.snapshot()
        assert [asked(workspace, *one) for one in ASKED] == STATUSES
        assert workspace.snapshot() != before
        workspace.restore(before)
        assert workspace.snapshot() == before
        assert [asked(workspace, *one) for one in ASKED] == STATUSES


def test_wiring_writes_nothing_and_draws_no_ids() -> None:
    """Else a transaction that fails, or a snapshot that is restored, would take away what was written."""
    with closing(Workspace()) as wired, closing(Workspace()) as other:
        before = wired.snapshot()
        for operation in router().operations:
            assert wired._services[operation.service] is not None
        assert wired.snapshot() == before
        assert wired._ids.hex32() == other._ids.hex32()
