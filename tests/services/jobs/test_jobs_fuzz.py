"""Whatever is sent as a job: never a fault of the fake's own, and nothing half done."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fakebricks import Workspace
from fakebricks.wire import Request

KEYS = st.sampled_from(["a", "b", "c", "", 1, None, [], {}])
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
TASKS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "task_key": KEYS,
            "depends_on": st.lists(st.fixed_dictionaries({}, optional={"task_key": KEYS}), max_size=3) | ANY,
            "job_cluster_key": KEYS | ANY,
            "environment_key": KEYS | ANY,
        },
    ),
    max_size=4,
)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.text(max_size=5) | ANY,
        "tasks": TASKS | ANY,
        "job_clusters": st.lists(st.fixed_dictionaries({}, optional={"job_cluster_key": KEYS}), max_size=3) | ANY,
        "max_concurrent_runs": st.integers() | ANY,
        "tags": st.dictionaries(st.text(max_size=2), st.text(max_size=2), max_size=3) | ANY,
        "run_as": ANY,
    },
)
REMOVED = st.lists(st.sampled_from(["tasks", "tasks/a", "job_clusters/a", "name", "format", "", "/", "x/y"]) | ANY)


@settings(max_examples=60)
@given(first=SETTINGS, second=SETTINGS, removed=REMOVED, verb=st.sampled_from(["update", "reset"]))
def test_a_job_is_kept_or_refused(workspace: Workspace, first: Any, second: Any, removed: Any, verb: str) -> None:
    def post(path: str, body: Any) -> Any:
        headers = {"authorization": f"Bearer {workspace.token}"}
        before = workspace.snapshot()
        content = json.dumps(body).encode(errors="surrogatepass")
        reply = workspace.handle(Request.of("POST", f"/api/2.2/jobs/{path}", headers, content))
        assert reply.status in {200, 400}, reply.body
        if reply.status == 400:
            assert workspace.snapshot() == before
            return None
        return reply.json()

    made = post("create", first) or post("create", {"name": "n", "tasks": [{"task_key": "a"}]})
    change = {"fields_to_remove": removed} if verb == "update" else {}
    post(verb, {"job_id": made["job_id"], "new_settings": second, **change})
    headers = {"authorization": f"Bearer {workspace.token}"}
    got = workspace.handle(Request.of("GET", f"/api/2.2/jobs/get?job_id={made['job_id']}", headers, b""))
    assert got.status == 200, got.body
