"""The workspace's option `storage`."""

from __future__ import annotations

import pytest
from conftest import Rest

from fakebricks import Workspace

PROBE = "/api/2.0/mlflow/unity-catalog/registered-models:is-databricks-sdk-models-artifact-repository-enabled"


@pytest.mark.parametrize(("storage", "enabled"), [("presigned", False), ("files", True)])
def test_the_probe_tells_clients_which_route_to_take(storage: str, enabled: bool):
    rest = Rest(Workspace(storage=storage))
    assert rest.get(PROBE) == {"is_databricks_sdk_models_artifact_repository_enabled": enabled}


def test_what_is_not_computed_or_unknown_is_refused_at_once():
    with pytest.raises(NotImplementedError, match="'s3'"):
        Workspace(storage="s3")
    with pytest.raises(ValueError, match="'floppy'"):
        Workspace(storage="floppy")
