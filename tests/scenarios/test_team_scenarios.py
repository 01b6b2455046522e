"""Scenarios about people and about the team's own code, each on a faulty one and on a sound one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import mlflow
import pytest
import requests
from scenario_fixtures import EXAMPLE, model, rules

from fakebricks import Workspace, fake_workspace
from fakebricks.contracts.calling import Client
from fakebricks.contracts.findings import Outcome
from fakebricks.contracts.making import deploy_model
from fakebricks.contracts.running import ContractBrokenError

GRANTS = "/api/2.1/unity-catalog/permissions"


# People


def test_catalog_boundaries(judge, contract_workspace):
    deployment = deploy_model(contract_workspace, model(), "open")
    assert judge("catalog_boundaries", deployment).outcome is Outcome.PASSED

    client = Client(contract_workspace)
    before = contract_workspace.snapshot()
    for kind, name, privileges in [
        ("CATALOG", "main", ["USE_CATALOG", "USE_SCHEMA"]),
        ("FUNCTION", deployment.model, ["EXECUTE"]),
    ]:
        change = {"principal": "account users", "add": privileges}
        client.told("PATCH", f"{GRANTS}/{kind}/{name}", {"changes": [change]})
    assert rules(judge("catalog_boundaries", deployment)) == ["catalog-boundaries/anyone-loads"]
    change = {"principal": "account users", "add": ["CREATE_MODEL_VERSION"]}
    client.told("PATCH", f"{GRANTS}/FUNCTION/{deployment.model}", {"changes": [change]})
    assert "catalog-boundaries/anyone-replaces" in rules(judge("catalog_boundaries", deployment))
    contract_workspace.restore(before)

    log = {"catalog_name": "prod", "schema_name": "default", "enabled": True}
    mixed = replace(deployment, config={**deployment.config, "ai_gateway": {"inference_table_config": log}})
    assert rules(judge("catalog_boundaries", mixed)) == ["catalog-boundaries/crosses"]


def test_revoked_access(judge, contract_workspace):
    deployment = deploy_model(contract_workspace, model(), "partners")
    assert judge("revoked_access", deployment).outcome is Outcome.PASSED
    path = f"/api/2.0/permissions/serving-endpoints/{deployment.config['id']}"
    everybody = {"group_name": "users", "permission_level": "CAN_QUERY"}
    Client(contract_workspace).told("PATCH", path, {"access_control_list": [everybody]})
    assert rules(judge("revoked_access", deployment)) == ["revoked-access/still-answered"]


# The team's own code


@pytest.fixture(scope="module")
def entered_workspace() -> Iterator[Workspace]:
    with fake_workspace() as workspace:
        deploy_model(workspace, model(), "fraud")
        yield workspace


@pytest.fixture
def broken(entered_workspace):
    """The rules that a scenario finds broken."""

    def broken(name, **parameters):
        try:
            verdict = entered_workspace.check(name, endpoint="fraud", **parameters)
        except ContractBrokenError as error:
            return rules(error.verdict)
        assert verdict.outcome is Outcome.PASSED, verdict.summary
        return []

    return broken


def ask(workspace, token, timeout=None):
    url = f"{workspace.host}/serving-endpoints/fraud/invocations"
    reply = requests.post(url, json=EXAMPLE, headers={"authorization": f"Bearer {token}"}, timeout=timeout)
    reply.raise_for_status()


def test_timeouts_and_retries(entered_workspace, broken):
    import time

    def impatient():
        ask(entered_workspace, entered_workspace.token, timeout=5)

    def endless():
        for _ in range(3):
            try:
                return ask(entered_workspace, entered_workspace.token)
            except requests.HTTPError:
                time.sleep(1)
        return None

    def patient():
        for _ in range(3):
            try:
                return ask(entered_workspace, entered_workspace.token, timeout=30)
            except (requests.HTTPError, requests.Timeout):
                time.sleep(1)
        message = "no answer"
        raise TimeoutError(message)

    found = broken("timeouts_and_retries", call=impatient)
    assert [one.rpartition("-on-")[2] for one in found] == ["429", "503", "cold-start"]
    assert broken("timeouts_and_retries", call=endless) == ["timeouts-and-retries/waits-too-long"]
    assert broken("timeouts_and_retries", call=patient) == []
    assert not len(entered_workspace.faults)


def test_update_conflict(entered_workspace, broken):
    client = Client(entered_workspace)
    path = "/api/2.0/serving-endpoints/fraud"

    def hasty():
        client.told("PUT", f"{path}/config", config())

    def silent():
        client.call("PUT", f"{path}/config", config())

    def waiting():
        while not client.call("PUT", f"{path}/config", config()).ok:
            client.wait(minutes=1)

    def config():
        entity = {"entity_name": "main.default.fraud", "entity_version": "1", "workload_size": "Small"}
        return {"served_entities": [{**entity, "name": "again", "scale_to_zero_enabled": False}]}

    assert broken("update_conflict", deploy=hasty) == ["update-conflict/gives-up"]
    assert broken("update_conflict", deploy=silent) == ["update-conflict/lost"]
    assert broken("update_conflict", deploy=waiting) == []


def test_token_expiry(entered_workspace, broken):
    def signed_in():
        made = Client(entered_workspace).told("POST", "/api/2.0/token/create", {"lifetime_seconds": 3600})
        return made["token_value"]

    kept = signed_in()
    assert broken("token_expiry", call=lambda: ask(entered_workspace, kept)) == ["token-expiry/locked-out"]
    assert broken("token_expiry", call=lambda: ask(entered_workspace, signed_in())) == []


def test_run_pollution(broken):
    mlflow.set_experiment("/Shared/pollution")

    def careful():
        with mlflow.start_run(tags={"team": "risk"}):
            pass

    def careless():
        for _ in range(2):
            mlflow.MlflowClient().create_run(mlflow.get_experiment_by_name("/Shared/pollution").experiment_id)

    assert broken("run_pollution", train=careful, tag="team") == []
    assert broken("run_pollution", train=careless, tag="team") == [
        "run-pollution/unfinished",
        "run-pollution/too-many",
        "run-pollution/untagged",
    ]


def test_the_team_s_code_can_be_named(broken):
    assert broken("token_expiry", call="time:time") == []


@pytest.mark.parametrize("name", ["timeouts_and_retries", "update_conflict", "token_expiry", "run_pollution"])
def test_without_the_team_s_code_there_is_nothing_to_test(judge, name):
    assert judge(name).outcome is Outcome.NOT_APPLICABLE
