"""Environments as catalogs: the story of a model from `dev` over `staging` to `prod`, and who may not do what in it."""

from __future__ import annotations

from collections.abc import Iterator

import mlflow
import pandas as pd
import pytest
from conftest import Entered
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import PermissionDenied
from databricks.sdk.service.catalog import PermissionsChange, Privilege
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

from fakebricks import Workspace

DEV, STAGING, PROD = "dev.ml.fraud_score", "staging.ml.fraud_score", "prod.ml.fraud_score"
FRAME = pd.DataFrame({"amount": [1.0, 250.0, 3.0, 999.0], "night": [0.0, 1.0, 0.0, 1.0]})
USE = (Privilege.USE_CATALOG, Privilege.USE_SCHEMA)


def grant(catalog: str, principal: str, *privileges: Privilege) -> None:
    change = PermissionsChange(principal=principal, add=[*USE, *privileges])
    WorkspaceClient().grants.update("CATALOG", catalog, changes=[change])


@pytest.fixture(params=["presigned", "files", "s3"])
def workspace(request: pytest.FixtureRequest, entered: Entered) -> Iterator[Workspace]:
    """The platform team's setting up: three catalogs, and who may do what in each."""
    with entered(storage=request.param, catalogs=("dev", "staging", "prod")) as workspace:
        for catalog in ("dev", "staging", "prod"):
            WorkspaceClient().schemas.create("ml", catalog)
        workspace.user("dana@acme.test", groups=["data-scientists"])
        release = workspace.service_principal("release")
        scoring = workspace.service_principal("scoring")
        grant("dev", "data-scientists", Privilege.CREATE_MODEL)
        grant("dev", release.user_name, Privilege.EXECUTE)
        grant("staging", release.user_name, Privilege.CREATE_MODEL)
        grant("prod", release.user_name, Privilege.CREATE_MODEL)
        grant("prod", scoring.user_name, Privilege.EXECUTE)
        with workspace.acting_as("dana@acme.test"):
            train(DEV, [0, 1, 0, 1])
        with workspace.acting_as("release"):
            MlflowClient().copy_model_version(f"models:/{DEV}/1", STAGING)
            MlflowClient().copy_model_version(f"models:/{STAGING}/1", PROD)
            MlflowClient().set_registered_model_alias(PROD, "champion", "1")
        yield workspace


def train(name: str, labels: list[int]) -> str:
    """Train and register; the version."""
    mlflow.set_experiment("/Shared/fraud")
    model = LogisticRegression().fit(FRAME, labels)
    named = {"name": "model"} if mlflow.__version__ >= "3" else {"artifact_path": "model"}
    signature = infer_signature(FRAME, model.predict(FRAME))
    with mlflow.start_run() as run:
        mlflow.sklearn.log_model(model, **named, signature=signature, pip_requirements=[])
    return str(mlflow.register_model(f"runs:/{run.info.run_id}/model", name).version)


def score() -> list[int]:
    """The consumer's code, which names an alias and no version: promotion does not change it."""
    return list(mlflow.pyfunc.load_model(f"models:/{PROD}@champion").predict(FRAME))


def test_promotion_is_one_alias_swap(workspace: Workspace):
    with workspace.acting_as("scoring", auth="oauth-m2m"):
        assert score() == [0, 1, 0, 1]
    with workspace.acting_as("dana@acme.test"):
        assert train(DEV, [1, 0, 1, 0]) == "2"
    with workspace.acting_as("release"):
        client = MlflowClient()
        client.copy_model_version(f"models:/{DEV}/2", STAGING)
        promoted = client.copy_model_version(f"models:/{STAGING}/2", PROD)
    with workspace.acting_as("scoring", auth="oauth-m2m"):
        assert score() == [0, 1, 0, 1]
    with workspace.acting_as("release"):
        client.set_registered_model_alias(PROD, "champion", promoted.version)
    with workspace.acting_as("scoring", auth="oauth-m2m"):
        assert score() == [1, 0, 1, 0]


def test_a_dev_model_cannot_be_loaded_by_who_scores_in_prod(workspace: Workspace):
    """By its version and by an alias; the Files API asks with HEAD first, whose refusal has no text."""
    MlflowClient().set_registered_model_alias(STAGING, "champion", "1")
    with workspace.acting_as("scoring"):
        for version in (f"{DEV}/1", f"{STAGING}/1", f"{STAGING}@champion"):
            with pytest.raises((MlflowException, PermissionDenied), match="USE CATALOG on Catalog|Forbidden"):
                mlflow.pyfunc.load_model(f"models:/{version}")


def test_a_data_scientist_sees_nothing_of_prod_and_promotes_nothing(workspace: Workspace):
    with workspace.acting_as("dana@acme.test"):
        assert [one.name for one in WorkspaceClient().catalogs.list()] == ["dev"]
        client = MlflowClient()
        for ask in (
            lambda: client.set_registered_model_alias(PROD, "champion", "1"),
            lambda: client.copy_model_version(f"models:/{DEV}/1", PROD),
            lambda: client.delete_registered_model(PROD),
        ):
            with pytest.raises(MlflowException, match="User does not have USE CATALOG on Catalog 'prod'"):
                ask()
    assert MlflowClient().get_model_version_by_alias(PROD, "champion").version == "1"


def test_a_revoked_execute_is_missed_at_the_next_load(workspace: Workspace):
    with workspace.acting_as("scoring"):
        assert score() == [0, 1, 0, 1]
    scoring = workspace.service_principal("scoring").user_name
    change = PermissionsChange(principal=scoring, remove=[Privilege.EXECUTE])
    WorkspaceClient().grants.update("CATALOG", "prod", changes=[change])
    with (
        workspace.acting_as("scoring"),
        pytest.raises(MlflowException, match=f"User does not have EXECUTE on Routine or Model '{PROD}'"),
    ):
        score()


def test_who_scores_cannot_change_what_is_scored(workspace: Workspace):
    with workspace.acting_as("scoring"):
        with pytest.raises(MlflowException, match="User does not have MANAGE on Routine or Model"):
            MlflowClient().set_registered_model_alias(PROD, "champion", "1")
        with pytest.raises(MlflowException, match="User does not have MANAGE on Routine or Model"):
            MlflowClient().create_model_version(PROD, f"models:/{PROD}/1")
        with pytest.raises(PermissionDenied):
            WorkspaceClient().grants.update(
                "FUNCTION", PROD, changes=[PermissionsChange(principal="account users", add=[Privilege.EXECUTE])]
            )
