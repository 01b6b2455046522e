"""What a plain MLflow server says of itself, and a workspace does not.

Real: a client whose tracking URI is a workspace's own URL (`http://`, `https://`) takes it for an MLflow server, and
asks it for its version and features. A workspace has no such routes and says so in its way (observed, of other routes);
the client then does without, and sends traces as to a workspace.
"""

from __future__ import annotations

from fakebricks.ids import WorkspaceIdentity
from fakebricks.services.tracking.rate_limits import MLFLOW
from fakebricks.wire.errors import EndpointNotFound
from fakebricks.wire.operations import Call, Routes

routes = Routes(rate_limit=MLFLOW)


@routes.get("/version", "/api/3.0/mlflow/server-info", "/api/3.0/mlflow/server-features")
def describe_mlflow_server(identity: WorkspaceIdentity, call: Call) -> None:
    path = call.request.path.removeprefix("/api/3.0")
    raise EndpointNotFound(f"No API found for 'GET {path}'")
