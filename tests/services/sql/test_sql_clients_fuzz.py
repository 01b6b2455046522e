"""Whatever is sent to SQL warehouses and statements: never a fault of the fake's own, and nothing half done."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import given, settings
from hypothesis import strategies as st
from stub_engine import StubEngine, stubbed

from fakebricks import Workspace
from fakebricks.routes import router
from fakebricks.services.sql.statements import Statements
from fakebricks.services.sql.warehouses import Warehouses
from fakebricks.wire import Operation, Request

OPERATIONS: list[Operation] = [
    one
    for one in router().operations
    if one.function.__module__.startswith("fakebricks.services.sql.") and not one.raw and one.path.startswith("/api")
]
STARTER = next(Workspace()._services[Warehouses].all()).id
KNOWN = [
    STARTER,
    "",
    "range 3",
    "every type",
    "fail",
    "USE CATALOG main",
    "USE `x`; DROP TABLE y",
    "' OR 1=1 --",
    "0s",
    "10s",
    "CANCEL",
    "EXTERNAL_LINKS",
    "ARROW_STREAM",
    "CSV",
    "LZ4_FRAME",
    "main",
    "default",
    "2X-Small",
    "PRO",
    "0",
    "-1",
    "9" * 40,
    "true",
    "DECIMAL(99999)",
    "../../x",
    "a\x00b",
    "\ud800",
]
texts = st.sampled_from(KNOWN) | st.text(max_size=8)
values = st.recursive(
    texts | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
PARAMETERS = st.lists(
    st.fixed_dictionaries({"name": texts}, optional={"value": texts | st.none(), "type": texts}), max_size=2
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[Operation, dict[str, Any]]:
    operation = draw(st.sampled_from(OPERATIONS))
    names = list(operation.shape.__struct_fields__) if operation.shape else []
    chosen = draw(st.sets(st.sampled_from(names))) if names else set()
    wanted = sorted(chosen | operation.path_parameters | ({"statement", "warehouse_id"} & set(names)))
    fields = {name: draw(PARAMETERS if name == "parameters" else texts | values) for name in wanted}
    if "warehouse_id" in fields and draw(st.booleans()):
        fields["warehouse_id"] = STARTER
    return operation, fields


@settings(max_examples=300)
@given(call=calls())
def test_a_call_is_answered_or_refused(workspace: Workspace, call: tuple[Operation, dict[str, Any]]) -> None:
    operation, fields = call
    if not isinstance(workspace._services[Statements].engine, StubEngine):
        stubbed(workspace)
    url = operation.path
    for name in operation.path_parameters:
        place = quote(str(fields.pop(name)).encode(errors="replace").decode() or "x", safe="")
        url = url.replace(f"<{name}>", place)
    if operation.method == "GET":
        url = f"{url}?{urlencode({name: str(value).encode(errors='replace') for name, value in fields.items()})}"
    body = b"" if operation.method == "GET" else json.dumps(fields).encode(errors="surrogatepass")
    before = workspace.snapshot()
    reply = workspace.handle(Request.of(operation.method, url, {"authorization": f"Bearer {workspace.token}"}, body))
    assert reply.status < 500 or reply.json()["error_code"] == "NOT_IMPLEMENTED", reply.body
    if reply.status >= 400:
        assert isinstance(reply.json()["error_code"], str)
        assert workspace.snapshot() == before
