"""Whatever is sent to files, workspace objects, Unity Catalog and the registry: never a fault, nothing half done."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakebricks import Workspace
from fakebricks.routes import router
from fakebricks.services.files.files import Files
from fakebricks.services.model_registry.model_registry import ModelRegistry
from fakebricks.services.unity_catalog.volumes import Volumes
from fakebricks.services.workspace.contents import Contents
from fakebricks.services.workspace.formats import Imported
from fakebricks.wire import Operation, Request

ROOMS = (
    "fakebricks.services.dbfs",
    "fakebricks.services.files",
    "fakebricks.services.unity_catalog",
    "fakebricks.services.model_registry",
    "fakebricks.services.tracking.artifacts_api",
    "fakebricks.services.workspace.",
)
OPERATIONS: list[Operation] = [one for one in router().operations if one.function.__module__.startswith(ROOMS)]
MODEL = "main.default.m"
KNOWN = [
    "",
    "main",
    "main.default",
    MODEL,
    "1",
    "champion",
    "Models/main/default/m/1/MLmodel",
    "/Models/main/default/m/1/x",
    "/Volumes/main/default/v/x",
    "Volumes/main/default/v",
    "main.default.v",
    "/x",
    "/Shared/nb",
    "AUTO",
    "SOURCE",
    "PYTHON",
    "cHJpbnQoMSk=",
    "../../etc/passwd",
    "a\x00b",
    "name = 'main.default.m'",
    "MODEL_VERSION_OPERATION_READ",
    "READ_MODEL_VERSION",
    "FUNCTION",
    "true",
    "9" * 40,
    "\ud800",
]

texts = st.sampled_from(KNOWN) | st.text(max_size=12)
values = st.recursive(
    texts | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)


def workspace_with_a_model() -> Workspace:
    workspace = Workspace()
    registry = workspace._services[ModelRegistry]
    registry.create_model(MODEL, "jane@acme.test")
    registry.create_version(MODEL, "jane@acme.test", source="x")
    workspace._services[Volumes].create("main", "default", "v", "jane@acme.test")
    workspace._services[Files].put("/_Dbfs/x", b"x")
    workspace._services[Contents].store(Imported("/Shared/nb", "NOTEBOOK", b"1", "PYTHON"), 0, overwrite=False)
    registry.aliases.set("champion", registry.get_version(MODEL, "1"))
    workspace._services[Files].put("/Models/main/default/m/1/MLmodel", b"signature:\n  outputs: x\n")
    return workspace


@st.composite
def requests(draw: st.DrawFn, operation: Operation, token: str) -> Request:
    path = operation.path
    for name in operation.path_parameters:
        place = draw(texts).encode(errors="replace").decode() or "x"
        path = path.replace(f"<path:{name}>", quote(place)).replace(f"<{name}>", quote(place, safe=""))
    fields = list(operation.shape.__struct_fields__ if operation.shape else ())
    chosen = draw(st.lists(st.sampled_from([*fields, "surplus"]), unique=True)) if fields else []
    asked = {name: draw(values) for name in chosen if name not in operation.path_parameters}
    if draw(st.booleans()):
        query = urlencode({name: str(value).encode(errors="replace") for name, value in asked.items()})
        return Request.of(operation.method, f"{path}?{query}", {"authorization": f"Bearer {token}"})
    body = draw(st.just(json.dumps(asked).encode()) | st.binary(max_size=20))
    return Request.of(operation.method, path, {"authorization": f"Bearer {token}"}, body)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.name} {one.path}")
@settings(max_examples=25, derandomize=True)
@given(data=st.data())
def test_bad_input_is_an_error_of_the_platforms_shape_and_changes_nothing(operation: Operation, data: st.DataObject):
    workspace = workspace_with_a_model()
    before: Any = workspace.snapshot()
    reply = workspace.handle(data.draw(requests(operation, workspace.token)))
    assert reply.status < 500 or reply.status == 501, reply.body
    if reply.status >= 400:
        assert {"error_code", "message"} <= reply.json().keys()
        assert workspace.snapshot() == before
    workspace.close()
