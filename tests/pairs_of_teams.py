"""Pairs for the rules about people, and about the team's own code."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import mlflow
import requests
from scenario_fixtures import EXAMPLE, model
from scenario_pairs import World, pair

from fakebricks.contracts.calling import Client
from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.findings import Verdict
from fakebricks.contracts.making import deploy_model

_numbers = count(1)


# People


@pair("catalog-boundaries/crosses")
def crosses(world):
    deployment = world.deploy(model())
    log = {"catalog_name": "prod", "schema_name": "default", "enabled": True}
    mixed = replace(deployment, config={**deployment.config, "ai_gateway": {"inference_table_config": log}})
    return world.judge("catalog_boundaries", mixed), world.judge("catalog_boundaries", deployment)


@pair("catalog-boundaries/anyone-loads")
def anyone_loads(world):
    return _granted(world, "EXECUTE")


@pair("catalog-boundaries/anyone-replaces", also=("catalog-boundaries/anyone-loads",))
def anyone_replaces(world):
    return _granted(world, "EXECUTE", "CREATE_MODEL_VERSION")


def _granted(world: World, *privileges: str) -> tuple[Verdict, Verdict]:
    """A model that everybody has these privileges on, and one that nobody has any on."""
    deployment = deploy_model(world.workspace, model(), f"open{next(_numbers)}")
    sound, before = world.judge("catalog_boundaries", deployment), world.workspace.snapshot()
    for place, some in (("CATALOG/main", ("USE_CATALOG", "USE_SCHEMA")), (f"FUNCTION/{deployment.model}", privileges)):
        changes = {"changes": [{"principal": "account users", "add": list(some)}]}
        Client(world.workspace).told("PATCH", f"/api/2.1/unity-catalog/permissions/{place}", changes)
    faulty = world.judge("catalog_boundaries", deployment)
    world.workspace.restore(before)
    return faulty, sound


@pair("revoked-access/still-answered")
def still_answered(world):
    deployment = deploy_model(world.workspace, model(), f"partners{next(_numbers)}")
    sound = world.judge("revoked_access", deployment)
    everybody = {"access_control_list": [{"group_name": "users", "permission_level": "CAN_QUERY"}]}
    path = f"/api/2.0/permissions/serving-endpoints/{deployment.config['id']}"
    Client(world.workspace).told("PATCH", path, everybody)
    return world.judge("revoked_access", deployment), sound


# Who calls


def _caller(
    deployment: Deployment, *again_after: type[Exception] | int, timeout: float | None = 30
) -> Callable[[], None]:
    """A caller that tries three times, where the error is one of those, or has that status."""
    workspace = deployment.workspace
    url = f"{workspace.host}/serving-endpoints/{deployment.endpoint}/invocations"
    headers = {"authorization": f"Bearer {workspace.token}"}

    def ask() -> None:
        for left in (2, 1, 0):
            try:
                reply = requests.post(url, json=EXAMPLE, headers=headers, timeout=timeout)
            except requests.Timeout as error:
                if not left or type(error) not in again_after:
                    raise
            else:
                if not left or reply.status_code not in again_after:
                    return reply.raise_for_status()
            time.sleep(1)
        return None

    return ask


def _calls(world: World, faulty: Callable[[], None]) -> tuple[Verdict, Verdict]:
    name = "timeouts_and_retries"
    patient = _caller(world.entered, 429, 503, requests.ReadTimeout)
    return world.judge(name, world.entered, call=faulty), world.judge(name, world.entered, call=patient)


@pair("timeouts-and-retries/gives-up-on-429")
def gives_up_on_429(world):
    return _calls(world, _caller(world.entered, 503))


@pair("timeouts-and-retries/gives-up-on-503")
def gives_up_on_503(world):
    return _calls(world, _caller(world.entered, 429))


@pair("timeouts-and-retries/gives-up-on-cold-start")
def gives_up_on_cold_start(world):
    return _calls(world, _caller(world.entered, 429, 503, timeout=5))


@pair("timeouts-and-retries/waits-too-long")
def waits_too_long(world):
    return _calls(world, _caller(world.entered, 429, 503, timeout=None))


@pair("token-expiry/locked-out")
def locked_out(world):
    workspace, url = world.entered.workspace, f"{world.entered.workspace.host}/serving-endpoints/fraud/invocations"

    def signed_in() -> str:
        made = Client(workspace).told("POST", "/api/2.0/token/create", {"lifetime_seconds": 3600})
        return str(made["token_value"])

    def ask(token: str) -> None:
        requests.post(url, json=EXAMPLE, headers={"authorization": f"Bearer {token}"}, timeout=30).raise_for_status()

    kept = signed_in()
    faulty = world.judge("token_expiry", world.entered, call=lambda: ask(kept))
    return faulty, world.judge("token_expiry", world.entered, call=lambda: ask(signed_in()))


# Who deploys, and who trains


def _deploys(world: World, faulty: Callable[[Callable[[], Any]], Any]) -> tuple[Verdict, Verdict]:
    """Code that gets a function to ask for the update with, and code that asks until it is allowed to."""
    client = Client(world.entered.workspace)
    entity = {"entity_name": world.entered.model, "entity_version": "1", "workload_size": "Small"}
    config = {"served_entities": [{**entity, "name": "again", "scale_to_zero_enabled": False}]}

    def put() -> Any:
        return client.call("PUT", f"/api/2.0/serving-endpoints/{world.entered.endpoint}/config", config)

    def waiting() -> None:
        while not put().ok:
            client.wait(minutes=1)

    name = "update_conflict"
    return world.judge(name, world.entered, deploy=lambda: faulty(put)), world.judge(
        name, world.entered, deploy=waiting
    )


@pair("update-conflict/gives-up")
def gives_up(world):
    def hasty(put: Callable[[], Any]) -> None:
        if not (answer := put()).ok:
            raise RuntimeError(answer.message)

    return _deploys(world, hasty)


@pair("update-conflict/lost")
def lost_update(world):
    return _deploys(world, lambda put: put())


def _trains(world: World, faulty: Callable[[], None], **parameters: Any) -> tuple[Verdict, Verdict]:
    mlflow.set_experiment("/Shared/pollution")
    judge = world.judge
    return judge("run_pollution", world.entered, train=faulty, **parameters), judge(
        "run_pollution", world.entered, train=_careful, **parameters
    )


def _careful() -> None:
    with mlflow.start_run(tags={"team": "risk"}):
        pass


@pair("run-pollution/unfinished")
def unfinished(world):
    def crashing() -> None:
        experiment = mlflow.get_experiment_by_name("/Shared/pollution")
        mlflow.MlflowClient().create_run(experiment.experiment_id)

    return _trains(world, crashing)


@pair("run-pollution/too-many")
def too_many(world):
    def sweeping() -> None:
        for _ in range(3):
            _careful()

    return _trains(world, sweeping)


@pair("run-pollution/untagged")
def untagged(world):
    def nameless() -> None:
        with mlflow.start_run():
            pass

    return _trains(world, nameless, tag="team")
